"""Finding changes. Nothing here writes."""

import datetime
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from django.db import connection
from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts_ui.changes.models import OPEN_OUTCOMES, Change, Event, EventKind, Outcome, patience

PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class LogFilters:
    """What to show of the log. ``outcome`` is the shown one; ``since`` and ``until`` bound ``requested_at``."""

    q: str = ""
    actor: str = ""
    action: str = ""
    outcome: str = ""
    subject_id: str = ""
    code: str = ""
    since: datetime.datetime | None = None
    until: datetime.datetime | None = None
    page: int = 1


@dataclass(frozen=True, slots=True)
class LogPage:
    """One page of the log, newest change first."""

    rows: list[Change]
    total: int
    page: int
    pages: int
    per_page: int


class Applied(NamedTuple):
    """What the log last applied to one account: the columns of that change. There can be very many."""

    change_id: uuid.UUID
    action: str
    subject_id: str
    subject_name: str
    code: str
    type_name: str
    after: str | None
    requested_at: datetime.datetime
    settled_at: datetime.datetime | None
    actor_name: str
    actor_subject: str


def find(organization_id: str, filters: LogFilters, *, total: int) -> LogPage:
    """One page of the ``total`` changes that match. A page past the last one is the last one."""
    found = matching(organization_id, filters)
    pages = max(1, -(-total // PER_PAGE))
    page = min(filters.page, pages)
    rows = list(found[(page - 1) * PER_PAGE : page * PER_PAGE])
    return LogPage(rows=rows, total=total, page=page, pages=pages, per_page=PER_PAGE)


def matching(organization_id: str, filters: LogFilters) -> QuerySet[Change]:
    """All changes of the organization that match, newest first."""
    found = Change.objects.filter(organization_id=organization_id)
    for name in ("action", "subject_id", "code"):
        if value := getattr(filters, name):
            found = found.filter(**{name: value})
    if filters.outcome:
        found = found.filter(_shown_as(filters.outcome))
    if filters.actor:
        found = found.filter(
            Q(actor_subject=filters.actor)
            | Q(actor_email__iexact=filters.actor)
            | Q(actor_name__icontains=filters.actor)
        )
    if filters.since:
        found = found.filter(requested_at__gte=filters.since)
    if filters.until:
        found = found.filter(requested_at__lt=filters.until)
    if filters.q:
        found = found.filter(_mentions(filters.q))
    return found


def events_matching(organization_id: str, filters: LogFilters) -> QuerySet[Event]:
    """The events of the changes that match, in the order of the chain."""
    return events_among(organization_id, matching(organization_id, filters))


def events_among(organization_id: str, changes: QuerySet[Change]) -> QuerySet[Event]:
    """The events of these changes, in the order of the chain."""
    ids = changes.order_by().values("change_id")
    return Event.objects.filter(organization_id=organization_id, change_id__in=ids).order_by("sequence")


def get(organization_id: str, change_id: uuid.UUID) -> Change | None:
    """The change, where the organization has it."""
    return Change.objects.filter(organization_id=organization_id, change_id=change_id).first()


def by_operation(change_id: uuid.UUID) -> Change | None:
    """The change of any organization that an operation id names."""
    return Change.objects.filter(change_id=change_id).first()


def end_of_chain() -> int:
    """The sequence of the newest event; 0 where there is none."""
    return Event.objects.order_by("-sequence").values_list("sequence", flat=True).first() or 0


def news(organization_id: str, filters: LogFilters, after: int) -> tuple[int, int]:
    """Of what matches: how many changes were asked for after this sequence, and how many older ones moved on."""
    found = matching(organization_id, filters).filter(last_sequence__gt=after).order_by()
    asked = Event.objects.filter(sequence__gt=after, event=EventKind.REQUESTED, change_id__in=found.values("change_id"))
    new = asked.count()
    return new, found.count() - new


def events_of(change: Change) -> list[Event]:
    """Its events, oldest first."""
    return list(Event.objects.filter(change_id=change.change_id).order_by("sequence"))


def open_changes(organization_id: str) -> list[Change]:
    """What still has no outcome, oldest first; what a process may be working on at this moment is not among them."""
    found = Change.objects.filter(organization_id=organization_id, outcome__in=OPEN_OUTCOMES).order_by("requested_at")
    return [change for change in found if not change.is_running]


def has_due_changes(organization_id: str) -> bool:
    """Whether something has no outcome for so long that the directory cannot be acting on it any more."""
    due = timezone.now() - patience()
    found = Change.objects.filter(organization_id=organization_id, outcome__in=OPEN_OUTCOMES, requested_at__lte=due)
    return found.exists()


def open_accounts(organization_id: str) -> set[tuple[str, str]]:
    """The accounts, by subject and code, that have a change without an outcome, running ones included."""
    found = Change.objects.filter(organization_id=organization_id, outcome__in=OPEN_OUTCOMES).order_by()
    return set(found.values_list("subject_id", "code"))


def of_account(organization_id: str, subject_id: str, code: str, *, limit: int = 5) -> list[Change]:
    """The last changes of one account, newest first."""
    found = Change.objects.filter(organization_id=organization_id, subject_id=subject_id, code=code)
    return list(found[:limit])


def of_subject(organization_id: str, subject_id: str, *, limit: int = 50) -> list[Change]:
    """The last changes of one person, newest first."""
    return list(Change.objects.filter(organization_id=organization_id, subject_id=subject_id)[:limit])


def last_applied(organization_id: str, *, subject_ids: Iterable[str] | None = None) -> list[Applied]:
    """For each account that this console ever changed, the last change that was applied; oldest first."""
    found = Change.objects.filter(organization_id=organization_id, outcome=Outcome.APPLIED)
    if subject_ids is not None:
        found = found.filter(subject_id__in=list(subject_ids))
    rows = _newest_of_each_account(found).values_list(*Applied._fields, "last_sequence")
    by_time = sorted(rows, key=lambda row: (row[_REQUESTED_AT], row[-1]))
    return [Applied._make(row[:-1]) for row in by_time]


def used_types(organization_id: str) -> dict[str, str]:
    """The account types that changes were applied to: their names, by code."""
    found = Change.objects.filter(organization_id=organization_id, outcome=Outcome.APPLIED).order_by()
    return dict(found.values_list("code").annotate(name=Max("type_name")).order_by("code"))


def _newest_of_each_account(found: QuerySet[Change]) -> QuerySet[Change]:
    """Both ways walk an index; a window function would sort all rows, with all columns."""
    if connection.features.can_distinct_on_fields:
        newest = found.order_by("subject_id", "code", "-requested_at", "-last_sequence")
        return newest.distinct("subject_id", "code")
    at = OuterRef("requested_at")
    later = Q(requested_at__gt=at) | Q(requested_at=at, last_sequence__gt=OuterRef("last_sequence"))
    same = found.filter(later, subject_id=OuterRef("subject_id"), code=OuterRef("code"))
    return found.filter(~Exists(same)).order_by()


_REQUESTED_AT = Applied._fields.index("requested_at")


def _shown_as(outcome: str) -> Q:
    stale = Q(outcome=Outcome.PENDING, requested_at__lte=timezone.now() - patience())
    if outcome == Outcome.UNKNOWN:
        return Q(outcome=Outcome.UNKNOWN) | stale
    if outcome == Outcome.PENDING:
        return Q(outcome=Outcome.PENDING) & ~stale
    return Q(outcome=outcome)


def _mentions(text: str) -> Q:
    names = ("subject_id", "subject_name", "code", "type_name", "message", "reason", "actor_name", "actor_email")
    found = Q()
    for name in names:
        found |= Q(**{f"{name}__icontains": text})
    try:
        return found | Q(change_id=uuid.UUID(text))
    except ValueError:
        return found
