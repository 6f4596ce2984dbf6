"""The trigram index of the log's folded texts: with it, a search does not read the text of every change.

On PostgreSQL it is an index of the extension pg_trgm. On SQLite it is a contentless FTS5 table that triggers maintain.
If the database supports neither, there is no index, and a search reads every text.
"""

from typing import Final

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from accounts_ui.changes.schema.append_only import Trigger

TEXTS: Final = ("subject_id", "subject_name", "code", "type_name", "message", "detail", "actor_name", "actor_email")
"""The columns of a change that a search reads."""

INDEX: Final = {"sqlite": "changes_search", "postgresql": "changes_by_text"}
_TABLE: Final = "changes_indexedchange"
_KEEP: Final = "INSERT INTO changes_search (rowid, body) VALUES (NEW.id, NEW.text)"
_FORGET: Final = "INSERT INTO changes_search (changes_search, rowid, body) VALUES ('delete', OLD.id, OLD.text)"

SEARCH: Final = (
    Trigger("changes_search_added", _TABLE, "INSERT", "", "", does=_KEEP, timing="AFTER"),
    Trigger("changes_search_replaced", _TABLE, "UPDATE", "", "", does=f"{_FORGET}; {_KEEP}"),
    Trigger("changes_search_deleted", _TABLE, "DELETE", "", "", does=_FORGET),
)
"""The triggers that maintain the table on SQLite."""


def create_and_fill(name: str) -> tuple[str, str]:
    """Return the statements that create such a table on SQLite, and fill it."""
    created = f"CREATE VIRTUAL TABLE {name} USING fts5(body, content='', detail=none, tokenize='trigram')"
    return created, f"INSERT INTO {name} (rowid, body) SELECT id, text FROM {_TABLE}"


_BUILT: Final = "SELECT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relname = %s"
_POSTGRESQL: Final = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "DROP INDEX CONCURRENTLY IF EXISTS changes_by_text",  # left invalid by an interrupted build
    f"CREATE INDEX CONCURRENTLY changes_by_text ON {_TABLE} USING gin (text gin_trgm_ops)",
    f"ANALYZE {_TABLE}",  # its statistics decide whether the planner uses the index
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
