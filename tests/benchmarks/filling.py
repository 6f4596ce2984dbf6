"""A log of many changes, written past the console by the database itself, in seconds.

Hashes only follow one another; nothing here is signed, so ``verify_changes`` has nothing to say about it
(``tests.benchmarks.signing`` makes a log that it can verify). Up to a thousand changes pass the tables' triggers. For more
these are dropped, the index of the log is filled by SQL, and the triggers are created again.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg

from accounts_ui.changes.schema.search_index import TEXTS, create_and_fill
from accounts_ui.changes.statistics.tally_sql import FILL, SLOT_SECONDS

DAYS, EACH, CODES, ADMINS = 365, 50, 8, 20
"""Each person has about so many changes, however many there are in all: a page of one person is as full."""

PLAN, PLANNED = "00000000-0000-4000-8000-000000000001", 500
"""The plan that the newest changes come from, and of how many."""
FACTS = ("organization_id", "actor_issuer", "actor_subject", "actor_name", "actor_email", "ip", "request_id", "action")
FACTS += ("subject_id", "subject_name", "code", "type_name", "before", "after", "message", "outcome", "http_status")
FACTS += ("detail", "detail_parts")
EVENT = (
    "sequence",
    "v",
    "change_id",
    "event",
    "at",
    "evidence",
    "about",
    "key_id",
    "previous_hash",
    "hash",
    "signature",
    *FACTS,
)
CHANGE = ("change_id", "requested_at", "resolved_at", "last_sequence", *FACTS)
_TRIGGERED: Final = 1_000

_WORDS: Final = {
    "sqlite": {
        "empty": "'[]'",
        "numbers": "WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {number})",
        "id": "md5(i)",
        "plan": f"'{PLAN.replace('-', '')}'",
        "now": "CAST(strftime('%s', 'now') AS REAL)",
        "at": "strftime('%Y-%m-%d %H:%M:%f', {seconds}, 'unixepoch') || '000'",
        "hash": "printf('%064x', {sequence})",
    },
    "postgresql": {
        "empty": "CAST('[]' AS jsonb)",
        "numbers": "WITH numbers AS (SELECT i FROM generate_series(1::bigint, {number}) AS i)",
        "id": "md5(i::text)::uuid",
        "plan": f"'{PLAN}'",
        "now": "extract(epoch FROM now())",
        "at": "to_timestamp({seconds})",
        "hash": "lpad(to_hex({sequence}), 64, '0')",
    },
}


def fill(database: str, number: int) -> None:
    """So many changes, two events each, evenly over a year that ends now; a plan that the last of them came from."""
    if database.startswith("sqlite:///"):
        _into_sqlite(database.removeprefix("sqlite:///"), number)
    else:
        _into_postgresql(database, number)


def _into_sqlite(path: str, number: int) -> None:
    database = sqlite3.connect(path, isolation_level=None)
    database.create_function("md5", 1, lambda i: hashlib.md5(str(i).encode()).hexdigest(), deterministic=True)
    for statement in ("PRAGMA synchronous=OFF", "PRAGMA journal_mode=OFF", "PRAGMA cache_size=-2000000", "BEGIN"):
        database.execute(statement)
    _write(database.execute, "sqlite", number)
    for statement in ("COMMIT", "PRAGMA journal_mode=WAL"):
        database.execute(statement)
    database.close()


def _into_postgresql(url: str, number: int) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        with connection.transaction():
            _write(connection.execute, "postgresql", number)
        connection.execute("VACUUM ANALYZE")


@contextmanager
def unguarded(execute: Callable[[str], Any], vendor: str) -> Iterator[None]:
    """Within it no trigger refuses or counts anything."""
    if vendor == "sqlite":
        triggers = execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        before = [f"DROP TRIGGER {name}" for name, _ in triggers]
        after = [statement for _, statement in triggers]
    else:
        query = "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal"
        triggers = execute(query).fetchall()
        before = [f"ALTER TABLE {table} DISABLE TRIGGER {name}" for table, name in triggers]
        after = [f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}" for table, name in triggers]
    for statement in before:
        execute(statement)
    yield
    for statement in after:
        execute(statement)


def _write(execute: Callable[[str], Any], vendor: str, number: int) -> None:
    if number <= _TRIGGERED:
        _write_rows(execute, vendor, number)
        return
    with unguarded(execute, vendor):
        _write_rows(execute, vendor, number)
        for statement in (*_index_rows(vendor), *FILL):
            execute(statement)


def _index_rows(vendor: str) -> Iterator[str]:
    """The index of the log, as ``changes.change_index`` makes it from texts that are ASCII."""
    slot = {
        "sqlite": "CAST(strftime('%s', c.requested_at) AS INTEGER)",
        "postgresql": "floor(extract(epoch FROM c.requested_at))::bigint",
    }
    text = "lower(" + " || char(10) || ".join(f"c.{name}" for name in TEXTS) + ")"
    yield (
        "INSERT INTO changes_actor (organization_id, subject, name, email) "
        "SELECT DISTINCT organization_id, actor_subject, actor_name, actor_email FROM changes_change"
    )
    for sign in "-'":
        text = f"replace({text}, '{sign * (2 if sign == chr(39) else 1)}', '')"
    yield (
        "INSERT INTO changes_indexedchange (change_id, organization_id, slot, action, code, actor, outcome, text) "
        f"SELECT c.change_id, c.organization_id, {slot[vendor]} / {SLOT_SECONDS}, c.action, c.code, a.id, c.outcome, "
        f"{text if vendor == 'sqlite' else text.replace('char(10)', 'chr(10)')} FROM changes_change c "
        "JOIN changes_actor a ON a.subject = c.actor_subject"
    )
    yield "INSERT INTO changes_indexposition SELECT organization_id, MAX(last_sequence) FROM changes_change GROUP BY 1"
    if vendor == "sqlite":  # PostgreSQL maintains its index itself
        yield create_and_fill("changes_search")[1]


def _write_rows(execute: Callable[[str], Any], vendor: str, number: int) -> None:
    words = _WORDS[vendor]
    execute(f"CREATE TEMPORARY TABLE made AS {words['numbers'].format(number=number)} {_made(words, number)}")
    execute(f"INSERT INTO changes_loghead VALUES ('acme', 0, '{'0' * 64}', '')")
    execute(f"INSERT INTO changes_event ({', '.join(EVENT)}) {_events(words)}")
    execute(
        "UPDATE changes_loghead SET sequence = e.sequence, hash = e.hash, key_id = e.key_id "
        f"FROM changes_event e WHERE e.sequence = {2 * number}"
    )
    if vendor == "postgresql":
        execute("ANALYZE changes_event")  # the triggers of the next table look into it
    execute(f"INSERT INTO changes_change ({', '.join(CHANGE)}) SELECT {', '.join(CHANGE)} FROM made ORDER BY i")
    execute(
        "INSERT INTO plans_plan (id, organization_id, owner_issuer, owner_subject, owner_name, action, message, columns, "
        f"note, note_parts, state, state_detail, state_detail_parts, created_at) SELECT {words['plan']}, organization_id, "
        "actor_issuer, actor_subject, actor_name, "
        f"action, '', {words['empty']}, '', {words['empty']}, 'done', '', {words['empty']}, resolved_at FROM made WHERE i = 1"
    )
    execute(
        "INSERT INTO plans_planrow (plan_id, line, subject_id, subject_name, code, wanted_status, expected_status, "
        "subject_email, message, cells, check_result, detail, "
        "detail_parts, operation_id, result, result_detail, result_detail_parts) "
        f"SELECT {words['plan']}, i, subject_id, subject_name, code, 'disabled', 'active', "
        f"'', '', '[]', 'ready', '', {words['empty']}, change_id, outcome, '', {words['empty']} "
        f"FROM made WHERE i > {number - PLANNED} ORDER BY i"
    )
    execute("DROP TABLE made")


def _made(words: dict[str, str], number: int) -> str:
    """The changes. The numbers are spread by multiplying modulo a prime, so that both databases have the same."""
    asked = f"{words['now']} - {DAYS * 86400} + {DAYS * 86400.0 / number!r} * i"

    people = max(1, number // EACH)

    def spread(factor: int, among: int) -> str:
        return f"(i * {factor} % 2147483647 / 1009 % {among})"

    facts = {
        "change_id": words["id"],
        "requested_at": words["at"].format(seconds=asked),
        "resolved_at": words["at"].format(seconds=f"{asked} + 0.04"),
        "last_sequence": "2 * i",
        "organization_id": "'acme'",
        "actor_issuer": "'https://login.example.org'",
        "actor_subject": f"'admin-' || {spread(48271, ADMINS)}",
        "actor_name": f"'Admin ' || {spread(48271, ADMINS)}",
        "actor_email": f"'admin' || {spread(48271, ADMINS)} || '@acme.example'",
        "ip": "'192.0.2.7'",
        "request_id": "'request-' || i",
        "action": f"CASE {spread(69621, 4)} WHEN 0 THEN 'assign' WHEN 1 THEN 'delete' ELSE 'change_status' END",
        "subject_id": f"'person-' || (1000000 + {spread(39373, people)})",
        "subject_name": f"'Person Number ' || {spread(39373, people)}",
        "code": f"'type-' || {spread(16807, CODES)}",
        "type_name": f"'Type ' || {spread(16807, CODES)}",
        "before": "'active'",
        "after": "'disabled'",
        "message": f"'measured, ticket ' || {spread(62089911, 100_000)}",
        "outcome": f"CASE WHEN {spread(742938285, 20)} = 7 THEN 'not_applied' ELSE 'applied' END",
        "http_status": "200",
        "detail": "''",
        "detail_parts": words["empty"],
    }
    return f"SELECT i, {', '.join(f'{value} AS {name}' for name, value in facts.items())} FROM numbers"


def _events(words: dict[str, str]) -> str:
    """Two of each change, in the order of the chain."""
    first = {
        "sequence": "2 * i - 1 + half",
        "v": "1",
        "event": "CASE half WHEN 0 THEN 'requested' ELSE outcome END",
        "at": "CASE half WHEN 0 THEN requested_at ELSE resolved_at END",
        "evidence": "NULL",
        "about": "NULL",
        "key_id": f"'{'0' * 16}'",
        "previous_hash": words["hash"].format(sequence="2 * i - 2 + half"),
        "hash": words["hash"].format(sequence="2 * i - 1 + half"),
        "signature": "''",
        "outcome": "CASE half WHEN 0 THEN 'pending' ELSE outcome END",
        "http_status": "CASE half WHEN 0 THEN NULL ELSE 200 END",
    }
    values = ", ".join(first.get(name, name) for name in EVENT)
    return f"SELECT {values} FROM made CROSS JOIN (SELECT 0 AS half UNION ALL SELECT 1) AS halves ORDER BY i, half"
