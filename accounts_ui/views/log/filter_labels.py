"""The filters of the change log in words: chips for the active ones, date presets, and the heading of the page."""

import datetime
from dataclasses import dataclass
from typing import Final

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from accounts_ui.changes.models import Change
from accounts_ui.changes.queries import LogFilters
from accounts_ui.text.labels import action_word, outcome_word
from accounts_ui.views.log.chart import day_name
from accounts_ui.views.log.log_query import LogQuery

LABELS: Final = {
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
class FilterChip:
    """One active filter: its parameter, its label and its value in words."""

    name: str
    label: str | Promise
    value: str


@dataclass(frozen=True, slots=True)
class DatePreset:
    """A range of days that ends today."""

    label: str
    since: str
    is_chosen: bool


def filter_chips(query: LogQuery) -> list[FilterChip]:
    """Return a chip for each active filter."""
    values = {name: query.value(name).strip() for name in LABELS}
    return [FilterChip(name, LABELS[name], _in_words(name, value)) for name, value in values.items() if value]


def date_presets(query: LogQuery) -> list[DatePreset]:
    """Return ranges of days, by the reader's calendar."""
    today = timezone.localdate()
    starts = (
        (gettext("Today"), today),
        (gettext("7 days"), today - datetime.timedelta(days=6)),
        (gettext("30 days"), today - datetime.timedelta(days=29)),
        (gettext("This month"), today.replace(day=1)),
        (gettext("This year"), today.replace(month=1, day=1)),
    )
    ends_today = query.value("until") in ("", today.isoformat())
    return [
        DatePreset(label, since.isoformat(), ends_today and query.value("since") == since.isoformat())
        for label, since in starts
    ]


def heading(filters: LogFilters, rows: list[Change]) -> str:
    """Return what the page is about: the whole log, one person, one account, one admin or one plan."""
    of_subject = next((row for row in rows if row.subject_id == filters.subject_id), None)
    by_actor = next((row for row in rows if row.actor_subject == filters.actor), None)
    whom = (of_subject.subject_name if of_subject else "") or filters.subject_id
    what = (of_subject.type_name if of_subject and filters.code else "") or filters.code
    who = (by_actor.actor_name or by_actor.actor_email if by_actor else "") or filters.actor
    if filters.actor and not filters.subject_id:
        return gettext("Changes by {who}").format(who=who)
    if filters.subject_id and filters.code:
        return gettext("Changes of {whom}’s {what} account").format(whom=whom, what=what)
    if filters.subject_id:
        return gettext("Changes of {whom}").format(whom=whom)
    if filters.plan:
        return gettext("Changes of a plan")
    return gettext("Change log")


def _in_words(name: str, value: str) -> str:
    if name == "outcome":
        return outcome_word(value)
    if name == "action":
        return action_word(value)
    if name == "plan":
        return value[:8]
    try:
        is_day = name in ("since", "until") and len(value) == 10
        return day_name(datetime.date.fromisoformat(value)) if is_day else value
    except ValueError:
        return value
