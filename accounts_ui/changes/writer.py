"""Append events to the log: one chain, one writer at a time, each event durable before anybody relies on it."""

import logging
import time
import uuid
from typing import Any

from django.conf import settings
from django.db import Error, connection, transaction
from django.db.models import Q

from accounts_ui.changes.chain import keys, records
from accounts_ui.changes.chain.locking import lock_chain
from accounts_ui.changes.chain.records import FIRST_PREVIOUS_HASH, key_id, line_of, record_hash, record_of, sign
from accounts_ui.changes.checkpoints.scheduler import checkpoint_scheduler
from accounts_ui.changes.models import OPEN_OUTCOMES, Change, Event, EventKind, Outcome, facts_of
from console import clock
from console.recorded_text import parts_of

_COLUMNS_OF_OUTCOME = ("outcome", "http_status", "detail", "detail_parts", "after")
_RETRY_AFTER = 0.3  # seconds between two attempts to record an outcome

logger = logging.getLogger("console.changes")


class LogError(Exception):
    """The event cannot be appended."""


class IdTaken(LogError):
    """The operation id names a change already: ``change``."""

    def __init__(self, change: Change) -> None:
        super().__init__(str(change.change_id))
        self.change = change


class AccountBusy(LogError):
    """The account has an open change: ``change``."""

    def __init__(self, change: Change) -> None:
        super().__init__(str(change.change_id))
        self.change = change


class AccountMoved(LogError):
    """Another change of the account was recorded since its state was read: ``change``."""

    def __init__(self, change: Change) -> None:
        super().__init__(str(change.change_id))
        self.change = change


def request(
    change_id: uuid.UUID, facts: dict[str, Any], *, read_at_sequence: int, evidence: dict[str, Any] | None = None
) -> Change:
    """Open a change with its ``requested`` event. Committed, durably, when this returns.

    Args:
        read_at_sequence: the end of the chain before the account's state was read (``queries.end_of_chain``). A
            change of the same account that was recorded later may have changed that state.
        evidence: what the request is based on beyond its facts (``undo_links``).

    Raises:
        IdTaken: there is a change of this id.
        AccountBusy: another change of the same account is open.
        AccountMoved: another change of the same account came in between.
        django.db.Error: nothing was written.

    """
    with transaction.atomic(durable=True):
        lock_chain()
        _refuse(change_id, facts, read_at_sequence)
        event = _append(
            change_id,
            EventKind.REQUESTED,
            {**facts, "outcome": Outcome.PENDING.value, "http_status": None, **_detail_columns("")},
            evidence,
        )
        change = Change(change_id=change_id, requested_at=event.at, last_sequence=event.sequence, **facts_of(event))
        change.save(force_insert=True)
    _announce(event)
    return change


def _refuse(change_id: uuid.UUID, facts: dict[str, Any], read_at_sequence: int) -> None:
    """Raise if the change must not be opened. One query for all three checks, because the next writer waits for it."""
    account = Q(**{name: facts[name] for name in ("organization_id", "subject_id", "code")})
    since = Q(outcome__in=OPEN_OUTCOMES) | Q(last_sequence__gt=read_at_sequence)
    conflicts = list(Change.objects.filter(Q(change_id=change_id) | (account & since)))
    for change in conflicts:
        if change.change_id == change_id:
            raise IdTaken(change)
    for change in conflicts:
        if change.is_open:
            raise AccountBusy(change)
    if conflicts:
        raise AccountMoved(conflicts[0])


