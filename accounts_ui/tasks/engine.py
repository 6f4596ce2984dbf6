"""The adapter to huey, the task engine: it wakes workers, at once, at a time, and every few seconds.

No work is described in its messages, so losing them loses nothing. On PostgreSQL they are rows of the same database,
and NOTIFY wakes a worker at once; on SQLite they are in a file beside the database, which workers read every second.
"""

import datetime
import functools
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import psycopg
from django.conf import settings
from django.db import connection
from huey import Huey, MemoryHuey, PostgresHuey, SqliteHuey
from huey.consumer import Consumer, Scheduler
from huey.serializer import SignedSerializer

logger = logging.getLogger(__name__)

SWEEP_SECONDS: Final = 5
"""How often workers look for due and abandoned work that nobody woke them for. The time a lost message costs."""

POLL_SECONDS: Final = 1.0
"""How often an idle worker reads the messages on SQLite, which cannot notify."""

TABLE_PREFIX: Final = "tasks_engine"
"""Of huey's tables on PostgreSQL. Migration ``tasks 0002`` makes them: the role that serves may not."""

_ATTEMPTS: Final = 2
"""A connection that broke while it was idle fails once, and is replaced at the second attempt."""


def build_engine(*, vendor: str, database_name: str) -> Huey:
    """Return the engine for a database. Messages are pickles, so they are signed: only this installation's are read."""
    serializer = SignedSerializer(settings.SECRET_KEY, salt="accounts_ui.tasks.engine")
    options: dict[str, Any] = {"name": "console", "results": False, "serializer": serializer}
    if vendor == "postgresql":
        return PostgresHuey(connection=_connect, table_prefix=TABLE_PREFIX, create_tables=False, **options)
    path = messages_path(database_name)
    if path is None:
        return MemoryHuey(**options)
    return SqliteHuey(filename=str(path), timeout=settings.DATABASE_TIMEOUT, **options)


def messages_path(database_name: str) -> Path | None:
    """Return the file of the messages beside an SQLite database, or ``None`` if that is in memory."""
    if ":memory:" in database_name or database_name.startswith("file:"):
        return None
    path = Path(database_name)
    return path.with_name(f"{path.name}.tasks")


def _connect() -> "psycopg.Connection[Any]":
    parameters = connection.get_connection_params()
    for name in ("cursor_factory", "context"):  # Django's own cursors and type adapters
        parameters.pop(name, None)
    return psycopg.connect(**parameters)


class Engine:
    """huey with its two messages: ``wake`` does one piece of work, ``sweep`` also looks for work nobody requested."""

    def __init__(self, huey: Huey) -> None:
        self.huey = huey
        self._handlers: dict[str, Callable[[], None]] = {}
        self._wake = huey.task(name="wake")(lambda: self._handle("wake"))
        # Each worker sends one every SWEEP_SECONDS; what waited for longer than the next one is of no use.
        huey.periodic_task(lambda _: True, name="sweep", expires=SWEEP_SECONDS)(lambda: self._handle("sweep"))

    def _handle(self, message: str) -> None:
        self._handlers[message]()

    def wake_workers(self, at: datetime.datetime | None = None) -> None:
        """Send a message to whichever worker is free, now or ``at`` a time. Never raises."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                self._wake.schedule(eta=at) if at else self._wake()
                return
            except Exception as error:  # noqa: BLE001  (whatever the storage raises, the sweep does it later)
                if attempt == _ATTEMPTS:
                    logger.warning("No background worker could be woken, so it starts later: %s", error)

    def consumer(self, *, wake: Callable[[], None], sweep: Callable[[], None], stop_seconds: float) -> Consumer:
        """Return the part that receives messages, in a thread each; SIGTERM lets the current piece finish."""
        self._handlers = {"wake": wake, "sweep": sweep}
        return _Consumer(
            self.huey,
            workers=1,
            max_delay=POLL_SECONDS,
            scheduler_interval=1,
            graceful_signal="TERM",
            shutdown_timeout=stop_seconds,
        )


class _SweepScheduler(Scheduler):  # type: ignore[misc]  # huey has no types
    periodic_task_seconds = SWEEP_SECONDS  # not once a minute


class _Consumer(Consumer):  # type: ignore[misc]
    scheduler_class = _SweepScheduler


@functools.cache
def engine() -> Engine:
    """Return this process's engine. Made when it is first needed: making it opens the database."""
    name = str(settings.DATABASES["default"]["NAME"])
    return Engine(build_engine(vendor=connection.vendor, database_name=name))
