"""Execute one operation, at most once: read, check, record, send, record the outcome."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol

from django.db import Error

from accounts_ui.changes import queries, undo_links, writer
from accounts_ui.changes.models import Action, Change, Outcome, resolution_wait
from accounts_ui.directory import errors
from accounts_ui.directory.client_interface import DirectoryClient, WriteResult
from accounts_ui.directory.rows import Account
from accounts_ui.services.audit_context import AuditContext
from accounts_ui.services.errors import (
    NOTHING_SENT,
    AnotherOperationOpen,
    ConcurrentChange,
    LogUnavailable,
    OperationIdReused,
    OutcomeNotRecorded,
    ServiceError,
    UndoRefused,
)
from accounts_ui.services.operations import evidence, preconditions
from accounts_ui.services.operations.operation import Operation
from accounts_ui.services.operations.outcome_rules import decide_outcome, may_still_act
from accounts_ui.services.state.account_facts import AccountFacts
from accounts_ui.services.state.account_state import describe_account
from accounts_ui.services.state.snapshot import Snapshot, read_snapshot
from console import clock
from console.recorded_text import join_texts, recorded

_REUSED = recorded("operation.id_reused", "This form was sent before with other data. Open a new form.")
_CONCURRENT_CHANGE = recorded(
    "operation.account_changed", "Another operation on this account was just made. Nothing was sent."
)
_SIGNED_OUT = recorded("operation.sign_in_ended", "The sign-in ended.")
_NOT_READ = recorded("operation.not_read_afterwards", "The directory could not be read afterwards: {said}")
_NOT_RECORDED = recorded(
    "operation.outcome_not_recorded",
    "The directory was called, and the outcome ({outcome}) could not be recorded. The change shows as unknown until "
    "the log can be written and somebody checks it.",
)
_POLL: Final = 0.1  # seconds between two checks of an operation that another request executes
_DELETED: Final = "Deleted by an administrator."  # the directory wants a message with every deletion
_UNDONE: Final = "Undone by an administrator."


class OperationClient(DirectoryClient, Protocol):
    """A directory client that is notified of outcomes: applied for cached lists, unknown for a later read."""

    def note_applied(self, change: Change, account: Account | None) -> None:
        """Update cached lists after an applied change. ``account``: the directory's answer, if it could be read."""

    def note_unknown(self, change: Change) -> None:
        """Remember a change whose outcome is unknown, so that a later read can decide it."""


def execute(
    operation: Operation, *, client: OperationClient, context: AuditContext, snapshot: Snapshot | None = None
) -> Change:
    """Execute the operation and return its change; the same request again returns the first one's change.

    Args:
        snapshot: what was just read, if many operations share one read.

    Raises:
        ServiceError: as its tree says. Nothing was sent, except for ``OutcomeNotRecorded``.
        DirectoryError: the reads before failed; nothing was sent.

    """
    earlier = _earlier_change(operation, context, client.timeout)
    if earlier:
        return earlier
    try:
        change = _check_and_record(operation, client, context, snapshot)
    except LogUnavailable:
        raise
    except (ServiceError, writer.IdTaken):
        # What forbids a second click may be the work of the first one, recorded since we looked for it.
        earlier = _earlier_change(operation, context, client.timeout)
        if earlier:
            return earlier
        raise
    return _send(operation, change, client)


@contextmanager
def before_sending() -> Iterator[None]:
    """Raise ``LogUnavailable`` for a database error in this block: it means that nothing was sent."""
    try:
        yield
    except Error as error:
        raise LogUnavailable(NOTHING_SENT) from error


def _earlier_change(operation: Operation, context: AuditContext, timeout: float) -> Change | None:
    """Return the change that has this operation's id, once it is concluded or ``timeout`` seconds have passed."""
    with before_sending():
        change = queries.change_of_operation(operation.id)
        if change is None:
            return None
        if not operation.is_recorded_by(change, context):
            raise OperationIdReused(_REUSED)
    deadline = time.monotonic() + timeout
    while change.is_running and time.monotonic() < deadline:
        time.sleep(_POLL)
        change.refresh_from_db()
    return change


def _check_and_record(
    operation: Operation, client: OperationClient, context: AuditContext, snapshot: Snapshot | None
) -> Change:
    """Read the account, check the preconditions and record the request, durably, before anything is sent."""
    with before_sending():
        if operation.undoes:
            _require_undoable(operation.undoes)
        snapshot = snapshot or read_snapshot(client=client, context=context)
        account = describe_account(
            snapshot=snapshot, context=context, subject_id=operation.subject_id, code=operation.code
        )
        decision = _decide(operation, account)
        if decision.obstacle or (decision.cautions and not operation.confirmed):
            raise preconditions.error_for(decision, account)
        return _record(operation, account, context, snapshot.sequence)


