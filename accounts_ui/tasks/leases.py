"""Leases on pieces of background work: exactly one worker holds a piece until it finishes or goes silent.

Each change of a lease is one conditional UPDATE, which SQLite and PostgreSQL both execute atomically: of several
workers that try, one changes the row and the others change none. The random token, not the worker's name, identifies
a lease: a worker that was suspended for longer than its lease cannot finish work that another has taken over.
"""

import datetime
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db.models import Case, DateTimeField, F, Q, Value, When
from django.db.models.functions import Coalesce

from accounts_ui.tasks.models import WorkItem

_CANDIDATES: Final = 20
"""How many due pieces to try at once. Other workers may take some of them first; the next wake-up tries the rest."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right of one worker to do one piece of work."""

    kind: str
    key: str
    token: uuid.UUID

    def is_held(self) -> bool:
        """Return whether no other worker has taken over. Long work asks before each step that must not run twice."""
        return WorkItem.objects.filter(lease_token=self.token).exists()


def lease_duration() -> datetime.timedelta:
    """Return for how long a lease lasts without a heartbeat."""
    return datetime.timedelta(seconds=settings.TASKS_LEASE_SECONDS)


def request_work(*, kind: str, key: str = "", due_at: datetime.datetime) -> bool:
    """Have this work done at ``due_at``, or earlier if that was requested before.

    Returns:
        Whether this request made the work due earlier than it was.

    """
    item, is_new = WorkItem.objects.get_or_create(kind=kind, key=key, defaults={"due_at": due_at})
    if is_new:
        return True
    later = Q(due_at=None) | Q(due_at__gt=due_at)
    return bool(WorkItem.objects.filter(later, pk=item.pk).update(due_at=due_at))


def available(now: datetime.datetime) -> Q:
    """Return the condition for work that a worker may take: due, or left by a worker whose lease has expired."""
    due = Q(due_at__lte=now, lease_token=None)
    abandoned = Q(lease_token__isnull=False, lease_expires_at__lte=now)
    return due | abandoned


def is_work_available(*, kinds: Collection[str], now: datetime.datetime) -> bool:
    """Return whether a worker that knows these kinds would find something to do."""
    return WorkItem.objects.filter(available(now), kind__in=kinds).exists()


def take_lease(*, kinds: Collection[str], owner: str, now: datetime.datetime) -> Lease | None:
    """Take the piece of work that has waited longest, or return ``None`` if there is none."""
    items = WorkItem.objects.filter(available(now), kind__in=kinds).annotate(since=Coalesce("waiting_since", "due_at"))
    for pk, kind, key in items.order_by("since").values_list("pk", "kind", "key")[:_CANDIDATES]:
        token = uuid.uuid4()
        is_taken = WorkItem.objects.filter(available(now), pk=pk).update(
            waiting_since=Coalesce("waiting_since", "due_at"),
            due_at=None,
            lease_token=token,
            lease_owner=owner,
            lease_expires_at=now + lease_duration(),
            heartbeat_at=now,
        )
        if is_taken:
            return Lease(kind, key, token)
    return None


def renew_leases(*, tokens: Collection[uuid.UUID], now: datetime.datetime) -> int:
    """Extend these leases, and return how many of them are still held."""
    return WorkItem.objects.filter(lease_token__in=tokens).update(
        heartbeat_at=now, lease_expires_at=now + lease_duration()
    )


def finish_work(*, lease: Lease, next_due_at: datetime.datetime | None, now: datetime.datetime) -> bool:
    """Give the lease back. Work that was requested meanwhile stays due, if that is before ``next_due_at``.

    Returns:
        ``False`` if the lease was lost: then nothing changes.

    """
    return _release(lease, next_due_at, finished_at=now, failures=0)


def postpone_failed_work(*, lease: Lease, retry_at: datetime.datetime) -> bool:
    """Give the lease back after an error; the work is due again at ``retry_at`` at the latest."""
    return _release(lease, retry_at, failures=F("failures") + 1)


def delete_finished_work(*, kind: str, before: datetime.datetime) -> None:
    """Delete work that finished before this time and is not due again."""
    WorkItem.objects.filter(kind=kind, finished_at__lt=before, due_at=None, lease_token=None).delete()


def _release(lease: Lease, next_due_at: datetime.datetime | None, **changes: object) -> bool:
    due_at = F("due_at") if next_due_at is None else _earlier_of_due_at_and(next_due_at)
    return bool(
        WorkItem.objects.filter(lease_token=lease.token).update(
            due_at=due_at,
            waiting_since=None,
            lease_token=None,
            lease_owner="",
            lease_expires_at=None,
            **changes,
        )
    )


def _earlier_of_due_at_and(moment: datetime.datetime) -> Case:
    """Not ``Least``: SQLite's answers NULL if one of the values is NULL."""
    later = Q(due_at=None) | Q(due_at__gt=moment)
    return Case(When(later, then=Value(moment)), default=F("due_at"), output_field=DateTimeField())
