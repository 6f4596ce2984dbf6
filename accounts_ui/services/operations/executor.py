"""One operation, at most once: recorded before it is sent, sent once, and with a true outcome."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from django.db import Error

from accounts_ui.changes import queries, undo_links, writer
from accounts_ui.changes.models import Action, Change, Outcome
from accounts_ui.directory import errors
from accounts_ui.directory.client import WriteResult
from accounts_ui.services import validation
from accounts_ui.services.audit_context import AuditContext
from accounts_ui.services.errors import (
    NOTHING_SENT,
    AccountMoved,
    AnotherOperationOpen,
    LogUnavailable,
    OperationIdReused,
    OutcomeNotRecorded,
    ServiceError,
)
from accounts_ui.services.listing.session_client import SessionClient
from accounts_ui.services.operations import evidence
from accounts_ui.services.operations.outcome_rules import decide_outcome
from console.recorded_text import recorded

BUSY: Final = recorded("Another operation on this account has no outcome yet. It has to be resolved first.")
_REUSED = recorded("This form was sent before with other data. Open a new form.")
_MOVED = recorded("Another operation on this account was just made. Nothing was sent.")
_SIGNED_OUT = recorded("The sign-in ended.")
_NOT_READ = recorded("The directory could not be read afterwards: {said}")
_NOT_RECORDED = recorded(
    "The directory was called, and the outcome ({outcome}) could not be recorded. The change shows as unknown until "
    "the log can be written and somebody checks it."
)
_POLL = 0.1  # seconds between two looks at an operation that another request runs


@dataclass(frozen=True, slots=True)
class Operation:
    """What was asked, after its fields were checked. ``after`` is the status that it should lead to.

    ``undoes``: the change that it takes back.
    """

    id: uuid.UUID
    action: Action
    subject_id: str
    code: str
    message: str
    after: str | None = None
    expected: str | None = None
    undoes: uuid.UUID | None = None

    def is_that_of(self, change: Change, context: AuditContext) -> bool:
        """Whether ``change`` records this very request."""
        asked = (self.action, self.subject_id, self.code, self.message, context.organization_id)
        logged = (change.action, change.subject_id, change.code, change.message, change.organization_id)
        person = (context.issuer, context.subject) == (change.actor_issuer, change.actor_subject)
        return person and asked == logged and self._same_states(change)

    def _same_states(self, change: Change) -> bool:
        first = queries.first_event(change)
        if first is None:  # in an archive that is held elsewhere: the rest has to do
            return True
        if self.undoes or undo_links.undone_by(first):
            return self.undoes == undo_links.undone_by(first)
        if self.action == Action.ASSIGN:
            return True
        return self.after == first.after and self.expected == change.before


def prepare(
    action: Action,
    operation_id: str,
    subject_id: str,
    code: str,
    message: str,
    after: str | None = None,
    expected: str | None = None,
    undoes: uuid.UUID | None = None,
) -> Operation:
    """The operation that a form asks for.

    Raises:
        InvalidInput: a field of the form can never be right.

    """
    return Operation(
        id=validation.check_operation_id(operation_id),
        action=action,
        subject_id=validation.check_subject(subject_id),
        code=validation.check_code(code),
        message=validation.check_message(message),
        after=after,
        expected=expected,
        undoes=undoes,
    )


def once(operation: Operation, context: AuditContext, client: SessionClient, act: Callable[[], Change]) -> Change:
    """``act``, or the result of the request that was here first with the same form."""
    earlier = _earlier(operation, context, client)
    if earlier:
        return earlier
    try:
        return act()
    except (OutcomeNotRecorded, OperationIdReused, LogUnavailable):
        raise
    except ServiceError:
        # What refuses a second click may be the work of the first one, which went past in between.
        first = _earlier(operation, context, client)
        if first is None:
            raise
        return first


def _earlier(operation: Operation, context: AuditContext, client: SessionClient) -> Change | None:
    """The change that this operation id names already: the same request again gets the first one's result."""
    with before_sending():
        change = queries.by_operation(operation.id)
    if change is None:
        return None
    if not operation.is_that_of(change, context):
        raise OperationIdReused(_REUSED)
    return _result_of(change, client.timeout)


