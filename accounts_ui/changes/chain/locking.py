"""Locks and snapshots: one writer of the chain at a time, and readers that see one moment of it."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection, transaction

_LOCK = 0x6F_72_67_61_63_63  # the advisory lock that every append holds on PostgreSQL; any fixed number does


def lock_chain() -> None:
    """Make this transaction the only one that appends, or fail after ``DATABASE_TIMEOUT``.

    On SQLite it is already, and waits no longer: transactions begin IMMEDIATE.
    """
    _lock(f"SELECT pg_advisory_xact_lock({_LOCK})")


def lock_archive() -> None:
    """Make this transaction the only one that archives. On PostgreSQL others go on appending; on SQLite they wait."""
    _lock("LOCK TABLE changes_archive IN SHARE ROW EXCLUSIVE MODE")


def _lock(statement: str) -> None:
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = on")  # a crash must not undo a commit
        milliseconds = str(round(settings.DATABASE_TIMEOUT * 1000))
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [milliseconds])
        cursor.execute(statement)


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
