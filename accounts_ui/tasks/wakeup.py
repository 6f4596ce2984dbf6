"""Wakes the background workers through the engine, which is imported when it is first needed.

Importing huey also imports a Redis client with its telemetry, psycopg and asyncio: a fifth of what a process needs to
start, and most commands wake nobody.
"""

import datetime
import logging

logger = logging.getLogger(__name__)


def wake_workers(at: datetime.datetime | None = None) -> None:
    """Wake a worker, now or ``at`` a time. Never raises: without it the work starts a few seconds later."""
    try:
        from accounts_ui.tasks.engine import engine

        engine().wake_workers(at)
    except Exception as error:  # noqa: BLE001  (the storage could not even be opened)
        logger.warning("No background worker could be woken, so it starts later: %s", error)
