"""The triggers of the archive: an event is moved, never deleted; what is archived stays as it is.

The way into the archive has one order. A signed record of the part comes first, then the rows, each a copy of one in
the log, and only a row that the archive has goes from the log. On PostgreSQL the archive is partitioned, a partition a
record: row triggers are cloned into each by the database, the one against TRUNCATE is made with it.
"""

from typing import Final

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.utils import CursorWrapper

from accounts_ui.changes.models import ArchivedEvent
from accounts_ui.changes.schema.append_only import CHECKPOINTS, LOG, TALLY, Trigger, make
from accounts_ui.changes.schema.tallies import SHARES

COLUMNS: Final = ", ".join(str(field.column) for field in ArchivedEvent._meta.local_concrete_fields)
_NAMES: Final = COLUMNS.split(", ")

_NOT_MOVED: Final = """
    OLD.sequence = (SELECT MAX(sequence) FROM changes_event)
    OR NOT EXISTS (SELECT 1 FROM changes_archivedevent a WHERE a.sequence = OLD.sequence AND a.hash = OLD.hash)
    OR NOT EXISTS (SELECT 1 FROM changes_archive r WHERE OLD.sequence BETWEEN r.first_sequence AND r.last_sequence)
"""
_NOT_NEXT: Final = """
    NEW.first_sequence <> COALESCE((SELECT MAX(last_sequence) FROM changes_archive), 0) + 1
    OR NEW.last_sequence < NEW.first_sequence
    OR NEW.last_sequence >= (SELECT MAX(sequence) FROM changes_event)
    OR NOT EXISTS (SELECT 1 FROM changes_event e WHERE e.sequence = NEW.last_sequence AND e.hash = NEW.hash)
"""


def _not_copied(same: str) -> str:
    alike = " AND ".join(f"e.{name} {same} NEW.{name}" for name in _NAMES if name != "sequence")
    return f"NOT EXISTS (SELECT 1 FROM changes_event e WHERE e.sequence = NEW.sequence AND {alike})"


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
        Trigger("changes_event_fixed", "changes_event", "UPDATE", "", "an event is never changed"),
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
"""Those of the archive, and those of the log that let an archived event go."""

_REPLACED: Final = {"sqlite": "changes_event_kept", "postgresql": "changes_event_fixed"}


def standing(vendor: str) -> list[Trigger]:
    """All triggers that a migrated database has."""
    log = [trigger for trigger in LOG[vendor] if trigger.name != _REPLACED[vendor]]
    return [*log, *CHECKPOINTS[vendor], *TALLY[vendor], *SHARES[vendor], *ARCHIVE[vendor]]


def create_for_archive(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The forward half of the migration: let events go that the archive has."""
    vendor = schema_editor.connection.vendor
    if vendor == "postgresql":
        for statement in _PARTITIONED:
            schema_editor.execute(statement, params=None)
    _drop([_REPLACED[vendor]], "changes_event", schema_editor)
    make(ARCHIVE, schema_editor)


def drop_for_archive(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Go back to a release that knows no archive, which is possible only while nothing was archived."""
    vendor = schema_editor.connection.vendor
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT MAX(last_sequence) FROM changes_archive")
        [last] = cursor.fetchone()
    if last:
        raise RuntimeError(f"Events up to {last} were archived: the former release would find its log cut, and break.")
    for table in ("changes_event", "changes_archivedevent", "changes_archive"):
        _drop([one.name for one in ARCHIVE[vendor] if one.table == table], table, schema_editor)
    former = tuple(trigger for trigger in LOG[vendor] if trigger.name == _REPLACED[vendor])
    make({vendor: former}, schema_editor)


def make_partition(cursor: CursorWrapper, first: int, last: int) -> None:
    """Make the partition that takes these sequences. ATTACH, unlike PARTITION OF, keeps no reader waiting."""
    name = f"changes_archivedevent_{first}_{last}"
    cursor.execute(f"CREATE TABLE {name} (LIKE changes_archivedevent INCLUDING ALL)")
    cursor.execute(
        f"ALTER TABLE changes_archivedevent ATTACH PARTITION {name} FOR VALUES FROM ({first}) TO ({last + 1})"
    )
    cursor.execute(
        f"CREATE TRIGGER changes_archivedevent_emptied BEFORE TRUNCATE ON {name} "
        "FOR EACH STATEMENT EXECUTE FUNCTION changes_archivedevent_emptied()"
    )
    for trigger in ARCHIVE["postgresql"]:
        if trigger.table == "changes_archivedevent":
            cursor.execute(f"ALTER TABLE {name} ENABLE ALWAYS TRIGGER {trigger.name}")


_PARTITIONED: Final = (
    "ALTER TABLE changes_archivedevent RENAME TO changes_archivedevent_plain",
    "CREATE TABLE changes_archivedevent (LIKE changes_archivedevent_plain INCLUDING DEFAULTS INCLUDING CONSTRAINTS) "
    "PARTITION BY RANGE (sequence)",
    "DROP TABLE changes_archivedevent_plain",
    "ALTER TABLE changes_archivedevent ADD PRIMARY KEY (sequence)",
)


def _drop(names: list[str], table: str, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for name in names:
        if schema_editor.connection.vendor == "sqlite":
            schema_editor.execute(f"DROP TRIGGER {name}", params=None)
        else:
            schema_editor.execute(f"DROP TRIGGER {name} ON {table}", params=None)
            schema_editor.execute(f"DROP FUNCTION {name}()", params=None)
