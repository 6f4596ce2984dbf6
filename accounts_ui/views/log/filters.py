"""What an address of the change log asks for: its filters, in words, as chips, and the presets beside them."""

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from accounts_ui.changes.models import Action, Change, Outcome
from accounts_ui.changes.queries import LogFilters
from accounts_ui.plans.models import Plan
from accounts_ui.services.bulk import plan_lookup
from accounts_ui.services.bulk.plan_lookup import Planned
from accounts_ui.text.labels import action_word, outcome_word
from accounts_ui.views import params
from accounts_ui.views.log.chart import day_name
from console.request import OrganizationRequest

Key = TypeVar("Key")

FIELDS: Final = ("q", "actor", "action", "outcome", "subject_id", "code", "since", "until", "plan", "page")
_LABELS: Final = {
    "q": gettext_lazy("Search"),
    "actor": gettext_lazy("By"),
    "action": gettext_lazy("Action"),
    "outcome": gettext_lazy("Outcome"),
    "subject_id": gettext_lazy("Subject id"),
    "code": gettext_lazy("Code"),
    "since": gettext_lazy("Since"),
    "until": gettext_lazy("Until"),
    "plan": gettext_lazy("Plan"),
}


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter that is active: its parameter, and what it says."""

    name: str
    label: str | Promise
    value: str


@dataclass(frozen=True, slots=True)
class Preset:
    """A range of days that ends today."""

    label: str
    since: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Changes under one heading, or that of their ``plan``; ``total``, how many of it are on all pages, where known."""

    heading: str
    total: int | None
    rows: list[Change]
    plan: Plan | None = None


def read_filters(request: OrganizationRequest) -> tuple[dict[str, str], LogFilters]:
    """The fields as they were given, and what they mean."""
    given = params.read_query(request, FIELDS)
    plan_id = params.identifier(given["plan"].strip(), "plan")
    filters = LogFilters(
        q=given["q"].strip(),
        actor=given["actor"].strip(),
        action=params.choice(given["action"], "action", Action.values),
        outcome=params.choice(given["outcome"], "outcome", Outcome.values),
        subject_id=given["subject_id"].strip(),
        code=given["code"].strip(),
        since=params.moment(given["since"], "since"),
        until=params.moment(given["until"], "until", end_of_day=True),
        plan=str(plan_id or ""),
        among=plan_lookup.changes_of_plan(request.organization.id, plan_id) if plan_id else None,
        page=params.number(given["page"], "page", default=1, most=1_000_000),
    )
    return given, filters


def chips(given: dict[str, str]) -> list[Chip]:
    """Each active filter."""
    return [
        Chip(name, label, _in_words(name, given[name].strip()))
        for name, label in _LABELS.items()
        if given[name].strip()
    ]


def presets(given: dict[str, str]) -> list[Preset]:
    """Ranges of the reader's days."""
    today = timezone.localdate()
    starts = (
        (gettext("Today"), today),
        (gettext("7 days"), today - datetime.timedelta(days=6)),
        (gettext("30 days"), today - datetime.timedelta(days=29)),
        (gettext("This month"), today.replace(day=1)),
        (gettext("This year"), today.replace(month=1, day=1)),
    )
    open_end = given["until"] in ("", today.isoformat())
    return [
        Preset(label, since.isoformat(), open_end and given["since"] == since.isoformat()) for label, since in starts
    ]


def heading(filters: LogFilters, rows: list[Change]) -> str:
    """What the page is about: the log, one person, one account, or what one admin did."""
    about = next((row for row in rows if row.subject_id == filters.subject_id), None)
    by = next((row for row in rows if row.actor_subject == filters.actor), None)
    whom = (about.subject_name if about else "") or filters.subject_id
    what = (about.type_name if about and filters.code else "") or filters.code
    who = (by.actor_name or by.actor_email if by else "") or filters.actor
    if filters.actor and not filters.subject_id:
        return gettext("Changes by {who}").format(who=who)
    if filters.subject_id and filters.code:
        return gettext("Changes of {whom}’s {what} account").format(whom=whom, what=what)
    if filters.subject_id:
        return gettext("Changes of {whom}").format(whom=whom)
    if filters.plan:
        return gettext("Changes of a plan")
    return gettext("Change log")


NONE: Final = "none"
_GROUPINGS: Final = {
    "day": gettext_lazy("By day"),
    "plan": gettext_lazy("By plan"),
    NONE: gettext_lazy("One list"),
}


def groupings() -> list[tuple[str, Any]]:
    """The choices, by day first."""
    return list(_GROUPINGS.items())


def read_grouping(request: OrganizationRequest) -> str:
    """The choice of the address."""
    return params.choice(params.read_query(request, ["group"])["group"], "group", _GROUPINGS, default="day")


def by_day(rows: list[Change], totals: Mapping[datetime.date, int]) -> list[Group]:
    """The rows under the reader's days, in their order."""
    days = _gathered(rows, lambda row: timezone.localdate(row.requested_at))
    return [Group(day_name(day), totals.get(day), found) for day, found in days.items()]


def by_plan(rows: list[Change], planned: Planned) -> list[Group]:
    """The rows under their plans, in the order of each one's newest."""
    plans = _gathered(rows, lambda row: planned.plans.get(row.change_id))
    alone = gettext("Not from a plan")
    return [Group("" if plan else alone, planned.totals.get(plan), found, plan) for plan, found in plans.items()]


def _gathered(rows: list[Change], key_of: Callable[[Change], Key]) -> dict[Key, list[Change]]:
    gathered: dict[Key, list[Change]] = {}
    for row in rows:
        gathered.setdefault(key_of(row), []).append(row)
    return gathered


def _in_words(name: str, value: str) -> str:
    if name == "outcome":
        return outcome_word(value)
    if name == "action":
        return action_word(value)
    if name == "plan":
        return value[:8]
    try:
        return (
            day_name(datetime.date.fromisoformat(value)) if name in ("since", "until") and len(value) == 10 else value
        )
    except ValueError:
        return value
