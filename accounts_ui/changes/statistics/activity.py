"""Count matching changes by day and outcome. Nothing here writes.

The numbers come from the tallies if these cover the filters, and otherwise from the changes themselves.
"""

import datetime
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any, Final

from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    ExpressionWrapper,
    F,
    Func,
    Max,
    Min,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.db.models.lookups import LessThan
from django.utils import timezone

from accounts_ui.changes.change_index import index_lag
from accounts_ui.changes.models import Change, Outcome, resolution_wait
from accounts_ui.changes.queries import LogFilters, limit_to_days, matching_changes
from accounts_ui.changes.statistics import tallies
from accounts_ui.changes.statistics.tallies import OUTCOMES
from accounts_ui.changes.statistics.tally_sql import SLOT_SECONDS
from console import clock

_DAY: Final = 24 * 3600
_EPOCH: Final = datetime.date(1970, 1, 1)
_Offset = tuple[int, int]
_Ends = tuple[datetime.datetime | None, datetime.datetime | None]
_Counted = tuple[datetime.date, str, int]
"""A day, the outcome as shown, and the number of changes."""
_UNITS: Final = ((45, "day"), (7 * 60, "week"), (31 * 60, "month"))
"""The unit of a span, by the greatest number of days in all; beyond the last, a year."""


@dataclass(frozen=True, slots=True)
class Period:
    """A day, a week from its Monday, a month or a year, with the number of changes requested in it, by outcome."""

    start: datetime.date
    end: datetime.date
    counts: Counter[str]

    @property
    def total(self) -> int:
        """Return the number of changes with any outcome."""
        return self.counts.total()


@dataclass(frozen=True, slots=True)
class Activity:
    """Numbers of the matching changes: in total, by outcome, by day, and in spans of one unit without gaps."""

    total: int
    first: datetime.datetime | None
    last: datetime.datetime | None
    outcomes: Counter[str]
    days: dict[datetime.date, int]
    unit: str
    spans: list[Period]


def count_activity(organization_id: str, filters: LogFilters) -> Activity:
    """Count the matching changes, by the days of the reader's time zone."""
    matching = matching_changes(organization_id, filters)
    offsets = _offsets(*_ends(matching_changes(organization_id, LogFilters())))
    counted = _from_tally(organization_id, filters, offsets)
    if counted is None:
        counted, first, last = _from_changes(matching, offsets)
    else:
        first, last = _first_and_last(organization_id, filters, [day for day, _, _ in counted])
    days: dict[datetime.date, Counter[str]] = {}
    for day, shown, number in counted:
        days.setdefault(day, Counter())[shown] += number
    outcomes = sum(days.values(), Counter[str]())
    unit, spans = _spans(days, filters)
    return Activity(
        total=outcomes.total(),
        first=first,
        last=last,
        outcomes=outcomes,
        days={day: counts.total() for day, counts in days.items()},
        unit=unit,
        spans=spans,
    )


def _ends(changes: QuerySet[Change]) -> _Ends:
    """Return when the first and the last change were requested. Each is one look-up in the index."""
    return _end(changes, "requested_at"), _end(changes, "-requested_at")


def _end(changes: QuerySet[Change], order: str) -> datetime.datetime | None:
    return changes.order_by(order).values_list("requested_at", flat=True).first()


def _first_and_last(organization_id: str, filters: LogFilters, days: list[datetime.date]) -> _Ends:
    """Return when the first and the last matching change were requested, read from the first and last of ``days``."""
    if not days:
        return None, None
    first, last = (
        matching_changes(organization_id, limit_to_days(filters, day, day)) for day in (min(days), max(days))
    )
    return _end(first, "requested_at"), _end(last, "-requested_at")


def _from_tally(organization_id: str, filters: LogFilters, offsets: list[_Offset]) -> list[_Counted] | None:
    """Return the counts from the tallies; ``None`` if these do not cover the filters, or not yet all changes."""
    slots = tallies.half_hour_counts(organization_id, filters)
    if slots is None or index_lag(organization_id) or any(seconds % SLOT_SECONDS for _, seconds in offsets):
        return None
    day = _day(F("slot") * SLOT_SECONDS, offsets)
    names = [outcome.value for outcome in OUTCOMES]
    sums = slots.order_by().values_list(day).annotate(*(Sum(name) for name in names))
    counted = {number: dict(zip(names, map(int, counts), strict=True)) for number, *counts in sums}
    for number in _stale(organization_id, filters, offsets):  # pending for so long that it shows as unknown
        counted[number][Outcome.PENDING] -= 1
        counted[number][Outcome.UNKNOWN] += 1
    wanted = [filters.outcome] if filters.outcome else names
    return [(_date(number), name, row[name]) for number, row in counted.items() for name in wanted if row[name]]


