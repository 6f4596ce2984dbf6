"""The triggers of the archive: an event is moved, never deleted, and an archived event is never changed.

The triggers enforce the order of archiving. First comes the signed record of the part, then its rows, each a copy of a
row in the log; only then can a row be deleted from the log. On PostgreSQL the archive has one partition per run.
The database clones row triggers into each partition; ``make_partition`` creates the trigger against TRUNCATE.
"""

from typing import Final

from django.db.backends.utils import CursorWrapper

from accounts_ui.changes.models import Event
from accounts_ui.changes.schema.append_only import CHECKPOINTS, LOG, Trigger

COLUMNS: Final = ", ".join(str(field.column) for field in Event._meta.local_concrete_fields)
_NAMES: Final = COLUMNS.split(", ")

_NOT_MOVED: Final = """
    NOT EXISTS (SELECT 1 FROM changes_event e
        WHERE e.organization_id = OLD.organization_id AND e.sequence > OLD.sequence)
    OR NOT EXISTS (SELECT 1 FROM changes_archivedevent a
        WHERE a.organization_id = OLD.organization_id AND a.sequence = OLD.sequence AND a.hash = OLD.hash)
    OR NOT EXISTS (SELECT 1 FROM changes_archive r
        WHERE r.organization_id = OLD.organization_id AND OLD.sequence BETWEEN r.first_sequence AND r.last_sequence)
"""
_RECORDS: Final = "FROM changes_archive WHERE organization_id = NEW.organization_id"
_OWN: Final = "SELECT 1 FROM changes_event e WHERE e.organization_id = NEW.organization_id"
_NOT_NEXT: Final = f"""
    NEW.first_sequence <> COALESCE((SELECT MAX(last_sequence) {_RECORDS}), 0) + 1
    OR NEW.run <= COALESCE((SELECT MAX(run) {_RECORDS}), 0)
    OR NEW.last_sequence < NEW.first_sequence
    OR NOT EXISTS ({_OWN} AND e.sequence > NEW.last_sequence)
    OR NOT EXISTS ({_OWN} AND e.sequence = NEW.last_sequence AND e.hash = NEW.hash)
"""


def _not_copied(same: str) -> str:
    key = ("organization_id", "sequence")
    alike = " AND ".join(f"e.{name} {same} NEW.{name}" for name in _NAMES if name not in key)
    return (
        f"NOT EXISTS ({_OWN} AND e.sequence = NEW.sequence AND {alike}) "
        "OR NOT EXISTS (SELECT 1 FROM changes_archive r WHERE r.organization_id = NEW.organization_id "
        "AND r.run = NEW.run AND NEW.sequence BETWEEN r.first_sequence AND r.last_sequence)"
    )


_MOVED: Final = "an event is never deleted, only moved into the archive"
_COPIED: Final = "the archive takes only what is in the log"
_FIXED: Final = "what is archived is never changed or deleted"
_RECORDED: Final = "an archive goes on where the former one ends, with events of the log"
_RECORD: Final = "the record of an archive is never changed or deleted"

ARCHIVE: Final = {
    "sqlite": (
        Trigger("changes_event_kept", "changes_event", "DELETE", _NOT_MOVED, _MOVED),
        Trigger("changes_archivedevent_copied", "changes_archivedevent", "INSERT", _not_copied("IS"), _COPIED),
        Trigger("changes_archivedevent_fixed", "changes_archivedevent", "UPDATE", "", _FIXED),
        Trigger("changes_archivedevent_kept", "changes_archivedevent", "DELETE", "", _FIXED),
        Trigger("changes_archive_next", "changes_archive", "INSERT", _NOT_NEXT, _RECORDED),
        Trigger("changes_archive_fixed", "changes_archive", "UPDATE", "", _RECORD),
        Trigger("changes_archive_kept", "changes_archive", "DELETE", "", _RECORD),
    ),
    "postgresql": (
        Trigger("changes_event_moved", "changes_event", "DELETE", _NOT_MOVED, _MOVED, returns="OLD"),
        Trigger(
            "changes_archivedevent_copied",
            "changes_archivedevent",
            "INSERT",
            _not_copied("IS NOT DISTINCT FROM"),
            _COPIED,
        ),
        Trigger("changes_archivedevent_fixed", "changes_archivedevent", "UPDATE OR DELETE", "", _FIXED),
        Trigger("changes_archivedevent_emptied", "changes_archivedevent", "TRUNCATE", "", _FIXED, "STATEMENT"),
        Trigger("changes_archive_next", "changes_archive", "INSERT", _NOT_NEXT, _RECORDED),
        Trigger("changes_archive_fixed", "changes_archive", "UPDATE OR DELETE", "", _RECORD),
        Trigger("changes_archive_emptied", "changes_archive", "TRUNCATE", "", _RECORD, "STATEMENT"),
    ),
}
"""Triggers of the archive, and the triggers of the log that allow archived events to be deleted from it."""


def expected_triggers(vendor: str) -> list[Trigger]:
    """Return all triggers that a migrated database has."""
    return [*LOG[vendor], *CHECKPOINTS[vendor], *ARCHIVE[vendor]]


def make_partition(cursor: CursorWrapper, run: int) -> None:
    """Create the partition of an archive run. ATTACH, unlike PARTITION OF, does not block readers."""
    name = f"changes_archivedevent_{run}"
    cursor.execute(f"CREATE TABLE {name} (LIKE changes_archivedevent INCLUDING ALL)")
    cursor.execute(f"ALTER TABLE changes_archivedevent ATTACH PARTITION {name} FOR VALUES IN ({run})")
    cursor.execute(
        f"CREATE TRIGGER changes_archivedevent_emptied BEFORE TRUNCATE ON {name} "
        "FOR EACH STATEMENT EXECUTE FUNCTION changes_archivedevent_emptied()"
    )
    for trigger in ARCHIVE["postgresql"]:
        if trigger.table == "changes_archivedevent":
            cursor.execute(f"ALTER TABLE {name} ENABLE ALWAYS TRIGGER {trigger.name}")
