"""The search index: trigrams of the log's texts, so that a search need not read every change.

PostgreSQL needs its extension pg_trgm, SQLite its module FTS5. Without it nothing is created, ``manage.py doctor``
reports that, and ``manage.py index_changes`` creates the index later. The statements are frozen.
"""

import logging

from django.db import Error, migrations, transaction

logger = logging.getLogger(__name__)

SQLITE = (
    "CREATE VIRTUAL TABLE changes_search USING fts5(body, content='', detail=none, tokenize='trigram')",
    """
    INSERT INTO changes_search (rowid, body) SELECT last_sequence, c.subject_id || char(10) ||
        c.subject_name || char(10) || c.code || char(10) || c.type_name || char(10) || c.message || char(10)
        || c.detail || char(10) || c.actor_name || char(10) || c.actor_email FROM changes_change c
    """,
    """
    CREATE TRIGGER changes_search_asked BEFORE INSERT ON changes_change BEGIN INSERT INTO changes_search
        (rowid, body) VALUES (NEW.last_sequence, NEW.subject_id || char(10) || NEW.subject_name || char(10)
        || NEW.code || char(10) || NEW.type_name || char(10) || NEW.message || char(10) || NEW.detail ||
        char(10) || NEW.actor_name || char(10) || NEW.actor_email); END
    """,
    """
    CREATE TRIGGER changes_search_moved BEFORE UPDATE ON changes_change BEGIN INSERT INTO changes_search
        (changes_search, rowid, body) VALUES ('delete', OLD.last_sequence, OLD.subject_id || char(10) ||
        OLD.subject_name || char(10) || OLD.code || char(10) || OLD.type_name || char(10) || OLD.message ||
        char(10) || OLD.detail || char(10) || OLD.actor_name || char(10) || OLD.actor_email); INSERT INTO
        changes_search (rowid, body) VALUES (NEW.last_sequence, NEW.subject_id || char(10) ||
        NEW.subject_name || char(10) || NEW.code || char(10) || NEW.type_name || char(10) || NEW.message ||
        char(10) || NEW.detail || char(10) || NEW.actor_name || char(10) || NEW.actor_email); END
    """,
)

POSTGRESQL = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "DROP INDEX CONCURRENTLY IF EXISTS changes_by_text",
    """
    CREATE INDEX CONCURRENTLY changes_by_text ON changes_change USING gin (upper(subject_id || chr(10) ||
        subject_name || chr(10) || code || chr(10) || type_name || chr(10) || message || chr(10) || detail
        || chr(10) || actor_name || chr(10) || actor_email) gin_trgm_ops)
    """,
    "ANALYZE changes_change",
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
    for name in ("changes_search_asked", "changes_search_moved"):
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}")
    schema_editor.execute("DROP TABLE IF EXISTS changes_search")


class Migration(migrations.Migration):
    atomic = False  # PostgreSQL creates an index concurrently only outside a transaction
    dependencies = [("changes", "0002_triggers")]
    operations = [migrations.RunPython(create_search_index, drop_search_index, elidable=False)]
