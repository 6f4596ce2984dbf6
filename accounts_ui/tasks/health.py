"""How background work is doing, for metrics, ``doctor`` and ``check --deploy``."""

import datetime
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db.models import Max, Min
from django.db.models.functions import Coalesce

from accounts_ui.tasks.models import WorkerProcess, WorkItem

LATE_AFTER: Final = datetime.timedelta(minutes=5)
"""Work that waits longer is late: a worker takes it within seconds, and over from a killed one within a minute."""


@dataclass(frozen=True, slots=True)
class TasksHealth:
    """The workers and the work of one moment."""

    workers: int
    last_heartbeat_at: datetime.datetime | None
    lag: datetime.timedelta
    failing: int

    @property
    def is_late(self) -> bool:
        """Whether work waits longer than a running worker would let it."""
        return self.lag > LATE_AFTER


def silence_limit() -> datetime.timedelta:
    """Return after how long without a report a worker counts as gone: two leases, which is six reports."""
    return datetime.timedelta(seconds=2 * settings.TASKS_LEASE_SECONDS)


def lag_of(oldest: datetime.datetime | None, now: datetime.datetime) -> datetime.timedelta:
    """Return how long the oldest due work has waited; zero if nothing is due yet."""
    return max(datetime.timedelta(0), now - oldest) if oldest else datetime.timedelta(0)


def read_health(now: datetime.datetime) -> TasksHealth:
    """Read the state from the database."""
    oldest = WorkItem.objects.aggregate(at=Min(Coalesce("waiting_since", "due_at")))["at"]
    return TasksHealth(
        workers=WorkerProcess.objects.filter(heartbeat_at__gt=now - silence_limit()).count(),
        last_heartbeat_at=WorkerProcess.objects.aggregate(at=Max("heartbeat_at"))["at"],
        lag=lag_of(oldest, now),
        failing=WorkItem.objects.filter(failures__gt=0).count(),
    )
