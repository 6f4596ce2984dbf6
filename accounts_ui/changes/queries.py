"""Queries of changes and events. Nothing here writes."""

import datetime
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import CharField, Exists, F, Func, Max, OuterRef, Q, QuerySet
from django.db.models.lookups import Exact
from django.utils import timezone

from accounts_ui.changes import search
from accounts_ui.changes.change_index import index_lag
from accounts_ui.changes.event_storage import stored_events
from accounts_ui.changes.models import (
    OPEN_OUTCOMES,
    ActorName,
    Change,
    EventBase,
    EventKind,
    LogHead,
    Outcome,
    resolution_wait,
)
from console import clock

PER_PAGE = 50
_FEW = 500  # events whose changes are queried by id


@dataclass(frozen=True, slots=True)
class LogFilters:
    """Filters of the change log. ``outcome`` is the outcome as shown; ``since`` and ``until`` bound ``requested_at``.

    ``among`` limits the changes to these ids; ``plan`` is the id of the bulk plan that they belong to.
    """

    q: str = ""
    actor: str = ""
    action: str = ""
    outcome: str = ""
    subject_id: str = ""
    code: str = ""
    since: datetime.datetime | None = None
    until: datetime.datetime | None = None
    plan: str = ""
    among: QuerySet[Any, uuid.UUID] | None = None
    page: int = 1


@dataclass(frozen=True, slots=True)
class LogPage:
    """One page of the log, newest change first."""

    rows: list[Change]
    total: int
    page: int
    pages: int
    per_page: int


class AppliedChange(NamedTuple):
    """The columns of the last applied change of one account. There can be very many."""

    change_id: uuid.UUID
    action: str
    subject_id: str
    subject_name: str
    code: str
    type_name: str
    after: str | None
    requested_at: datetime.datetime
    resolved_at: datetime.datetime | None
    actor_name: str
    actor_email: str
    actor_subject: str