def _result_of(change: Change, timeout: float) -> Change:
    """The change, once the request that runs it is done; after ``timeout`` seconds as it is then."""
    deadline = time.monotonic() + timeout
    while change.is_running and time.monotonic() < deadline:
        time.sleep(_POLL)
        change.refresh_from_db()
    return change


@contextmanager
def before_sending() -> Iterator[None]:
    """What happens in here happens before the call: a database that fails has prevented it."""
    try:
        yield
    except Error as error:
        raise LogUnavailable(NOTHING_SENT) from error


def facts_of(
    operation: Operation, context: AuditContext, *, subject_name: str, type_name: str, before: str | None
) -> dict[str, Any]:
    """What the log freezes of the operation."""
    return {
        **context.facts(),
        "organization_id": context.organization_id,
        "action": operation.action.value,
        "subject_id": operation.subject_id,
        "subject_name": subject_name,
        "code": operation.code,
        "type_name": type_name,
        "before": before or None,
        "after": operation.after,
        "message": operation.message,
    }


def perform(
    operation: Operation,
    context: AuditContext,
    client: SessionClient,
    facts: dict[str, Any],
    call: Callable[[], WriteResult],
    sequence: int,
) -> Change:
    """Record, send, record. ``sequence`` is where the chain ended before the account was read."""
    try:
        with before_sending():
            takes_back = undo_links.evidence_of(operation.undoes) if operation.undoes else None
            change = writer.request(operation.id, facts, read_at_sequence=sequence, evidence=takes_back)
    except writer.IdTaken as taken:
        if not operation.is_that_of(taken.change, context):
            raise OperationIdReused(_REUSED) from None
        return _result_of(taken.change, client.timeout)
    except writer.AccountBusy as busy:
        raise AnotherOperationOpen(BUSY, busy.change) from None
    except writer.AccountMoved as moved:
        raise AccountMoved(_MOVED, moved.change) from None
    return _send(change, client, call)


def _send(change: Change, client: SessionClient, call: Callable[[], WriteResult]) -> Change:
    """One call. Whatever it brings becomes the outcome, committed before anybody is told."""
    try:
        done = call()
    except (errors.Refused, errors.NotSent) as error:
        change = _conclude(change, Outcome.NOT_APPLIED, error.status, error.detail)
        change.retry_after = getattr(error, "retry_after", None)
        if isinstance(error, errors.TokenUnavailable) and error.__cause__:
            raise error.__cause__ from None
        return change
    except errors.DirectoryError as error:
        return _look(change, client, error)
    after = done.account.status if done.account and done.account.status else change.after
    change = _conclude(change, Outcome.APPLIED, done.status, "", after=after)
    client.note_applied(change, done.account)
    return change


def _look(change: Change, client: SessionClient, error: errors.DirectoryError) -> Change:
    """The answer does not tell, so the directory's list has to; where it does not either, nobody pretends."""
    try:
        listing = client.list_users(change.organization_id)
    except Exception as second:  # noqa: BLE001  (whatever it is, it does not tell what became of the call)
        said = getattr(second, "detail", _SIGNED_OUT)
        detail = f"{error.detail} {_NOT_READ.format(said=said)}"
        tried = evidence.of_failed_read(evidence.by_actor(change), said)
        return _conclude(change, Outcome.UNKNOWN, error.status, detail, found=tried)
    late = isinstance(error, errors.NoAnswerInTime | errors.FailedInTime)
    judgement = decide_outcome(change, listing, evidence.by_actor(change), may_still_act=late)
    return _conclude(
        change,
        judgement.outcome,
        error.status,
        f"{error.detail} {judgement.detail}",
        after=judgement.after,
        found=judgement.evidence,
    )


def _conclude(
    change: Change,
    outcome: str,
    http_status: int | None,
    detail: str,
    *,
    after: str | None = None,
    found: dict[str, Any] | None = None,
) -> Change:
    try:
        return writer.conclude(
            change,
            outcome,
            http_status=http_status,
            detail=detail,
            after=after if after is not None else change.after,
            evidence=found,
        )
    except Error as error:
        raise OutcomeNotRecorded(_NOT_RECORDED.format(outcome=outcome), change) from error
