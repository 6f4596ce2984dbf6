"""Check that the triggers that protect the log all exist, are enabled and are unmodified."""

from collections.abc import Iterator
from typing import Any, Final

from django.db.backends.base.base import BaseDatabaseWrapper

from accounts_ui.changes.schema.append_only import Trigger
from accounts_ui.changes.schema.archive import expected_triggers
from accounts_ui.changes.schema.search_index import SEARCH, is_built

TABLES: Final = (
    "changes_event",
    "changes_loghead",
    "changes_change",
    "changes_checkpoint",
    "changes_archivedevent",
    "changes_archive",
)
_PARTITIONED: Final = "changes_archivedevent"

# pg_trigger.tgtype: the sum of the bits of these words.
_TYPE: Final = {
    "AFTER": 0,
    "BEFORE": 2,
    "ROW": 1,
    "STATEMENT": 0,
    "INSERT": 4,
    "DELETE": 8,
    "UPDATE": 16,
    "TRUNCATE": 32,
}

_PARTITIONS: Final = f"SELECT inhrelid FROM pg_inherits WHERE inhparent = '{_PARTITIONED}'::regclass"
_PARTITION_NAMES: Final = f"SELECT relname FROM pg_class WHERE oid IN ({_PARTITIONS})"
_TABLES: Final = "::regclass, ".join(f"'{table}'" for table in TABLES)
_POSTGRESQL: Final = f"""
    SELECT c.relname, t.tgname, t.tgenabled, t.tgtype, t.tgqual IS NOT NULL OR t.tgattr::text <> '',
        p.proname, p.prosrc, l.lanname = 'plpgsql' AND NOT p.prosecdef
            AND p.proconfig IS NOT DISTINCT FROM ARRAY[format('search_path=pg_catalog, %I, pg_temp', n.nspname)]
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_proc p ON p.oid = t.tgfoid
        JOIN pg_language l ON l.oid = p.prolang
    WHERE NOT t.tgisinternal AND (t.tgrelid IN ({_TABLES}::regclass) OR t.tgrelid IN ({_PARTITIONS}))
"""
_RULES: Final = f"""
    SELECT rulename FROM pg_rewrite WHERE ev_class IN ({_TABLES}::regclass) OR ev_class IN ({_PARTITIONS})
"""


def trigger_problems(connection: BaseDatabaseWrapper) -> list[str]:
    """Return a phrase for each trigger that is missing, disabled or modified, and for each unexpected one."""
    look = _on_sqlite if connection.vendor == "sqlite" else _on_postgresql
    search = SEARCH if connection.vendor == "sqlite" and is_built(connection) else ()
    return sorted(look(connection, [*expected_triggers(connection.vendor), *search]))


def _rows(connection: BaseDatabaseWrapper, query: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def _on_sqlite(connection: BaseDatabaseWrapper, expected: list[Trigger]) -> Iterator[str]:
    actual = {
        name: (table, sql)
        for name, table, sql in _rows(
            connection, "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'"
        )
    }
    for trigger in expected:
        _, sql = actual.pop(trigger.name, (None, None))
        if sql is None:
            yield f"{trigger.name} is missing"
        elif _plain(sql) != _plain(trigger.for_sqlite()):
            yield f"{trigger.name} was replaced by another of the same name"
    yield from (f"{name} does not belong to the log" for name, (table, _) in actual.items() if table in TABLES)


def _on_postgresql(connection: BaseDatabaseWrapper, expected: list[Trigger]) -> Iterator[str]:
    actual = {row[:2]: row[2:] for row in _rows(connection, _POSTGRESQL)}
    partitions = [name for (name,) in _rows(connection, _PARTITION_NAMES)]
    bodies = {trigger.name: trigger.body() for trigger in expected}
    for trigger in expected:
        tables = [trigger.table, *(partitions if trigger.table == _PARTITIONED else [])]
        for table in tables:
            actual_trigger = actual.pop((table, trigger.name), None)
            name = trigger.name if table == trigger.table else f"{trigger.name} of {table}"
            yield from (f"{name} {what}" for what in _differences(trigger, actual_trigger, bodies))
    yield from (f"{name} does not belong to the log" for _, name in actual)
    yield from (f"the rule {name} does not belong to the log" for (name,) in _rows(connection, _RULES))


def _differences(trigger: Trigger, actual: tuple[Any, ...] | None, bodies: dict[str, str]) -> Iterator[str]:
    """Yield how the trigger differs from what is expected, in words that follow its name."""
    if actual is None:
        yield "is missing"
        return
    enabled, kind, narrowed, function, source, plain = actual
    if enabled != "A":
        yield "is switched off" if enabled == "D" else "does not fire always"
    name = trigger.function or trigger.name
    if (kind, narrowed, function) != (_type_of(trigger), False, name):
        yield "was replaced by another of the same name"
    elif _plain(source) != _plain(bodies[name]) or not plain:
        yield "has another function body or search path"


def _type_of(trigger: Trigger) -> int:
    return _TYPE[trigger.timing] + _TYPE[trigger.level] + sum(_TYPE[word] for word in trigger.when.split(" OR "))


def _plain(text: str) -> str:
    return " ".join(text.split())
