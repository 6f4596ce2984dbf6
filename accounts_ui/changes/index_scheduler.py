"""When the index of a log is updated: some seconds after an event, by a background worker."""

import datetime
import logging
from collections.abc import Iterator
from typing import Final

from django.db import Error

from accounts_ui.changes.change_index import include_all, lagging_logs
from accounts_ui.tasks.leases import Lease, request_work
from accounts_ui.tasks.wakeup import wake_workers
from accounts_ui.tasks.work_kinds import register_work
from console import clock

logger = logging.getLogger(__name__)

KIND: Final = "log_index"

UPDATE_AFTER: Final = datetime.timedelta(seconds=2)
"""How long to wait for further events, so that one update includes many. A page of the log does not wait for it."""


class IndexScheduler:
    """Requests updates. It remembers the last request of each log, so that most events cost no query."""

    def __init__(self) -> None:
        self._due_at: dict[str, datetime.datetime] = {}  # by organization

    def note_event(self, organization_id: str) -> None:
        """Have a worker include a committed event. Never raises: a worker finds what is missing by itself, later."""
        now = clock.now()
        requested = self._due_at.get(organization_id)
        if requested and now < requested <= now + UPDATE_AFTER:  # later than that: the clock was set back
            return
        try:
            if request_work(kind=KIND, key=organization_id, due_at=now + UPDATE_AFTER):
                wake_workers(now + UPDATE_AFTER)
        except Error as error:
            logger.warning("No update of the log's index could be requested; a worker finds it later: %s", error)
            return
        self._due_at[organization_id] = now + UPDATE_AFTER


index_scheduler: Final = IndexScheduler()


def update_index(lease: Lease) -> None:
    """Include all changes of the log that the lease names."""
    include_all(lease.key)


def find_lagging() -> Iterator[tuple[str, datetime.datetime]]:
    """Yield the logs whose index is not complete."""
    now = clock.now()
    yield from ((organization_id, now) for organization_id in lagging_logs())


register_work(KIND, run=update_index, find_due=find_lagging)
