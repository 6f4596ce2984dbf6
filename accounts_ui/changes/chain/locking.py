"""Locks and snapshots: one writer of a log at a time, and readers that see one moment of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from accounts_ui.changes.chain.records import FIRST_PREVIOUS_HASH
from accounts_ui.changes.models import IndexPosition, LogHead

_READ: Final = "SELECT sequence, hash, key_id FROM changes_loghead WHERE organization_id = %s"
_HEAD: Final = {"sqlite": _READ, "postgresql": f"{_READ} FOR UPDATE"}
# A crash must not undo a commit, and nobody waits for a lock for ever.
_PREPARE: Final = "SELECT set_config('synchronous_commit', 'on', true), set_config('lock_timeout', %s, true)"
_LEAST: Final = 0.05  # seconds: a timeout of 0 would mean none


def lock_log(organization_id: str) -> LogHead:
    """Make this transaction the only one that appends to the organization's log. Return where the log ends.

    It waits for at most ``DATABASE_TIMEOUT``. On PostgreSQL it locks the row of the log's head, for which a role needs
    the right to update it; other organizations' logs are not affected. On SQLite the transaction is already the only
    one that writes anything, because it began IMMEDIATE.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            _prepare(cursor, settings.DATABASE_TIMEOUT)
        cursor.execute(_HEAD[connection.vendor], [organization_id])
        return _head(cursor, organization_id)


def begin_and_lock(organization_id: str, *, seconds: float) -> LogHead:
    """On PostgreSQL: begin a transaction and lock the log as ``lock_log`` does, in one round trip.

    Whoever calls it ends the transaction, too. It waits for ``seconds`` at most.
    """
    with connection.cursor() as cursor:
        statements = f"BEGIN; {_PREPARE}; {_HEAD['postgresql']}"
        cursor.execute(statements, [_milliseconds(seconds), organization_id])
        while cursor.nextset():
            pass  # the last of the results is the head
        return _head(cursor, organization_id)


def _head(cursor: CursorWrapper, organization_id: str) -> LogHead:
    """Return the head that the cursor has read and locked. Begin a log that has none yet."""
    row = cursor.fetchone()
    if row is None:
        # Another writer may do the same: the second one waits here, and then finds the row of the first.
        values: list[str | int] = [organization_id, 0, FIRST_PREVIOUS_HASH, ""]
        cursor.execute("INSERT INTO changes_loghead VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING", values)
        cursor.execute(_HEAD[connection.vendor], [organization_id])
        row = cursor.fetchone()
    sequence, hash_, key_id = row
    return LogHead(organization_id=organization_id, sequence=sequence, hash=hash_, key_id=key_id)


def lock_index(organization_id: str, *, wait: bool) -> IndexPosition | None:
    """Make this transaction the only one that updates the index of the organization's log.

    Returns:
        Up to where the index includes the log; ``None`` if another process updates it and this one shall not ``wait``.

    """
    positions = IndexPosition.objects.filter(pk=organization_id)
    if wait and connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            _prepare(cursor, settings.DATABASE_TIMEOUT)
    return positions.select_for_update(skip_locked=not wait).first()  # SQLite ignores it


def lock_archive() -> None:
    """Make this transaction the only one that archives. On PostgreSQL others go on appending; on SQLite they wait."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        _prepare(cursor, settings.DATABASE_TIMEOUT)
        cursor.execute("LOCK TABLE changes_archive IN SHARE ROW EXCLUSIVE MODE")


def _prepare(cursor: CursorWrapper, seconds: float) -> None:
    cursor.execute(_PREPARE, [_milliseconds(seconds)])


def _milliseconds(seconds: float) -> str:
    return str(round(max(seconds, _LEAST) * 1000))


@contextmanager
def consistent_read() -> Iterator[None]:
    """Make all reads in this block see the log as of the first of them. It blocks no writer."""
    if connection.vendor == "postgresql":
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
        return
    with connection.cursor() as cursor:
        cursor.execute("BEGIN DEFERRED")  # not Django's IMMEDIATE, which would keep writers out
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")
