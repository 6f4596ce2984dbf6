"""When the directory is read again for unknown outcomes. A background worker does it: ``accounts_ui.reread_work``."""

import datetime
import logging
from collections.abc import Collection
from typing import Final, NamedTuple

from django.db import Error

from accounts_ui.changes.models import Change, resolution_wait
from accounts_ui.tasks.leases import request_work
from accounts_ui.tasks.wakeup import wake_workers
from console import clock

logger = logging.getLogger(__name__)

KIND: Final = "reread"

_MAX_REMEMBERED: Final = 10_000  # requests; forgetting them costs a query each

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


_requested: Final[dict[str, datetime.datetime]] = {}  # by key, when the work that was requested last is due


def request_reread(change: Change, session_id: str) -> None:
    """Have a worker look at ``change`` once its outcome can be decided, and read the list if it is open. Never raises.

    It is requested before the change is sent. A request that this process has made earlier and that is not due yet
    covers it: the worker then looks at all open changes of the organization, and comes back for later ones. Without
    the automatic read, an unknown outcome stays unknown until somebody checks it.
    """
    due_at = conclusive_from(change)
    key = str(RereadKey(session_id, change.organization_id))
    requested = _requested.get(key)
    if requested and requested > clock.now():
        return
    try:
        request_work(kind=KIND, key=key, due_at=due_at)
    except Error as error:
        logger.warning("An automatic read of an unknown outcome could not be requested: %s", error)
        return
    wake_workers(due_at)
    if len(_requested) >= _MAX_REMEMBERED:
        _requested.clear()
    _requested[key] = due_at
