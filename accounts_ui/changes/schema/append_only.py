"""The triggers that keep the log append-only, on both databases.

An event is never updated, only the next event of the chain is inserted, and an event is deleted only if the archive has
it and a record of that (``schema.archive``). A change is never deleted; it is inserted with its ``requested`` event,
and updated only to what its newest event says, in the columns that may change. A checkpoint is never deleted, and
updated only once: when it was delivered. Two more triggers maintain the tally: how many changes of each half hour have
which outcome, whoever writes them (``schema.tallies`` has the triggers of its shares).

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
_NEXT: Final = f"""
    NEW.sequence <> COALESCE((SELECT MAX(sequence) FROM changes_event), 0) + 1
    OR NEW.previous_hash <> COALESCE((SELECT hash FROM changes_event ORDER BY sequence DESC LIMIT 1), '{_ZEROS}')
"""
_UNTRUE: Final = """
    NOT EXISTS (SELECT 1 FROM changes_event e WHERE e.change_id = NEW.change_id AND e.sequence = NEW.last_sequence
        AND e.outcome = NEW.outcome
        AND e.sequence = (SELECT MAX(sequence) FROM changes_event WHERE change_id = NEW.change_id))
"""
_STATEMENT: Final = ("sequence", "hash", "at", "key_id", "signature")


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

    def for_sqlite(self) -> str:
        """Return the statement that creates it on SQLite."""
        guard = f"WHEN {self.condition}" if self.condition else ""
        act = self.does or f"SELECT RAISE(ABORT, '{self.message}')"
        return f"CREATE TRIGGER {self.name} BEFORE {self.when} ON {self.table} {guard} BEGIN {act}; END"

    def body(self) -> str:
        """Return the body of its function on PostgreSQL."""
        act = self.does or f"RAISE EXCEPTION '{self.message}'"
        return f" BEGIN IF {self.condition or 'TRUE'} THEN {act}; END IF; RETURN {self.returns}; END "

    def for_postgresql(self) -> list[str]:
        """Return the statements that create it on PostgreSQL. ALWAYS: it fires in replica sessions, too."""
        function = self.function or self.name
        made = (
            []
            if self.function
            else [f"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $${self.body()}$$"]
        )
        return [
            *made,
            f"CREATE TRIGGER {self.name} BEFORE {self.when} ON {self.table} "
            f"FOR EACH {self.level} EXECUTE FUNCTION {function}()",
            f"ALTER TABLE {self.table} ENABLE ALWAYS TRIGGER {self.name}",
        ]

    def away(self, vendor: str) -> list[str]:
        """Return the statements that drop it."""
        if vendor == "sqlite":
            return [f"DROP TRIGGER {self.name}"]
        function = [] if self.function else [f"DROP FUNCTION {self.name}()"]
        return [f"DROP TRIGGER {self.name} ON {self.table}", *function]


_OTHER: Final = "a change says what its events say"
_OPENS: Final = "a change begins with its requested event"
_FIXED: Final = "a checkpoint is never changed, but for when it was delivered"

LOG: Final = {
    "sqlite": (
        Trigger("changes_event_fixed", "changes_event", "UPDATE", "", "an event is never changed"),
        Trigger("changes_event_next", "changes_event", "INSERT", _NEXT, "an event is appended to the end of the chain"),
        Trigger("changes_change_kept", "changes_change", "DELETE", "", "a change is never deleted"),
        Trigger("changes_change_follows", "changes_change", "UPDATE", f"{_moved(FROZEN, 'IS')} OR {_UNTRUE}", _OTHER),
        Trigger("changes_change_opens", "changes_change", "INSERT", _UNTRUE, _OPENS),
    ),
    "postgresql": (
        Trigger("changes_event_fixed", "changes_event", "UPDATE", "", "an event is never changed"),
        Trigger("changes_event_kept", "changes_event", "TRUNCATE", "", "the log is never emptied", "STATEMENT"),
        Trigger("changes_event_next", "changes_event", "INSERT", _NEXT, "an event is appended to the end of the chain"),
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
"""Triggers of events and changes. ``schema.archive`` has those that allow archived events to be deleted."""

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

_AT: Final = "NEW.requested_at"
SLOT_SECONDS: Final = 1800  # nearly all time zones are whole half hours from UTC
OUTCOMES: Final = ("pending", "applied", "not_applied", "unknown")
SLOTS: Final = {
    "sqlite": f"CAST(strftime('%s', {{at}}) AS INTEGER) / {SLOT_SECONDS}",
    "postgresql": f"FLOOR(EXTRACT(EPOCH FROM {{at}}))::bigint / {SLOT_SECONDS}",
}


def _add(slot: str, number: str) -> str:
    """Return the SQL that adds ``number``, an expression per outcome, to the counts of a half hour."""
    numbers = ", ".join(number.format(outcome=outcome) for outcome in OUTCOMES)
    sums = ", ".join(f"{outcome} = changes_tally.{outcome} + excluded.{outcome}" for outcome in OUTCOMES)
    return (
        f"INSERT INTO changes_tally (organization_id, slot, {', '.join(OUTCOMES)}) "
        f"VALUES (NEW.organization_id, {slot}, {numbers}) ON CONFLICT (organization_id, slot) DO UPDATE SET {sums}"
    )


_IS: Final = "CASE WHEN {row}.outcome = '{{outcome}}' THEN 1 ELSE 0 END"
MORE: Final = _IS.format(row="NEW")
MOVES: Final = f"{MORE} - {_IS.format(row='OLD')}"

TALLY: Final[dict[str, tuple[Trigger, ...]]] = {
    vendor: (
        Trigger("changes_tally_asked", "changes_change", "INSERT", "", "", does=_add(slot.format(at=_AT), MORE)),
        Trigger(
            "changes_tally_moved",
            "changes_change",
            "UPDATE",
            "NEW.outcome <> OLD.outcome",
            "",
            does=_add(slot.format(at=_AT), MOVES),
        ),
    )
    for vendor, slot in SLOTS.items()
}
"""Triggers that maintain the tally."""


SUMS: Final = ", ".join(f"SUM(CASE WHEN outcome = '{outcome}' THEN 1 ELSE 0 END)" for outcome in OUTCOMES)


def count_query(vendor: str) -> str:
    """Return the query that computes the tally: organization, slot, and the number of each outcome."""
    slot = SLOTS[vendor].format(at="requested_at")
    return f"SELECT organization_id, {slot}, {SUMS} FROM changes_change GROUP BY 1, 2"


def fill_tally(vendor: str) -> str:
    """Return the statement that fills the tally from the existing changes."""
    return f"INSERT INTO changes_tally (organization_id, slot, {', '.join(OUTCOMES)}) {count_query(vendor)}"