def conclude(
    change: Change,
    outcome: str,
    *,
    http_status: int | None,
    detail: str,
    after: str | None,
    evidence: dict[str, Any] | None = None,
) -> Change:
    """Append the outcome that the requesting process saw: ``applied``, ``not_applied`` or ``unknown``.

    If the change was resolved in the meantime, a different answer is appended as ``resolved``. No other process knows
    the answer, so a failing database is tried again for ``DATABASE_TIMEOUT`` seconds, each time on a
    new connection. An attempt that was committed before its connection broke is not repeated.

    Raises:
        django.db.Error: it could not be written within that time.

    """
    until = time.monotonic() + settings.DATABASE_TIMEOUT
    while True:
        try:
            return _conclude(change, outcome, http_status=http_status, detail=detail, after=after, evidence=evidence)
        except Error:
            if time.monotonic() + _RETRY_AFTER >= until:
                raise
        connection.close()
        time.sleep(_RETRY_AFTER)


def _conclude(
    change: Change,
    outcome: str,
    *,
    http_status: int | None,
    detail: str,
    after: str | None,
    evidence: dict[str, Any] | None,
) -> Change:
    with transaction.atomic(durable=True):
        lock_chain()
        current = Change.objects.get(pk=change.pk)
        if outcome == current.outcome or (not current.is_open and outcome == Outcome.UNKNOWN):
            return current
        kind = EventKind(outcome)
        if not current.is_open:
            kind, evidence = EventKind.RESOLVED, {**(evidence or {}), "late_answer": True}
        event = _append_to_change(
            current,
            kind,
            {"outcome": outcome, "http_status": http_status, "after": after, **_detail_columns(detail)},
            evidence,
        )
    _announce(event)
    return current


def resolve(
    change: Change,
    outcome: str,
    *,
    by: dict[str, Any],
    detail: str,
    after: str | None,
    evidence: dict[str, Any],
    message: str | None = None,
) -> Change:
    """Append an outcome that was found out later, with who found it (``by``: actor, ip, request id) and the evidence.

    ``unknown`` is appended once, for a ``pending`` change whose process ended. A change that is no longer open is
    returned unchanged.
    """
    with transaction.atomic(durable=True):
        lock_chain()
        current = Change.objects.get(pk=change.pk)
        if not current.is_open or outcome == current.outcome:
            return current
        kind = EventKind.UNKNOWN if outcome == Outcome.UNKNOWN else EventKind.RESOLVED
        values = {"outcome": outcome, "after": after, **_detail_columns(detail)}
        if message is not None:
            values["message"] = message
        event = _append_to_change(current, kind, values, evidence, by)
    _announce(event)
    return current


def _append_to_change(
    change: Change,
    kind: EventKind,
    values: dict[str, Any],
    evidence: dict[str, Any] | None,
    by: dict[str, Any] | None = None,
) -> Event:
    event = _append(change.change_id, kind, {**facts_of(change), **values, **(by or {})}, evidence)
    for name in _COLUMNS_OF_OUTCOME:
        setattr(change, name, getattr(event, name))
    change.last_sequence = event.sequence
    if event.outcome not in OPEN_OUTCOMES:
        change.resolved_at = event.at
    change.save(update_fields=[*_COLUMNS_OF_OUTCOME, "last_sequence", "resolved_at"])
    return event


def _detail_columns(detail: str) -> dict[str, Any]:
    return {"detail": str(detail), "detail_parts": parts_of(detail)}


def _append(
    change_id: uuid.UUID, kind: EventKind, facts: dict[str, Any], evidence: dict[str, Any] | None = None
) -> Event:
    last = Event.objects.order_by("-sequence").values_list("sequence", "hash").first()
    sequence, previous_hash = last or (0, FIRST_PREVIOUS_HASH)
    key = keys.signing_key()
    event = Event(
        v=records.CURRENT_VERSION,
        sequence=sequence + 1,
        change_id=change_id,
        event=kind.value,
        at=clock.now(),
        evidence=evidence,
        key_id=key_id(key.public_key()),
        previous_hash=previous_hash,
        **facts,
    )
    event.hash = record_hash(record_of(event))
    event.signature = sign(key, bytes.fromhex(event.hash))
    event.save(force_insert=True)
    return event


def _announce(event: Event) -> None:
    logger.info("%s", line_of(event))
    checkpoint_scheduler.note_event(event.sequence)