def _stale(organization_id: str, filters: LogFilters, offsets: list[_Offset]) -> list[int]:
    """Return the day of each matching change that has been pending for so long that it shows as unknown.

    Few are pending. A time bound in the query would make the database use another index.
    """
    pending = Change.objects.filter(organization_id=organization_id, outcome=Outcome.PENDING).order_by()
    late = clock.now() - resolution_wait()
    stale = [name for name, at in pending.values_list("pk", "requested_at") if at <= late]
    if not stale:
        return []
    matching = matching_changes(organization_id, replace(filters, outcome="")).filter(pk__in=stale).order_by()
    seconds = [int(at.timestamp()) for at in matching.values_list("requested_at", flat=True)]
    return [(second + _offset_at(second, offsets)) // _DAY for second in seconds]


def _offset_at(second: int, offsets: list[_Offset]) -> int:
    return next((seconds for end, seconds in offsets[:-1] if second < end), offsets[-1][1])


def _from_changes(changes: QuerySet[Change], offsets: list[_Offset]) -> tuple[list[_Counted], Any, Any]:
    """Return the counts and the first and last time, from one pass over the matching changes."""
    shown = Case(When(_is_stale(), then=Value(Outcome.UNKNOWN.value)), default="outcome")
    grouped = changes.order_by().values_list(_day(_Epoch("requested_at"), offsets), shown)
    rows = list(grouped.annotate(Count("pk"), Min("requested_at"), Max("requested_at")))
    counted = [(_date(number), shown, count) for number, shown, count, _, _ in rows]
    return counted, min((row[3] for row in rows), default=None), max((row[4] for row in rows), default=None)


def _date(number: int) -> datetime.date:
    return _EPOCH + datetime.timedelta(days=number)


def _is_stale() -> Q:
    return Q(outcome=Outcome.PENDING, requested_at__lte=clock.now() - resolution_wait())


class _Epoch(Func):
    """Whole seconds since 1970, computed by the database: Django's Python function per row takes seconds."""

    output_field = BigIntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **more: Any) -> Any:
        return self.as_sql(compiler, connection, template="CAST(strftime('%%%%s', %(expressions)s) AS INTEGER)", **more)

    def as_postgresql(self, compiler: Any, connection: Any, **more: Any) -> Any:
        return self.as_sql(compiler, connection, template="FLOOR(EXTRACT(EPOCH FROM %(expressions)s))::bigint", **more)


def _offsets(first: datetime.datetime | None, last: datetime.datetime | None) -> list[_Offset]:
    """Return the reader's offsets from UTC: the second at which each ends, and its seconds. The last has no end."""
    if first is None or last is None:
        return [(0, 0)]
    zone, step = timezone.get_current_timezone(), datetime.timedelta(days=1)
    offsets: list[_Offset] = []
    at, seconds = first, _offset(zone, first)
    while at < last:
        ahead = min(at + step, last)
        if (then := _offset(zone, ahead)) != seconds:
            offsets.append((_moves_at(zone, at, ahead), seconds))
            seconds = then
        at = ahead
    return [*offsets, (0, seconds)]


def _offset(zone: datetime.tzinfo, at: datetime.datetime) -> int:
    return int((at.astimezone(zone).utcoffset() or datetime.timedelta()).total_seconds())


def _moves_at(zone: datetime.tzinfo, before: datetime.datetime, after: datetime.datetime) -> int:
    """Return the second at which the offset changes. It is always a whole minute."""
    low, high = int(before.timestamp()) // 60, int(after.timestamp()) // 60 + 1
    former = _offset(zone, before)
    while low + 1 < high:
        middle = (low + high) // 2
        at = datetime.datetime.fromtimestamp(middle * 60, datetime.UTC)
        low, high = (middle, high) if _offset(zone, at) == former else (low, middle)
    return high * 60


def _day(second: Any, offsets: list[_Offset]) -> Any:
    """Return an expression of the reader's day, counted from 1970, for an expression of seconds."""
    *former, (_, last) = offsets
    cases = [When(LessThan(second, Value(end)), then=Value(seconds)) for end, seconds in former]
    offset = Case(*cases, default=Value(last), output_field=BigIntegerField()) if cases else Value(last)
    return ExpressionWrapper((second + offset) / _DAY, output_field=BigIntegerField())


def _spans(days: dict[datetime.date, Counter[str]], filters: LogFilters) -> tuple[str, list[Period]]:
    if not days:
        return "day", []
    first, last = _bounds(min(days), max(days), filters)
    length = (last - first).days + 1
    unit = next((unit for most, unit in _UNITS if length <= most), "year")
    spans, start = [], _start(first, unit)
    while start <= last:
        end = _next(start, unit)
        spans.append(Period(start, end - datetime.timedelta(days=1), Counter()))
        start = end
    by_start = {span.start: span for span in spans}
    for day, counts in days.items():
        by_start[_start(day, unit)].counts.update(counts)
    return unit, spans


def _bounds(first: datetime.date, last: datetime.date, filters: LogFilters) -> tuple[datetime.date, datetime.date]:
    """Return the first and the last day to show: those with changes, extended to a filter bound within a year."""
    zone, year = timezone.get_current_timezone(), datetime.timedelta(days=366)
    if filters.since is not None and first - filters.since.date() <= year:
        first = min(first, filters.since.astimezone(zone).date())
        today = clock.now().astimezone(zone).date()
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
