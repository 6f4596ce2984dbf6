"""When the next checkpoint is due: requested by whoever appends an event, emitted by a background worker."""

import datetime
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db import Error

from accounts_ui.changes.checkpoints import statements
from accounts_ui.changes.models import LogHead
from accounts_ui.tasks.leases import Lease, request_work
from accounts_ui.tasks.runner import RETRY_AFTER
from accounts_ui.tasks.wakeup import wake_workers
from accounts_ui.tasks.work_kinds import register_work
from console import clock

logger = logging.getLogger(__name__)

KIND: Final = "checkpoints"

RECHECK_AFTER: Final = datetime.timedelta(seconds=1)
"""How long a due checkpoint covers further events: while no worker emits it, not every event need ask the database."""


@dataclass(frozen=True, slots=True)
class RequestedCheckpoint:
    """The checkpoint that this process requested last for a log: no event before ``sequence`` makes one due earlier."""

    sequence: int
    due_at: datetime.datetime
    requested_at: datetime.datetime

    def covers(self, sequence: int, now: datetime.datetime) -> bool:
        """Return whether an event of this sequence needs no further request."""
        if now < self.due_at:
            return sequence < self.sequence
        return now < max(self.due_at, self.requested_at) + RECHECK_AFTER


class CheckpointScheduler:
    """Requests a checkpoint for new events. It remembers its last request, so that most events cost no query."""

    def __init__(self) -> None:
        self._requested: dict[str, RequestedCheckpoint] = {}  # by organization

    def note_event(self, organization_id: str, sequence: int) -> None:
        """Have a worker emit the checkpoint that this event makes due, now or later. Never raises.

        The event is committed already, and a worker finds what is due in the log itself if the request fails.
        """
        requested = self._requested.get(organization_id)
        if requested and requested.covers(sequence, clock.now()):
            return
        try:
            self._request(organization_id)
        except Error as error:
            logger.warning("No checkpoint could be requested; a worker finds it later: %s", error)

    def _request(self, organization_id: str) -> None:
        due_at = next_due_at(organization_id)
        if due_at is None:  # another process has emitted one meanwhile
            return
        if request_work(kind=KIND, key=organization_id, due_at=due_at):
            wake_workers(due_at)
        newest = statements.newest_checkpoint(organization_id)
        covered = newest.size if newest else 0
        sequence = covered + settings.AUDIT_CHECKPOINT_EVENTS
        self._requested[organization_id] = RequestedCheckpoint(sequence, due_at, requested_at=clock.now())


checkpoint_scheduler: Final = CheckpointScheduler()


def next_due_at(organization_id: str) -> datetime.datetime | None:
    """Return when the log's next checkpoint is due, or ``None`` if no event was appended since the last one."""
    head = LogHead.objects.filter(pk=organization_id).first()
    seconds = statements.seconds_until_due(head) if head else None
    return None if seconds is None else clock.now() + datetime.timedelta(seconds=seconds)


def emit_due_checkpoint(lease: Lease) -> datetime.datetime | None:
    """Emit a checkpoint of the log that the lease names, if it is due, and deliver those that were not delivered.

    A worker that was killed in the middle may have emitted without delivering, so delivery does not depend on a new
    checkpoint.
    """
    organization_id = lease.key
    if not statements.emit_checkpoint(organization_id, only_if_due=True):
        statements.deliver_checkpoints(organization_id)
    due_at = next_due_at(organization_id)
    if not statements.has_undelivered(organization_id):
        return due_at
    retry_at = clock.now() + RETRY_AFTER
    return min(due_at, retry_at) if due_at else retry_at


def find_due_checkpoint() -> Iterator[tuple[str, datetime.datetime]]:
    """Yield the logs whose next checkpoint is due, as the logs say. There can be thousands that are not due yet."""
    now = clock.now()
    for head in statements.logs_with_news().iterator():
        seconds = statements.seconds_until_due(head)
        if seconds is not None and seconds <= 0:
            yield head.organization_id, now


register_work(KIND, run=emit_due_checkpoint, find_due=find_due_checkpoint)
