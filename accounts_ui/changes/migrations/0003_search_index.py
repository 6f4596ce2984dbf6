"""The search index: trigrams of the log's folded texts, so that a search need not read all of them.

PostgreSQL needs its extension pg_trgm, SQLite its module FTS5. Without it nothing is created, ``manage.py doctor``
reports that, and ``manage.py index_changes`` creates the index later. The statements are frozen.
"""

import logging

from django.db import Error, migrations, transaction

logger = logging.getLogger(__name__)

SQLITE = (
    "CREATE VIRTUAL TABLE changes_search USING fts5(body, content='', detail=none, tokenize='trigram')",
    """
    CREATE TRIGGER changes_search_added AFTER INSERT ON changes_indexedchange BEGIN INSERT INTO changes_search
        (rowid, body) VALUES (NEW.id, NEW.text); END
    """,
    """
    CREATE TRIGGER changes_search_replaced BEFORE UPDATE ON changes_indexedchange BEGIN INSERT INTO changes_search
        (changes_search, rowid, body) VALUES ('delete', OLD.id, OLD.text); INSERT INTO changes_search
        (rowid, body) VALUES (NEW.id, NEW.text); END
    """,
    """
    CREATE TRIGGER changes_search_deleted BEFORE DELETE ON changes_indexedchange BEGIN INSERT INTO changes_search
        (changes_search, rowid, body) VALUES ('delete', OLD.id, OLD.text); END
    """,
)

POSTGRESQL = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "DROP INDEX CONCURRENTLY IF EXISTS changes_by_text",
    "CREATE INDEX CONCURRENTLY changes_by_text ON changes_indexedchange USING gin (text gin_trgm_ops)",
    "ANALYZE changes_indexedchange",
)


def create_search_index(apps, schema_editor):
    """Create the index if the database can."""
    connection = schema_editor.connection
    try:
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                for statement in POSTGRESQL:
                    cursor.execute(statement)
                return
            with transaction.atomic(using=connection.alias):
                for statement in SQLITE:
                    cursor.execute(statement)
    except Error as error:
        logger.warning("The search index was not created: %s", error)


def drop_search_index(apps, schema_editor):
    """Drop the index, or what there is of it."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX CONCURRENTLY IF EXISTS changes_by_text")
        return
    for name in ("changes_search_added", "changes_search_replaced", "changes_search_deleted"):
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}")
    schema_editor.execute("DROP TABLE IF EXISTS changes_search")


class Migration(migrations.Migration):
    atomic = False  # PostgreSQL creates an index concurrently only outside a transaction
    dependencies = [("changes", "0002_triggers")]
    operations = [migrations.RunPython(create_search_index, drop_search_index, elidable=False)]