def _require_undoable(change: Change) -> None:
    decision = preconditions.check_undo(change, undo_links.later_changes(change), clock.now())
    if decision.obstacle:
        raise UndoRefused(decision.detail, decision.blocking_change or change)


def _decide(operation: Operation, account: AccountFacts) -> preconditions.Decision:
    if operation.undoes:
        return preconditions.check_reverse(operation.undoes, account.state)
    if operation.action == Action.ASSIGN:
        return preconditions.check_assignment(account.state, operation.code)
    return preconditions.check_existing(
        account.state, operation.code, wanted=operation.after or "", expected=(operation.expected,)
    )


def _record(operation: Operation, account: AccountFacts, context: AuditContext, sequence: int) -> Change:
    """Append the request to the log. ``sequence`` is where the log ended before the account was read."""
    assigns = operation.action == Action.ASSIGN
    facts = operation.facts(
        context,
        subject_name=account.subject_name,
        type_name=account.type_name,
        before=account.state.listed_status if assigns else account.status,
    )
    undone = undo_links.undo_evidence(operation.undoes.change_id) if operation.undoes else None
    try:
        return writer.request(operation.id, facts, read_at_sequence=sequence, evidence=undone)
    except writer.AccountBusy as busy:
        raise AnotherOperationOpen(preconditions.OPEN_CHANGE, busy.change) from None
    except writer.AccountMoved as moved:
        raise ConcurrentChange(_CONCURRENT_CHANGE, moved.change) from None


def _send(operation: Operation, change: Change, client: OperationClient) -> Change:
    """Call the directory once and commit the outcome before anybody sees it."""
    try:
        result = _call(operation, change.organization_id, client)
    except (errors.Refused, errors.NotSent) as error:
        change = _conclude(change, Outcome.NOT_APPLIED, error.status, error.detail)
        change.retry_after = getattr(error, "retry_after", None)
        if isinstance(error, errors.TokenUnavailable) and error.__cause__:
            raise error.__cause__ from None
        return change
    except errors.DirectoryError as error:
        return _conclude_by_reading(change, client, error)
    after = result.account.status if result.account and result.account.status else change.after
    change = _conclude(change, Outcome.APPLIED, result.status, "", after=after)
    client.note_applied(change, result.account)
    return change


def _call(operation: Operation, organization_id: str, client: OperationClient) -> WriteResult:
    account = (organization_id, operation.subject_id, operation.code)
    if operation.action == Action.ASSIGN:
        return client.assign(*account)
    if operation.action == Action.CHANGE_STATUS:
        return client.change_status(*account, operation.after or "")
    if operation.action == Action.DELETE:
        return client.delete(*account, operation.message or (_UNDONE if operation.undoes else _DELETED))
    raise ValueError(operation.action)  # commands check the action: this is never reached after "requested"


def _conclude_by_reading(change: Change, client: OperationClient, error: errors.DirectoryError) -> Change:
    """Conclude from the directory's list, because the answer does not say whether the change was applied."""
    provenance = evidence.by_actor(change)
    try:
        listing = client.list_users(change.organization_id)
    except Exception as second:  # noqa: BLE001  (whatever it is: the outcome stays unknown)
        failure = getattr(second, "detail", _SIGNED_OUT)
        detail = join_texts(error.detail, _NOT_READ.format(said=failure))
        failed = evidence.of_failed_read(provenance, failure)
        change = _conclude(change, Outcome.UNKNOWN, error.status, detail, evidence=failed)
        client.note_unknown(change)
        return change
    # Behind a gateway the directory may still be at work, whatever the gateway answered.
    still_acting = may_still_act(change, resolution_wait(), listing.asked_at)
    decision = decide_outcome(change, listing, provenance, may_still_act=still_acting)
    detail = join_texts(error.detail, decision.detail)
    change = _conclude(change, decision.outcome, error.status, detail, after=decision.after, evidence=decision.evidence)
    if decision.outcome == Outcome.UNKNOWN and listing.tells_codes_of(change.subject_id):
        client.note_unknown(change)
    return change


def _conclude(
    change: Change,
    outcome: str,
    http_status: int | None,
    detail: str,
    *,
    after: str | None = None,
    evidence: dict[str, Any] | None = None,
) -> Change:
    after = after if after is not None else change.after
    try:
        return writer.conclude(change, outcome, http_status=http_status, detail=detail, after=after, evidence=evidence)
    except Error as error:
        raise OutcomeNotRecorded(_NOT_RECORDED.format(outcome=outcome), change) from error
