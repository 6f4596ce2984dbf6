"""When the next checkpoint is due: requested by whoever appends an event, emitted by a background worker."""

import datetime
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db import Error

from accounts_ui.changes.checkpoints import statements
from accounts_ui.tasks.engine import wake_workers
from accounts_ui.tasks.leases import Lease, request_work
from accounts_ui.tasks.runner import RETRY_AFTER
from accounts_ui.tasks.work_kinds import register_work
from console import clock

logger = logging.getLogger(__name__)

KIND: Final = "checkpoints"

RECHECK_AFTER: Final = datetime.timedelta(seconds=1)
"""How long a due checkpoint covers further events: while no worker emits it, not every event need ask the database."""


@dataclass(frozen=True, slots=True)
class RequestedCheckpoint:
    """The checkpoint that this process requested last: no event before ``sequence`` makes one due earlier."""

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
        self._requested: RequestedCheckpoint | None = None

    def note_event(self, sequence: int) -> None:
        """Have a worker emit the checkpoint that this event makes due, now or later. Never raises.

        The event is committed already, and a worker finds what is due in the log itself if the request fails.
        """
        if self._requested and self._requested.covers(sequence, clock.now()):
            return
        try:
            self._request()
        except Error as error:
            logger.warning("No checkpoint could be requested; a worker finds it later: %s", error)

    def _request(self) -> None:
        due_at = next_due_at()
        if due_at is None:  # another process has emitted one meanwhile
            return
        if request_work(kind=KIND, due_at=due_at):
            wake_workers(due_at)
        newest = statements.newest_checkpoint()
        covered = newest.sequence if newest else 0
        sequence = covered + settings.AUDIT_CHECKPOINT_EVENTS
        self._requested = RequestedCheckpoint(sequence, due_at, requested_at=clock.now())


checkpoint_scheduler: Final = CheckpointScheduler()


def next_due_at() -> datetime.datetime | None:
    """Return when the next checkpoint is due, or ``None`` if no event was appended since the last one."""
    seconds = statements.seconds_until_due()
    return None if seconds is None else clock.now() + datetime.timedelta(seconds=seconds)


def emit_due_checkpoint(_lease: Lease) -> datetime.datetime | None:
    """Emit a checkpoint if it is due, and deliver those that were not delivered. Return when it is due again.

    A worker that was killed in the middle may have emitted without delivering, so delivery does not depend on a new
    checkpoint.
    """
    if not statements.emit_checkpoint(only_if_due=True):
        statements.deliver_checkpoints()
    due_at = next_due_at()
    if not statements.has_undelivered():
        return due_at
    retry_at = clock.now() + RETRY_AFTER
    return min(due_at, retry_at) if due_at else retry_at


def find_due_checkpoint() -> Iterator[tuple[str, datetime.datetime]]:
    """Yield the due time of the next checkpoint, as the log says."""
    if due_at := next_due_at():
        yield "", due_at


register_work(KIND, run=emit_due_checkpoint, find_due=find_due_checkpoint)
