"""How much happened when: the changes that match, counted by day and outcome in one query. Nothing here writes."""

import datetime
from collections import Counter
from dataclasses import dataclass
from typing import Final

from django.db.models import Case, Count, Max, Min, Q, Value, When
from django.db.models.functions import TruncDate
from django.utils import timezone

from accounts_ui.changes.models import Outcome, patience
from accounts_ui.changes.reading import LogFilters, matching

OUTCOMES: Final = (Outcome.APPLIED, Outcome.NOT_APPLIED, Outcome.UNKNOWN, Outcome.PENDING)
_UNITS: Final = ((45, "day"), (7 * 60, "week"), (31 * 60, "month"))
"""Up to how many days in all a span is what; beyond, a year."""


@dataclass(frozen=True, slots=True)
class Span:
    """A day, a week from its Monday, a month or a year, with the changes asked for in it by outcome."""

    start: datetime.date
    end: datetime.date
    counts: Counter[str]

    @property
    def total(self) -> int:
        """All of them."""
        return self.counts.total()


@dataclass(frozen=True, slots=True)
class Activity:
    """All that match: how many, from when to when, by outcome, by day, and in spans of one length without gaps."""

    total: int
    first: datetime.datetime | None
    last: datetime.datetime | None
    outcomes: Counter[str]
    days: dict[datetime.date, int]
    unit: str
    spans: list[Span]


def activity(organization_id: str, filters: LogFilters) -> Activity:
    """Count what matches, by the days of the reader's time zone."""
    stale = Q(outcome=Outcome.PENDING, requested_at__lte=timezone.now() - patience())
    shown = Case(When(stale, then=Value(Outcome.UNKNOWN.value)), default="outcome")
    day = TruncDate("requested_at", tzinfo=timezone.get_current_timezone())
    counted = matching(organization_id, filters).order_by().values(day=day, shown=shown)
    rows = list(counted.annotate(number=Count("pk"), first=Min("requested_at"), last=Max("requested_at")))
    outcomes: Counter[str] = Counter()
    days: dict[datetime.date, Counter[str]] = {}
    for row in rows:
        outcomes[row["shown"]] += row["number"]
        days.setdefault(row["day"], Counter())[row["shown"]] += row["number"]
    unit, spans = _spans(days, filters)
    return Activity(
        total=outcomes.total(),
        first=min((row["first"] for row in rows), default=None),
        last=max((row["last"] for row in rows), default=None),
        outcomes=outcomes,
        days={day: counts.total() for day, counts in days.items()},
        unit=unit,
        spans=spans,
    )


def _spans(days: dict[datetime.date, Counter[str]], filters: LogFilters) -> tuple[str, list[Span]]:
    if not days:
        return "day", []
    first, last = _bounds(min(days), max(days), filters)
    length = (last - first).days + 1
    unit = next((unit for most, unit in _UNITS if length <= most), "year")
    spans, start = [], _start(first, unit)
    while start <= last:
        end = _next(start, unit)
        spans.append(Span(start, end - datetime.timedelta(days=1), Counter()))
        start = end
    by_start = {span.start: span for span in spans}
    for day, counts in days.items():
        by_start[_start(day, unit)].counts.update(counts)
    return unit, spans


def _bounds(first: datetime.date, last: datetime.date, filters: LogFilters) -> tuple[datetime.date, datetime.date]:
    """From the first day to the last one that has something; a bound that was asked for and is near counts as well."""
    zone, year = timezone.get_current_timezone(), datetime.timedelta(days=366)
    if filters.since is not None and first - filters.since.date() <= year:
        first = min(first, filters.since.astimezone(zone).date())
        today = timezone.now().astimezone(zone).date()
        last = max(last, today) if filters.until is None and today - first <= year else last
    return first, last


def _start(day: datetime.date, unit: str) -> datetime.date:
    if unit == "week":
        return day - datetime.timedelta(days=day.weekday())
    return day.replace(day=1, month=day.month if unit == "month" else 1) if unit in ("month", "year") else day


def _next(start: datetime.date, unit: str) -> datetime.date:
    if unit in ("day", "week"):
        return start + datetime.timedelta(days=7 if unit == "week" else 1)
    months = start.month if unit == "month" else 12
    return start.replace(year=start.year + months // 12, month=months % 12 + 1)
