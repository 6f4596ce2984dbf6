"""What makes the log's texts searchable without reading every change: their trigrams.

On PostgreSQL an index with the extension pg_trgm, which the database keeps. On SQLite a table of FTS5 without content,
which triggers keep: its rows are the texts of a change under the change's ``last_sequence``. Where the database has
neither, nothing is made, and searching reads every change.
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
"""Those that keep the table of SQLite."""

_FILL: Final = f"SELECT last_sequence, {_joined('c', 'char(10)')} FROM changes_change c"


def create_and_fill(name: str) -> tuple[str, str]:
    """The statements that make such a table of SQLite, and fill it."""
    made = f"CREATE VIRTUAL TABLE {name} USING fts5(body, content='', detail=none, tokenize='trigram')"
    return made, f"INSERT INTO {name} (rowid, body) {_FILL}"


_BUILT: Final = "SELECT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relname = %s"
_POSTGRESQL: Final = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "DROP INDEX CONCURRENTLY IF EXISTS changes_by_text",  # one that is not whole
    "CREATE INDEX CONCURRENTLY changes_by_text ON changes_change "
    f"USING gin (upper({_joined('changes_change', 'chr(10)')}) gin_trgm_ops)".replace("changes_change.", ""),
    "ANALYZE changes_change",  # how often a text is found decides whether the index is worth it
)


def is_built(connection: BaseDatabaseWrapper) -> bool:
    """Whether the texts are indexed."""
    query = "SELECT 1 FROM sqlite_master WHERE name = %s" if connection.vendor == "sqlite" else _BUILT
    with connection.cursor() as cursor:
        cursor.execute(query, [INDEX[connection.vendor]])
        row = cursor.fetchone()
    return bool(row and row[0])


def build_index(connection: BaseDatabaseWrapper) -> None:
    """Index the texts, beside who writes on PostgreSQL.

    Raises:
        django.db.Error: the database cannot do that, or does not let this role.

    """
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for statement in _POSTGRESQL:
                cursor.execute(statement)
            return
        with transaction.atomic(using=connection.alias):
            for statement in (*create_and_fill("changes_search"), *(trigger.for_sqlite() for trigger in SEARCH)):
                cursor.execute(statement)
