"""The changes of a page of the log, grouped by day or by plan."""

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from django.utils import timezone
from django.utils.translation import gettext

from accounts_ui.changes.models import Change
from accounts_ui.plans.models import Plan
from accounts_ui.services.bulk.plans_of_changes import PlansOfPage
from accounts_ui.services.listing.change_log import ChangeLog
from accounts_ui.views.log.chart import day_name

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class ChangeGroup:
    """Changes under one heading, or under that of their plan.

    Attributes:
        total: how many changes of the group are on all pages; ``None`` if that was not counted.

    """

    heading: str
    total: int | None
    rows: list[Change]
    plan: Plan | None = None


def group_changes(log: ChangeLog, grouping: str) -> list[ChangeGroup]:
    """Return the changes of the page in groups; ``grouping`` is one of ``GROUPINGS``."""
    rows = log.page.rows
    if grouping == "day":
        return _by_day(rows, log.activity.days)
    if grouping == "plan" and log.plans:
        return _by_plan(rows, log.plans)
    return [ChangeGroup("", None, rows)] if rows else []


def _by_day(rows: list[Change], totals: Mapping[datetime.date, int]) -> list[ChangeGroup]:
    """Group the rows by the reader's days, in their order."""
    days = _grouped(rows, lambda row: timezone.localdate(row.requested_at))
    return [ChangeGroup(day_name(day), totals.get(day), members) for day, members in days.items()]


def _by_plan(rows: list[Change], planned: PlansOfPage) -> list[ChangeGroup]:
    """Group the rows by their plans, in the order of each plan's newest change."""
    plans = _grouped(rows, lambda row: planned.plans.get(row.change_id))
    without_plan = gettext("Not from a plan")
    return [
        ChangeGroup("" if plan else without_plan, planned.totals.get(plan), members, plan)
        for plan, members in plans.items()
    ]


def _grouped(rows: list[Change], key_of: Callable[[Change], Key]) -> dict[Key, list[Change]]:
    groups: dict[Key, list[Change]] = {}
    for row in rows:
        groups.setdefault(key_of(row), []).append(row)
    return groups
