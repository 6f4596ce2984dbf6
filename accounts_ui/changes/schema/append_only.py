"""The triggers that keep the log append-only, on both databases.

An event is never updated, only the next event of its log is inserted, and an event is deleted only if the archive has
it and a record of that (``schema.archive``). The row of a log's head begins before the first event, is updated only to
what the newest event says, and never deleted. A change is never deleted; it is inserted with its ``requested`` event,
and updated only to what its newest event says, in the columns that may change. A checkpoint is never deleted, and
updated only once: when it was delivered.

This is what the code expects of a migrated database (``schema.trigger_check`` compares). The migrations have statements
of their own, frozen: change a trigger here and add a migration that replaces it.
"""

from dataclasses import dataclass
from typing import Final

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

_ZEROS: Final = "0" * 64
_OWN: Final = "SELECT 1 FROM changes_event e WHERE e.organization_id = NEW.organization_id"
_NEXT: Final = f"""
    EXISTS ({_OWN} AND e.sequence >= NEW.sequence)
    OR NOT (NEW.sequence = 1 AND NEW.previous_hash = '{_ZEROS}'
        OR EXISTS ({_OWN} AND e.sequence = NEW.sequence - 1 AND e.hash = NEW.previous_hash))
"""
_UNTRUE: Final = f"""
    NOT EXISTS ({_OWN} AND e.sequence = NEW.last_sequence AND e.change_id = NEW.change_id AND e.outcome = NEW.outcome)
    OR EXISTS ({_OWN} AND e.sequence > NEW.last_sequence AND e.change_id = NEW.change_id)
"""
_NOT_EMPTY: Final = f"NEW.sequence <> 0 OR NEW.hash <> '{_ZEROS}' OR NEW.key_id <> '' OR EXISTS ({_OWN})"
_NO_HEAD: Final = f"""
    NEW.organization_id <> OLD.organization_id OR NEW.sequence <= OLD.sequence
    OR NOT EXISTS ({_OWN} AND e.sequence = NEW.sequence AND e.hash = NEW.hash AND e.key_id = NEW.key_id)
    OR EXISTS ({_OWN} AND e.sequence > NEW.sequence)
"""
_STATEMENT: Final = ("organization_id", "size", "root", "at", "key_id", "note", "tree", "leaves")


