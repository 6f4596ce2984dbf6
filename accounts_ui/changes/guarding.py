"""Whether the triggers that keep the log are all there, switched on, and do what they were made to do."""

from collections.abc import Iterator
from typing import Any, Final

from django.db.backends.base.base import BaseDatabaseWrapper

from accounts_ui.changes.triggers import CHECKPOINTS, LOG, Trigger

TABLES: Final = ("changes_event", "changes_change", "changes_checkpoint")

# pg_trigger.tgtype: BEFORE is 2, and what each word adds.
_TYPE: Final = {"ROW": 1, "STATEMENT": 0, "INSERT": 4, "DELETE": 8, "UPDATE": 16, "TRUNCATE": 32}

_POSTGRESQL: Final = """
    SELECT t.tgname, c.relname, t.tgenabled, t.tgtype, t.tgqual IS NOT NULL OR t.tgattr::text <> '',
        p.proname, p.prosrc, l.lanname = 'plpgsql' AND p.proconfig IS NULL AND NOT p.prosecdef
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
        JOIN pg_language l ON l.oid = p.prolang
    WHERE NOT t.tgisinternal AND t.tgrelid IN (
        'changes_event'::regclass, 'changes_change'::regclass, 'changes_checkpoint'::regclass)
"""
_RULES: Final = """
    SELECT rulename FROM pg_rewrite WHERE ev_class IN (
        'changes_event'::regclass, 'changes_change'::regclass, 'changes_checkpoint'::regclass)
"""


def wrong(connection: BaseDatabaseWrapper) -> list[str]:
    """A phrase for each trigger that is not as it was made, and for each that nobody made here."""
    look = _on_sqlite if connection.vendor == "sqlite" else _on_postgresql
    return sorted(look(connection, (*LOG[connection.vendor], *CHECKPOINTS[connection.vendor])))


def _rows(connection: BaseDatabaseWrapper, query: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def _on_sqlite(connection: BaseDatabaseWrapper, expected: tuple[Trigger, ...]) -> Iterator[str]:
    found = {
        name: (table, sql)
        for name, table, sql in _rows(
            connection, "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'"
        )
    }
    for trigger in expected:
        _, sql = found.pop(trigger.name, (None, None))
        if sql is None:
            yield f"{trigger.name} is missing"
        elif _plain(sql) != _plain(trigger.for_sqlite()):
            yield f"{trigger.name} was replaced by another of the same name"
    yield from (f"{name} is none of the log's" for name, (table, _) in found.items() if table in TABLES)


def _on_postgresql(connection: BaseDatabaseWrapper, expected: tuple[Trigger, ...]) -> Iterator[str]:
    found = {row[0]: row[1:] for row in _rows(connection, _POSTGRESQL)}
    bodies = {trigger.name: trigger.body() for trigger in expected}
    for trigger in expected:
        there = found.pop(trigger.name, None)
        if there is None:
            yield f"{trigger.name} is missing"
            continue
        table, enabled, kind, narrowed, function, source, plain = there
        if enabled != "A":
            yield f"{trigger.name} is switched off" if enabled == "D" else f"{trigger.name} does not fire always"
        name = trigger.function or trigger.name
        if (table, kind, narrowed, function) != (trigger.table, _type_of(trigger), False, name):
            yield f"{trigger.name} was replaced by another of the same name"
        elif _plain(source) != _plain(bodies[name]) or not plain:
            yield f"{trigger.name} has another function body"
    yield from (f"{name} is none of the log's" for name in found)
    yield from (f"the rule {name} is none of the log's" for (name,) in _rows(connection, _RULES))


def _type_of(trigger: Trigger) -> int:
    return 2 + _TYPE[trigger.level] + sum(_TYPE[word] for word in trigger.when.split(" OR "))


def _plain(text: str) -> str:
    return " ".join(text.split())
