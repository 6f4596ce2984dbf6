"""The triggers that keep the log append-only, on both databases.

An event is never updated or deleted, and only the next one of the chain is inserted. A change is never deleted; it is
inserted with its ``requested`` event, and updated only to what its newest event says, in the columns that may move.
"""

from typing import Final

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

FROZEN: Final = [
    "change_id",
    "organization_id",
    "actor_issuer",
    "actor_subject",
    "actor_name",
    "actor_email",
    "ip",
    "request_id",
    "action",
    "subject_id",
    "subject_name",
    "code",
    "type_name",
    "before",
    "message",
    "requested_at",
]

NAMES: Final = (
    "changes_event_fixed",
    "changes_event_kept",
    "changes_event_next",
    "changes_change_kept",
    "changes_change_follows",
    "changes_change_opens",
)

_ZEROS: Final = "0" * 64


def _moved(same: str) -> str:
    return " OR ".join(f"NOT (NEW.{column} {same} OLD.{column})" for column in FROZEN)


_NEXT: Final = f"""
    NEW.sequence <> COALESCE((SELECT MAX(sequence) FROM changes_event), 0) + 1
    OR NEW.previous_hash <> COALESCE((SELECT hash FROM changes_event ORDER BY sequence DESC LIMIT 1), '{_ZEROS}')
"""
_UNTRUE: Final = """
    NOT EXISTS (SELECT 1 FROM changes_event e WHERE e.change_id = NEW.change_id AND e.sequence = NEW.last_sequence
        AND e.outcome = NEW.outcome
        AND e.sequence = (SELECT MAX(sequence) FROM changes_event WHERE change_id = NEW.change_id))
"""


def _sqlite() -> list[str]:
    def trigger(name: str, when: str, condition: str, message: str) -> str:
        table = "changes_event" if name.startswith("changes_event") else "changes_change"
        guard = f"WHEN {condition}" if condition else ""
        return f"CREATE TRIGGER {name} BEFORE {when} ON {table} {guard} BEGIN SELECT RAISE(ABORT, '{message}'); END"

    return [
        trigger("changes_event_fixed", "UPDATE", "", "an event is never changed"),
        trigger("changes_event_kept", "DELETE", "", "an event is never deleted"),
        trigger("changes_event_next", "INSERT", _NEXT, "an event is appended to the end of the chain"),
        trigger("changes_change_kept", "DELETE", "", "a change is never deleted"),
        trigger(
            "changes_change_follows", "UPDATE", f"{_moved('IS')} OR {_UNTRUE}", "a change says what its events say"
        ),
        trigger("changes_change_opens", "INSERT", _UNTRUE, "a change begins with its requested event"),
    ]


def _postgresql() -> list[str]:
    def function(name: str, condition: str, message: str) -> str:
        return (
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF {condition} THEN RAISE EXCEPTION '{message}'; END IF; RETURN NEW; END $$"
        )

    def trigger(name: str, when: str, table: str, level: str = "ROW") -> list[str]:
        # ALWAYS: a session that plays replica does not slip past.
        return [
            f"CREATE TRIGGER {name} BEFORE {when} ON {table} FOR EACH {level} EXECUTE FUNCTION {name}()",
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}",
        ]

    follows = f"{_moved('IS NOT DISTINCT FROM')} OR {_UNTRUE}"
    return [
        function("changes_event_fixed", "TRUE", "an event is never changed or deleted"),
        *trigger("changes_event_fixed", "UPDATE OR DELETE", "changes_event"),
        function("changes_event_kept", "TRUE", "the log is never emptied"),
        *trigger("changes_event_kept", "TRUNCATE", "changes_event", "STATEMENT"),
        function("changes_event_next", _NEXT, "an event is appended to the end of the chain"),
        *trigger("changes_event_next", "INSERT", "changes_event"),
        function("changes_change_kept", "TRUE", "a change is never deleted"),
        *trigger("changes_change_kept", "DELETE", "changes_change"),
        "CREATE TRIGGER changes_change_emptied BEFORE TRUNCATE ON changes_change "
        "FOR EACH STATEMENT EXECUTE FUNCTION changes_change_kept()",
        "ALTER TABLE changes_change ENABLE ALWAYS TRIGGER changes_change_emptied",
        function("changes_change_follows", follows, "a change says what its events say"),
        *trigger("changes_change_follows", "UPDATE", "changes_change"),
        function("changes_change_opens", _UNTRUE, "a change begins with its requested event"),
        *trigger("changes_change_opens", "INSERT", "changes_change"),
    ]


def create(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The forward half of the migration."""
    statements = {"sqlite": _sqlite, "postgresql": _postgresql}.get(schema_editor.connection.vendor)
    if statements is None:
        raise NotImplementedError("The change log is kept on SQLite or PostgreSQL: see DATABASE_URL.")
    for statement in statements():
        schema_editor.execute(statement, params=None)


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """The triggers that should be there and are not, or are switched off."""
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if connection.vendor == "sqlite"
        else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'A'"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        there = {row[0] for row in cursor.fetchall()}
    return [name for name in NAMES if name not in there]