def _moved(columns: list[str] | tuple[str, ...], same: str) -> str:
    return " OR ".join(f"NOT (NEW.{column} {same} OLD.{column})" for column in columns)


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger that, if ``condition`` holds, runs ``does`` or, without that, rejects with ``message``."""

    name: str
    table: str
    when: str
    condition: str
    message: str
    level: str = "ROW"
    function: str = ""  # PostgreSQL: the function of another trigger
    does: str = ""
    returns: str = "NEW"  # PostgreSQL: the row that the trigger returns, OLD for a DELETE
    timing: str = "BEFORE"

    def for_sqlite(self) -> str:
        """Return the statement that creates it on SQLite."""
        guard = f"WHEN {self.condition}" if self.condition else ""
        act = self.does or f"SELECT RAISE(ABORT, '{self.message}')"
        return f"CREATE TRIGGER {self.name} {self.timing} {self.when} ON {self.table} {guard} BEGIN {act}; END"

    def body(self) -> str:
        """Return the body of its function on PostgreSQL."""
        act = self.does or f"RAISE EXCEPTION '{self.message}'"
        return f" BEGIN IF {self.condition or 'TRUE'} THEN {act}; END IF; RETURN {self.returns}; END "

    def for_postgresql(self, schema: str) -> list[str]:
        """Return the statements that create it on PostgreSQL. ALWAYS: it fires in replica sessions, too.

        Its function looks up tables in ``schema`` only, so that a session's temporary table cannot stand in for one.
        """
        function = self.function or self.name
        path = f"SET search_path = pg_catalog, {schema}, pg_temp"
        made = (
            []
            if self.function
            else [f"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql {path} AS $${self.body()}$$"]
        )
        return [
            *made,
            f"CREATE TRIGGER {self.name} {self.timing} {self.when} ON {self.table} "
            f"FOR EACH {self.level} EXECUTE FUNCTION {function}()",
            f"ALTER TABLE {self.table} ENABLE ALWAYS TRIGGER {self.name}",
        ]


_OTHER: Final = "a change says what its events say"
_OPENS: Final = "a change begins with its requested event"
_BEGINS: Final = "a log begins without an event"
_HEAD: Final = "the head of a log says what its newest event says"
_KEPT: Final = "the head of a log is never deleted"
_FIXED: Final = "a checkpoint is never changed, but for when it was delivered"

LOG: Final = {
    "sqlite": (
        Trigger("changes_event_fixed", "changes_event", "UPDATE", "", "an event is never changed"),
        Trigger("changes_event_next", "changes_event", "INSERT", _NEXT, "an event is appended to the end of its log"),
        Trigger("changes_loghead_begins", "changes_loghead", "INSERT", _NOT_EMPTY, _BEGINS),
        Trigger("changes_loghead_follows", "changes_loghead", "UPDATE", _NO_HEAD, _HEAD),
        Trigger("changes_loghead_kept", "changes_loghead", "DELETE", "", _KEPT),
        Trigger("changes_change_kept", "changes_change", "DELETE", "", "a change is never deleted"),
        Trigger("changes_change_follows", "changes_change", "UPDATE", f"{_moved(FROZEN, 'IS')} OR {_UNTRUE}", _OTHER),
        Trigger("changes_change_opens", "changes_change", "INSERT", _UNTRUE, _OPENS),
    ),
    "postgresql": (
        Trigger("changes_event_fixed", "changes_event", "UPDATE", "", "an event is never changed"),
        Trigger("changes_event_kept", "changes_event", "TRUNCATE", "", "the log is never emptied", "STATEMENT"),
        Trigger("changes_event_next", "changes_event", "INSERT", _NEXT, "an event is appended to the end of its log"),
        # AFTER: two writers can begin a log at once. The second one's row, which it then does not insert, is no fault.
        Trigger("changes_loghead_begins", "changes_loghead", "INSERT", _NOT_EMPTY, _BEGINS, timing="AFTER"),
        Trigger("changes_loghead_follows", "changes_loghead", "UPDATE", _NO_HEAD, _HEAD),
        Trigger("changes_loghead_kept", "changes_loghead", "DELETE", "", _KEPT),
        Trigger(
            "changes_loghead_emptied", "changes_loghead", "TRUNCATE", "", _KEPT, "STATEMENT", "changes_loghead_kept"
        ),
        Trigger("changes_change_kept", "changes_change", "DELETE", "", "a change is never deleted"),
        Trigger(
            "changes_change_emptied",
            "changes_change",
            "TRUNCATE",
            "",
            "a change is never deleted",
            "STATEMENT",
            "changes_change_kept",
        ),
        Trigger(
            "changes_change_follows",
            "changes_change",
            "UPDATE",
            f"{_moved(FROZEN, 'IS NOT DISTINCT FROM')} OR {_UNTRUE}",
            _OTHER,
        ),
        Trigger("changes_change_opens", "changes_change", "INSERT", _UNTRUE, _OPENS),
    ),
}
"""Triggers of events, heads and changes. ``schema.archive`` has those that allow archived events to be deleted."""

CHECKPOINTS: Final = {
    "sqlite": (
        Trigger("changes_checkpoint_kept", "changes_checkpoint", "DELETE", "", "a checkpoint is never deleted"),
        Trigger(
            "changes_checkpoint_fixed",
            "changes_checkpoint",
            "UPDATE",
            f"OLD.delivered_at IS NOT NULL OR {_moved(_STATEMENT, 'IS')}",
            _FIXED,
        ),
    ),
    "postgresql": (
        Trigger("changes_checkpoint_kept", "changes_checkpoint", "DELETE", "", "a checkpoint is never deleted"),
        Trigger(
            "changes_checkpoint_emptied",
            "changes_checkpoint",
            "TRUNCATE",
            "",
            "a checkpoint is never deleted",
            "STATEMENT",
            "changes_checkpoint_kept",
        ),
        Trigger(
            "changes_checkpoint_fixed",
            "changes_checkpoint",
            "UPDATE",
            f"OLD.delivered_at IS NOT NULL OR {_moved(_STATEMENT, 'IS NOT DISTINCT FROM')}",
            _FIXED,
        ),
    ),
}
"""Triggers of checkpoints."""