def find_page(organization_id: str, filters: LogFilters, days: Mapping[datetime.date, int]) -> LogPage:
    """Return one page of matching changes, counted per day in ``days``. A page beyond the last one returns the last."""
    total = sum(days.values())
    pages = max(1, -(-total // PER_PAGE))
    page = min(filters.page, pages)
    start = (page - 1) * PER_PAGE
    rows = _part(organization_id, filters, days, start, min(start + PER_PAGE, total)) if total else []
    return LogPage(rows=rows, total=total, page=page, pages=pages, per_page=PER_PAGE)


def _part(
    organization_id: str, filters: LogFilters, days: Mapping[datetime.date, int], start: int, stop: int
) -> list[Change]:
    """Return a slice of matching changes. Reads only the days that contain it, the last day from its nearer end."""
    skipped, among = 0, 0
    within: list[datetime.date] = []
    for day in sorted(days, reverse=True):
        if not within and skipped + days[day] <= start:
            skipped += days[day]
        elif skipped + among < stop:
            within.append(day)
            among += days[day]
    matching = matching_changes(organization_id, limit_to_days(filters, within[-1], within[0]))
    first, last = start - skipped, stop - skipped
    if first < among // 2:
        return list(matching[first:last])
    return list(matching.reverse()[among - last : among - first])[::-1]


def limit_to_days(filters: LogFilters, first: datetime.date, last: datetime.date) -> LogFilters:
    """Return the filters, limited to these days of the reader's time zone.

    They become one pair of bounds: with two pairs, SQLite would use the wider one for its index.
    """
    zone, midnight = timezone.get_current_timezone(), datetime.time()
    since = datetime.datetime.combine(first, midnight, zone)
    until = datetime.datetime.combine(last + datetime.timedelta(days=1), midnight, zone)
    return replace(filters, since=max(since, filters.since or since), until=min(until, filters.until or until))


def matching_changes(organization_id: str, filters: LogFilters) -> QuerySet[Change]:
    """Return all matching changes of the organization, newest first."""
    named = search.indexed_matches(filters.q) if filters.q else None
    of = _OfOrganization if named or filters.among is not None else F
    changes = _narrowed(Change.objects.filter(named or Q(), Exact(of("organization_id"), organization_id)), filters)
    if not filters.actor or index_lag(organization_id):  # the names of admins follow with the index
        return changes
    by = ActorName.objects.filter(by_actor_text(filters.actor, ""), organization_id=organization_id)
    subjects = list(by.order_by().values_list("subject", flat=True).distinct()[:2])
    return changes.filter(actor_subject=subjects[0]) if len(subjects) == 1 else changes  # so that an index is used


class _OfOrganization(Func):
    """Match the organization without its index (unary ``+``), so that SQLite uses a more selective one."""

    template = "%(expressions)s"
    output_field = CharField()

    def as_sqlite(self, compiler: Any, connection: Any, **more: Any) -> Any:
        return self.as_sql(compiler, connection, template="+%(expressions)s", **more)


def _narrowed(changes: QuerySet[Change], filters: LogFilters) -> QuerySet[Change]:
    for name in ("action", "subject_id", "code"):
        if value := getattr(filters, name):
            changes = changes.filter(**{name: value})
    if filters.outcome:
        changes = changes.filter(_shown_as(filters.outcome))
    if filters.actor:
        changes = changes.filter(by_actor_text(filters.actor))
    if filters.since:
        changes = changes.filter(requested_at__gte=filters.since)
    if filters.until:
        changes = changes.filter(requested_at__lt=filters.until)
    if filters.among is not None:
        changes = changes.filter(change_id__in=filters.among)
    if filters.q:
        changes = changes.filter(search.mentions(filters.q))
    return changes


def by_actor_text(actor: str, prefix: str = "actor_") -> Q:
    """Match the admin by subject or e-mail address, or by a part of the name."""
    return Q(
        (f"{prefix}subject", actor),
        (f"{prefix}email__iexact", actor),
        (f"{prefix}name__icontains", actor),
        _connector=Q.OR,
    )


def events_of_matching(organization_id: str, filters: LogFilters) -> QuerySet[Any]:
    """Return the events of matching changes, in the order of the chain."""
    if is_whole_log(filters):  # no subquery of a million ids, and the events that belong to no change
        return stored_events(organization_id)
    return events_of_changes(organization_id, matching_changes(organization_id, filters))


def is_whole_log(filters: LogFilters) -> bool:
    """Return whether the filters leave nothing out."""
    return replace(filters, page=1) == LogFilters()


def first_missing(organization_id: str) -> int | None:
    """Return the sequence of the first event that is missing after one that is there; ``None`` if there is no gap."""
    events = stored_events(organization_id)
    first = events.values_list("sequence", flat=True).first()
    expected = end_of_log(organization_id) - (first or 1) + 1
    if events.count() == expected:  # nearly always: the database counts without reading the rows
        return None
    present = events.values_list("sequence", flat=True).iterator()
    return next((number for number, there in enumerate(present, start=first or 1) if number != there), expected)


def events_of_changes(organization_id: str, changes: QuerySet[Change]) -> QuerySet[Any]:
    """Return the events of these changes, in the order of the chain."""
    ids = changes.order_by().values("change_id")
    return stored_events(organization_id, change_id__in=ids)


def find_change(organization_id: str, change_id: uuid.UUID) -> Change | None:
    """Return the change with this id; ``None`` if the organization has none."""
    return Change.objects.filter(organization_id=organization_id, change_id=change_id).first()


def change_of_operation(change_id: uuid.UUID) -> Change | None:
    """Return the change with this operation id, of any organization."""
    return Change.objects.filter(change_id=change_id).first()


def end_of_log(organization_id: str) -> int:
    """Return the sequence of the organization's newest event; 0 if there is none."""
    return LogHead.objects.filter(pk=organization_id).values_list("sequence", flat=True).first() or 0


def logged_organizations() -> list[str]:
    """Return the organizations that have a log, in order."""
    return list(LogHead.objects.values_list("organization_id", flat=True))


def count_news_since(organization_id: str, filters: LogFilters, after: int) -> tuple[int, int]:
    """Count matching changes: those requested after this sequence, and older ones that got an event after it."""
    recorded = stored_events(organization_id, sequence__gt=after, change_id__isnull=False)
    events = list(recorded.values_list("change_id", "event", "sequence")[: _FEW + 1])
    if len(events) <= _FEW:  # nearly always: read only these changes
        moved = _narrowed(Change.objects.filter(change_id__in={change_id for change_id, _, _ in events}), filters)
        matching_ids = set(moved.order_by().values_list("change_id", flat=True))
        new = len({change_id for change_id, kind, _ in events if kind == EventKind.REQUESTED} & matching_ids)
        return new, len(matching_ids) - new
    matching = matching_changes(organization_id, filters).filter(last_sequence__gt=after).order_by()
    requested_events = stored_events(
        organization_id, sequence__gt=after, event=EventKind.REQUESTED, change_id__in=matching.values("change_id")
    )
    new = requested_events.count()
    return new, matching.count() - new


def events_of(change: Change) -> list[EventBase]:
    """Return the change's events that are in this database, oldest first."""
    return list(stored_events(change.organization_id, change_id=change.change_id))


def first_event(change: Change) -> EventBase | None:
    """Return the ``requested`` event; ``None`` if it is in an external archive."""
    return next((event for event in events_of(change) if event.event == EventKind.REQUESTED), None)


def open_changes(organization_id: str, *, with_running: bool = False) -> list[Change]:
    """Return changes without a final outcome, oldest first.

    Args:
        with_running: those that a process may be executing, too.

    """
    changes = sorted(_open(organization_id), key=lambda change: change.requested_at)
    return [change for change in changes if with_running or not change.is_running]


def unresolved_changes(organization_id: str) -> list[Change]:
    """Return all changes without a final outcome, in no particular order."""
    return list(_open(organization_id))


def recorded_operations(operation_ids: list[uuid.UUID]) -> set[uuid.UUID]:
    """Return which of these operation ids a change of any organization has."""
    return set(Change.objects.filter(change_id__in=operation_ids).order_by().values_list("change_id", flat=True))


def _open(organization_id: str) -> QuerySet[Change]:
    """Return the few open changes. With a bound or an order, SQLite would walk all changes by their time instead."""
    return Change.objects.filter(organization_id=organization_id, outcome__in=OPEN_OUTCOMES).order_by()


def has_due_changes(organization_id: str) -> bool:
    """Return whether a change has been open for so long that the directory cannot be acting on it any more."""
    due = clock.now() - resolution_wait()
    return any(requested_at <= due for requested_at in _open(organization_id).values_list("requested_at", flat=True))


def open_accounts(organization_id: str) -> set[tuple[str, str]]:
    """Return the accounts (subject and code) with an open change, running ones included."""
    changes = Change.objects.filter(organization_id=organization_id, outcome__in=OPEN_OUTCOMES).order_by()
    return set(changes.values_list("subject_id", "code"))


def changes_of_account(organization_id: str, subject_id: str, code: str, *, limit: int = 5) -> list[Change]:
    """Return the last changes of one account, newest first."""
    changes = Change.objects.filter(organization_id=organization_id, subject_id=subject_id, code=code)
    return list(changes[:limit])


def changes_of_subject(organization_id: str, subject_id: str, *, limit: int = 50) -> list[Change]:
    """Return the last changes of one person, newest first."""
    return list(Change.objects.filter(organization_id=organization_id, subject_id=subject_id)[:limit])


def last_applied(organization_id: str, *, subject_ids: Iterable[str] | None = None) -> list[AppliedChange]:
    """Return the last applied change of each account that this console ever changed, oldest first."""
    applied = Change.objects.filter(organization_id=organization_id, outcome=Outcome.APPLIED)
    if subject_ids is not None:
        applied = applied.filter(subject_id__in=list(subject_ids))
    rows = _newest_of_each_account(applied).values_list(*AppliedChange._fields, "last_sequence")
    by_time = sorted(rows, key=lambda row: (row[_REQUESTED_AT], row[-1]))
    return [AppliedChange._make(row[:-1]) for row in by_time]


def accounts_updated_since(organization_id: str, sequence: int, *, most: int) -> frozenset[tuple[str, str]] | None:
    """Return the accounts whose changes got an event after ``sequence``; ``None`` if there are more than ``most``."""
    updated = Change.objects.filter(organization_id=organization_id, last_sequence__gt=sequence).order_by()
    touched = list(updated.values_list("subject_id", "code")[:most])
    return frozenset(touched) if len(touched) < most else None


def updated_since(
    organization_id: str, sequence: int, *, most: int = _FEW
) -> list[tuple[uuid.UUID, tuple[str, str]]] | None:
    """Return the changes with an event after ``sequence``, with issuer and subject of the actor; ``None`` if many."""
    updated = Change.objects.filter(organization_id=organization_id, last_sequence__gt=sequence).order_by()
    moved = updated.values_list("change_id", "actor_issuer", "actor_subject")[:most]
    rows = [(change_id, (issuer, subject)) for change_id, issuer, subject in moved]
    return rows if len(rows) < most else None


def used_types(organization_id: str) -> dict[str, str]:
    """Return the names of the account types of applied changes, by code."""
    applied = Change.objects.filter(organization_id=organization_id, outcome=Outcome.APPLIED).order_by()
    return dict(applied.values_list("code").annotate(name=Max("type_name")).order_by("code"))


def _newest_of_each_account(changes: QuerySet[Change]) -> QuerySet[Change]:
    """Return the newest row per account. Both queries walk an index; a window function would sort all rows."""
    if connection.features.can_distinct_on_fields:
        newest = changes.order_by("subject_id", "code", "-requested_at", "-last_sequence")
        return newest.distinct("subject_id", "code")
    at = OuterRef("requested_at")
    later = Q(requested_at__gt=at) | Q(requested_at=at, last_sequence__gt=OuterRef("last_sequence"))
    same = changes.filter(later, subject_id=OuterRef("subject_id"), code=OuterRef("code"))
    return changes.filter(~Exists(same)).order_by()


_REQUESTED_AT = AppliedChange._fields.index("requested_at")


def _shown_as(outcome: str) -> Q:
    stale = Q(outcome=Outcome.PENDING, requested_at__lte=clock.now() - resolution_wait())
    if outcome == Outcome.UNKNOWN:
        return Q(outcome=Outcome.UNKNOWN) | stale
    if outcome == Outcome.PENDING:
        return Q(outcome=Outcome.PENDING) & ~stale
    return Q(outcome=outcome)
