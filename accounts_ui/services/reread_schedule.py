"""When the directory is read again for unknown outcomes. A background worker does it: ``accounts_ui.reread_work``."""

import datetime
import logging
from collections.abc import Collection
from typing import Final, NamedTuple

from django.db import Error

from accounts_ui.changes.models import Change, resolution_wait
from accounts_ui.tasks.engine import wake_workers
from accounts_ui.tasks.leases import request_work

logger = logging.getLogger(__name__)

KIND: Final = "reread"

SHARED_READ_WINDOW: Final = datetime.timedelta(seconds=5)
"""Outcomes that can be read within this time of one another share one read."""


class RereadKey(NamedTuple):
    """The key of a piece of work: the session whose token the read uses, and the organization to read.

    ``session_id`` is the primary key of the session's row. An id has no space.
    """

    session_id: str
    organization_id: str

    def __str__(self) -> str:
        return f"{self.session_id} {self.organization_id}"

    @classmethod
    def parse(cls, text: str) -> "RereadKey":
        """Return the key that ``text`` is the string of."""
        session_id, _, organization_id = text.partition(" ")
        return cls(session_id, organization_id)


def conclusive_from(change: Change) -> datetime.datetime:
    """Return from when on a read that does not show the change proves that it was not applied."""
    return change.requested_at + resolution_wait()


def shared_read_time(times: Collection[datetime.datetime]) -> datetime.datetime | None:
    """Return when one read decides the earliest of the outcomes and those soon after it; ``None`` if there is none."""
    if not times:
        return None
    latest = min(times) + SHARED_READ_WINDOW
    return max(time for time in times if time <= latest)


def request_reread(change: Change, session_id: str) -> None:
    """Have a worker read the directory once the outcome of ``change`` can be decided. Never raises.

    The outcome is recorded already. Without the automatic read it stays unknown until somebody checks it.
    """
    due_at = conclusive_from(change)
    try:
        request_work(kind=KIND, key=str(RereadKey(session_id, change.organization_id)), due_at=due_at)
    except Error as error:
        logger.warning("An automatic read of an unknown outcome could not be requested: %s", error)
        return
    wake_workers(due_at)
