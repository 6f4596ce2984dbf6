"""The trigram index of the log's texts: with it, a search does not read every change.

On PostgreSQL it is an index of the extension pg_trgm. On SQLite it is a contentless FTS5 table that triggers maintain:
its rows are the texts of a change under the change's ``last_sequence``. If the database supports neither, there is no
index, and a search reads every change.
"""

from typing import Final

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from accounts_ui.changes.schema.append_only import Trigger

TEXTS: Final = (
    "subject_id",
    "subject_name",
    "code",
    "type_name",
    "message",
    "detail",
    "actor_name",
    "actor_email",
)
INDEX: Final = {"sqlite": "changes_search", "postgresql": "changes_by_text"}


def _joined(row: str, newline: str) -> str:
    return f" || {newline} || ".join(f"{row}.{name}" for name in TEXTS)


def _keep(row: str) -> str:
    return f"INSERT INTO changes_search (rowid, body) VALUES ({row}.last_sequence, {_joined(row, 'char(10)')})"


_FORGET: Final = (
    "INSERT INTO changes_search (changes_search, rowid, body) "
    f"VALUES ('delete', OLD.last_sequence, {_joined('OLD', 'char(10)')})"
)

SEARCH: Final = (
    Trigger("changes_search_asked", "changes_change", "INSERT", "", "", does=_keep("NEW")),
    Trigger("changes_search_moved", "changes_change", "UPDATE", "", "", does=f"{_FORGET}; {_keep('NEW')}"),
)
"""The triggers that maintain the table on SQLite."""

_FILL: Final = f"SELECT last_sequence, {_joined('c', 'char(10)')} FROM changes_change c"


def create_and_fill(name: str) -> tuple[str, str]:
    """Return the statements that create such a table on SQLite, and fill it."""
    made = f"CREATE VIRTUAL TABLE {name} USING fts5(body, content='', detail=none, tokenize='trigram')"
    return made, f"INSERT INTO {name} (rowid, body) {_FILL}"


_BUILT: Final = "SELECT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relname = %s"
_POSTGRESQL: Final = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "DROP INDEX CONCURRENTLY IF EXISTS changes_by_text",  # left invalid by an interrupted build
    "CREATE INDEX CONCURRENTLY changes_by_text ON changes_change "
    f"USING gin (upper({_joined('changes_change', 'chr(10)')}) gin_trgm_ops)".replace("changes_change.", ""),
    "ANALYZE changes_change",  # its statistics decide whether the planner uses the index
)


def is_built(connection: BaseDatabaseWrapper) -> bool:
    """Return whether the index exists and is valid."""
    query = "SELECT 1 FROM sqlite_master WHERE name = %s" if connection.vendor == "sqlite" else _BUILT
    with connection.cursor() as cursor:
        cursor.execute(query, [INDEX[connection.vendor]])
        row = cursor.fetchone()
    return bool(row and row[0])


def build_index(connection: BaseDatabaseWrapper) -> None:
    """Create the index. On PostgreSQL, writers go on meanwhile.

    Raises:
        django.db.Error: the database does not support it, or this role is not allowed to.

    """
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for statement in _POSTGRESQL:
                cursor.execute(statement)
            return
        with transaction.atomic(using=connection.alias):
            for statement in (*create_and_fill("changes_search"), *(trigger.for_sqlite() for trigger in SEARCH)):
                cursor.execute(statement)
