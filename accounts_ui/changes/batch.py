"""Write a batch of appends to a log whose head is locked: one query to check all of it, few to write all of it."""

import copy
import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any, Final

from django.db import Error, connection, transaction
from django.db.models import Model

from accounts_ui.changes.appends import COLUMNS_OF_OUTCOME, Append, Draft, KnownChanges, Opening, move_on
from accounts_ui.changes.chain import keys, records
from accounts_ui.changes.chain.locking import begin_and_lock, lock_log
from accounts_ui.changes.chain.records import key_id, record_hash, record_of, sign
from accounts_ui.changes.key_change import key_change_event
from accounts_ui.changes.models import OPEN_OUTCOMES, Change, Event, LogHead, facts_of
from console import clock

_MOVING: Final = (*COLUMNS_OF_OUTCOME, "last_sequence", "resolved_at")


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one append: its event and its change as they were then, or why there is none.

    ``event`` is ``None`` if there was nothing to append, ``change`` for a statement. ``key_changed`` is the event with
    which a new signing key began, if that had to come first.
    """

    event: Event | None = None
    change: Change | None = None
    error: Exception | None = None
    key_changed: Event | None = None


class _Batch:
    """What a batch writes, in the order of the log."""

    def __init__(self, head: LogHead, known: KnownChanges) -> None:
        self._head, self._known = head, known
        self._key = keys.signing_key()
        self._key_id = key_id(self._key.public_key())
        self.events: list[Event] = []
        self.opened: dict[Any, Change] = {}
        self.moved: dict[Any, Change] = {}
        self.key_changed = key_change_event(head)
        if self.key_changed:
            self._append(self.key_changed)

    def add(self, append: Append) -> Written:
        """Decide and seal one append. One that cannot be appended leaves no trace."""
        try:
            decision = append.decide(self._known)
            if not isinstance(decision, Draft):
                return Written(change=copy.copy(decision))
            event = self._seal(decision)
        except Exception as error:  # noqa: BLE001  (its own caller gets it; the others of the batch go on)
            return Written(error=error)
        self._append(event)
        return Written(event, copy.copy(self._project(decision, event)))

    def _append(self, event: Event) -> None:
        self.events.append(event)
        self._head.sequence, self._head.hash, self._head.key_id = event.sequence, event.hash, event.key_id

    def _seal(self, draft: Draft) -> Event:
        event = Event(
            v=records.CURRENT_VERSION,
            sequence=self._head.sequence + 1,
            change_id=draft.change_id,
            event=draft.kind,
            at=clock.now(),
            evidence=draft.evidence,
            about=draft.about,
            key_id=self._key_id,
            previous_hash=self._head.hash,
            **draft.facts,
        )
        event.hash = record_hash(record_of(event))
        event.signature = sign(self._key, bytes.fromhex(event.hash))
        return event

    def _project(self, draft: Draft, event: Event) -> Change | None:
        """Return the change as the event leaves it."""
        if draft.change_id is None:
            return None
        if draft.change is not None:
            move_on(draft.change, event)
            if draft.change_id not in self.opened:
                self.moved[draft.change_id] = draft.change
            return draft.change
        facts = facts_of(event)
        change = Change(change_id=draft.change_id, requested_at=event.at, last_sequence=event.sequence, **facts)
        self._known.add(change)
        self.opened[draft.change_id] = change
        return change


class LockedLog:
    """An organization's log that this transaction has locked. ``write`` appends to it and commits.

    On PostgreSQL a batch takes three round trips, since whoever else appends waits for each of them: begin and lock,
    read what is known, write and commit.
    """

    def __init__(self, organization_id: str, *, seconds: float) -> None:
        self._organization_id, self._seconds = organization_id, seconds
        self._open = ExitStack()

    def __enter__(self) -> "LockedLog":
        """Begin the transaction and lock the head, for which it waits ``seconds`` at most."""
        if connection.vendor == "postgresql":
            self._open.push(_roll_back)
            self._head = begin_and_lock(self._organization_id, seconds=self._seconds)
        else:
            self._open.enter_context(transaction.atomic(durable=True))
            self._head = lock_log(self._organization_id)
        return self

    def __exit__(self, *error: Any) -> bool | None:
        """Roll back, unless it was committed."""
        return self._open.__exit__(*error)

    def write(self, appends: Sequence[Append]) -> list[Written]:
        """Append what can be appended, in this order, commit, and return what became of each.

        A new signing key begins with an event of its own, also if nothing else is appended.

        Raises:
            django.db.Error: nothing was written.

        """
        batch = _Batch(self._head, KnownChanges(_read_known(self._organization_id, appends)))
        written = [batch.add(append) for append in appends] or [Written()]
        _write_rows(batch, self._head)
        return [replace(written[0], key_changed=batch.key_changed), *written[1:]]


def _roll_back(kind: type[BaseException] | None, *_: object) -> None:
    """End a transaction that was not committed. A connection that cannot even do that is of no more use."""
    if kind is None:
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("ROLLBACK")
    except Error:
        connection.close()


_KNOWN_BY_ID: Final = "SELECT * FROM changes_change WHERE change_id IN ({ids})"
_KNOWN_BY_ACCOUNT: Final = {
    "sqlite": "SELECT c.* FROM changes_change c WHERE (c.subject_id, c.code) IN (VALUES {accounts})",
    "postgresql": (
        "SELECT c.* FROM (VALUES {accounts}) AS a (subject_id, code) JOIN changes_change c "
        "ON c.subject_id = a.subject_id AND c.code = a.code WHERE TRUE"
    ),
}
_OPEN: Final = ", ".join(f"'{outcome.value}'" for outcome in OPEN_OUTCOMES)
_CONFLICTING: Final = f" AND c.organization_id = %s AND (c.outcome IN ({_OPEN}) OR c.last_sequence > %s)"


def _read_known(organization_id: str, appends: Sequence[Append]) -> list[Change]:
    """Return the changes with these ids, and those of the accounts of new changes that may stand in their way."""
    ids = {append.change_id for append in appends if append.change_id is not None}
    if not ids:
        return []
    query = _KNOWN_BY_ID.format(ids=", ".join(["%s"] * len(ids)))
    parameters: list[Any] = [_ID.get_db_prep_value(change_id, connection) for change_id in ids]
    openings = [append for append in appends if isinstance(append, Opening)]
    if openings:
        accounts = {opening.account for opening in openings}
        values = ", ".join(["(%s, %s)"] * len(accounts))
        query += f" UNION ALL {_KNOWN_BY_ACCOUNT[connection.vendor].format(accounts=values)}{_CONFLICTING}"
        parameters += [part for account in accounts for part in account]
        parameters += [organization_id, min(opening.read_at_sequence for opening in openings)]
    return list(Change.objects.raw(query, parameters))


_ID: Final = Change._meta.get_field("change_id")


_MOVED: Final = [Change._meta.get_field(name) for name in (*_MOVING, "change_id")]
_HEAD: Final = "UPDATE changes_loghead SET sequence = %s, hash = %s, key_id = %s WHERE organization_id = %s"


def _columns(model: type[Event | Change]) -> str:
    return ", ".join(str(field.column) for field in model._meta.local_concrete_fields)


def _write_rows(batch: _Batch, head: LogHead) -> None:
    """Write what the batch appends. On PostgreSQL this commits it, too; on SQLite leaving ``LockedLog`` does."""
    if connection.vendor == "postgresql":
        _write_postgresql(batch, head)
    elif batch.events:
        _write_sqlite(batch, head)


def _write_postgresql(batch: _Batch, head: LogHead) -> None:
    """Send all rows of a table as one text, which the database takes apart: that is much quicker than many values."""
    statements: list[str] = []
    parameters: list[str | int] = []
    for model, rows in ((Event, batch.events), (Change, list(batch.opened.values()))):
        if rows:
            table, names = model._meta.db_table, _columns(model)
            source = f"json_populate_recordset(NULL::{table}, %s)"
            statements.append(f"INSERT INTO {table} ({names}) SELECT {names} FROM {source}")  # noqa: S608
            parameters.append(_as_json(rows, names.split(", ")))
    if batch.moved:
        assigned = ", ".join(f"{name} = r.{name}" for name in _MOVING)
        source = "json_populate_recordset(NULL::changes_change, %s) r"
        statements.append(f"UPDATE changes_change c SET {assigned} FROM {source} WHERE c.change_id = r.change_id")  # noqa: S608
        parameters.append(_as_json(list(batch.moved.values()), ["change_id", *_MOVING]))
    if batch.events:
        statements.append(_HEAD)
        parameters += [head.sequence, head.hash, head.key_id, head.organization_id]
    with connection.cursor() as cursor:
        cursor.execute("; ".join([*statements, "COMMIT"]), parameters)


def _write_sqlite(batch: _Batch, head: LogHead) -> None:
    with connection.cursor() as cursor:
        for model, rows in ((Event, batch.events), (Change, list(batch.opened.values()))):
            places = ", ".join(["%s"] * len(model._meta.local_concrete_fields))
            statement = f"INSERT INTO {model._meta.db_table} ({_columns(model)}) VALUES ({places})"  # noqa: S608
            cursor.executemany(statement, [_prepared(row, model._meta.local_concrete_fields) for row in rows])
        assigned = ", ".join(f"{name} = %s" for name in _MOVING)
        moved = [_prepared(change, _MOVED) for change in batch.moved.values()]
        cursor.executemany(f"UPDATE changes_change SET {assigned} WHERE change_id = %s", moved)  # noqa: S608
        cursor.execute(_HEAD, [head.sequence, head.hash, head.key_id, head.organization_id])


def _as_json(rows: Sequence[Model], columns: Sequence[str]) -> str:
    return json.dumps([{name: getattr(row, name) for name in columns} for row in rows], default=str)


def _prepared(row: Model, fields: Sequence[Any]) -> list[Any]:
    return [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]
