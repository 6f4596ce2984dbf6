"""Append events to an organization's log, each durable before anybody relies on it.

The functions for many append all of theirs in one commit; ``committer`` combines what threads append at the same time.
"""

import logging
import time
import uuid
from collections.abc import Sequence
from typing import Any, Final

from django.conf import settings
from django.db import Error, connection

from accounts_ui.changes.appends import (
    AccountBusy,
    AccountMoved,
    Append,
    Conclusion,
    IdTaken,
    LogError,
    Opening,
    Resolution,
    Statement,
)
from accounts_ui.changes.batch import LockedLog, Written
from accounts_ui.changes.chain.records import line_of
from accounts_ui.changes.checkpoints.scheduler import checkpoint_scheduler
from accounts_ui.changes.committer import commit
from accounts_ui.changes.index_scheduler import index_scheduler
from accounts_ui.changes.models import Change, Event

__all__ = ["AccountBusy", "AccountMoved", "Conclusion", "IdTaken", "LogError", "Opening"]

_RETRY_AFTER: Final = 0.3  # seconds between two attempts to record an outcome

logger = logging.getLogger("console.changes")


def request(
    change_id: uuid.UUID, facts: dict[str, Any], *, read_at_sequence: int, evidence: dict[str, Any] | None = None
) -> Change:
    """Open a change with its ``requested`` event. Committed, durably, when this returns.

    Args:
        read_at_sequence: the end of the log before the account's state was read (``queries.end_of_log``). A
            change of the same account that was recorded later may have changed that state.
        evidence: what the request is based on beyond its facts (``undo_links``).

    Raises:
        IdTaken: there is a change of this id.
        AccountBusy: another change of the same account is open.
        AccountMoved: another change of the same account came in between.
        django.db.Error: nothing was written.

    """
    return _only(_commit([Opening(change_id, facts, read_at_sequence, evidence)]))


def request_many(openings: Sequence[Opening]) -> list[Change | Exception]:
    """Open changes of one organization in one commit. Return each change, or why it was not opened.

    Raises:
        django.db.Error: nothing was written.

    """
    return [_change_or_error(written) for written in _commit(openings)]


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
    return _only(_commit_persistently([Conclusion(change, outcome, http_status, detail, after, evidence)]))


def conclude_many(conclusions: Sequence[Conclusion]) -> list[Change | Exception]:
    """Append outcomes of one organization in one commit, as ``conclude`` does. Return each change, or an error.

    Raises:
        django.db.Error: they could not be written.

    """
    return [_change_or_error(written) for written in _commit_persistently(conclusions)]


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
    return _only(_commit([Resolution(change, outcome, by, detail, after, evidence, message)]))


def state(organization_id: str, kind: str, about: dict[str, Any], *, by: dict[str, Any] | None = None) -> Event:
    """Append an event that belongs to no change, and return it."""
    [written] = _commit([Statement(organization_id, kind, about, by or {})])
    if written.event is None:
        raise written.error or LogError(kind)
    return written.event


def begin_key(organization_id: str) -> Event | None:
    """Let the current signing key begin in this log, and return the event; ``None`` if it had begun.

    Raises:
        WrongSigningKey: the log ends with an event of a key that is neither the current nor the former one.
        django.db.Error: nothing was written.

    """
    with LockedLog(organization_id, seconds=settings.DATABASE_TIMEOUT) as log:
        [written] = log.write([])
    if written.key_changed:
        _announce([written.key_changed])
    return written.key_changed


def _commit_persistently(appends: Sequence[Append]) -> list[Written]:
    until = time.monotonic() + settings.DATABASE_TIMEOUT
    while True:
        try:
            return _commit(appends)
        except Error:
            if time.monotonic() + _RETRY_AFTER >= until:
                raise
        connection.close()
        time.sleep(_RETRY_AFTER)


def _commit(appends: Sequence[Append]) -> list[Written]:
    written = commit(appends)
    _announce([event for one in written for event in (one.key_changed, one.event) if event])
    return written


def _announce(events: Sequence[Event]) -> None:
    """Log what was just committed, and request the background work that follows from it."""
    for event in events:
        logger.info("%s", line_of(event))
    if events:
        checkpoint_scheduler.note_event(events[-1].organization_id, events[-1].sequence)
        index_scheduler.note_event(events[-1].organization_id)


def _only(written: Sequence[Written]) -> Change:
    """Return the change of a single append, or raise what became of it instead."""
    [one] = written
    if one.change is None:
        raise one.error or LogError("Nothing was appended.")
    return one.change


def _change_or_error(written: Written) -> Change | Exception:
    return written.change or written.error or LogError("Nothing was appended.")
