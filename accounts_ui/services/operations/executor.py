"""Execute one operation, at most once: read, check, record, send, record the outcome."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Protocol

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
    """A directory client that is notified of operations: requested ones for a later read, applied ones for lists."""

    def note_applied(self, change: Change, account: Account | None) -> None:
        """Update cached lists after an applied change. ``account``: the directory's answer, if it could be read."""

    def note_requested(self, change: Change) -> None:
        """Remember a change that is about to be sent, so that a later read can decide its outcome if nobody else does.

        It is remembered before the call: a process that dies during the call records nothing any more.
        """


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
    return send_operation(operation, change, client).record(client)


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
        opening = check_operation(operation, account, context, snapshot.sequence)
        try:
            return writer.request(
                opening.change_id,
                opening.facts,
                read_at_sequence=opening.read_at_sequence,
                evidence=opening.evidence,
            )
        except (writer.AccountBusy, writer.AccountMoved) as refusal:
            raise conflict_of(refusal) from None


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


def check_operation(
    operation: Operation, account: AccountFacts, context: AuditContext, sequence: int
) -> writer.Opening:
    """Check the preconditions, and return the request as the log records it.

    Args:
        sequence: where the log ended before the account was read.

    Raises:
        ServiceError: a precondition does not hold.

    """
    decision = _decide(operation, account)
    if decision.obstacle or (decision.cautions and not operation.confirmed):
        raise preconditions.error_for(decision, account)
    assigns = operation.action == Action.ASSIGN
    facts = operation.facts(
        context,
        subject_name=account.subject_name,
        type_name=account.type_name,
        before=account.state.listed_status if assigns else account.status,
    )
    undone = undo_links.undo_evidence(operation.undoes.change_id) if operation.undoes else None
    return writer.Opening(operation.id, facts, sequence, undone)


def conflict_of(refusal: writer.AccountBusy | writer.AccountMoved) -> ServiceError:
    """Return the error for a request that the log refused because of another change of the account."""
    if isinstance(refusal, writer.AccountBusy):
        return AnotherOperationOpen(preconditions.OPEN_CHANGE, refusal.change)
    return ConcurrentChange(_CONCURRENT_CHANGE, refusal.change)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a call: the outcome to record, and what follows once it is recorded.

    Args:
        result: the directory's own answer that it was applied.
        retry_after: seconds that the directory asked to wait.
        ended: why nothing more can be sent: the sign-in has ended.

    """

    conclusion: writer.Conclusion
    result: WriteResult | None = None
    retry_after: float | None = None
    ended: BaseException | None = None

    def record(self, client: OperationClient) -> Change:
        """Commit the outcome before anybody sees it, and return the change.

        Raises:
            OutcomeNotRecorded: it could not be recorded.
            Exception: the sign-in has ended.

        """
        try:
            [change] = writer.conclude_many([self.conclusion])
        except Error as error:
            raise self.not_recorded() from error
        if not isinstance(change, Change):
            raise change
        self.follow_up(change, client)
        if self.ended:
            raise self.ended from None
        return change

    def follow_up(self, change: Change, client: OperationClient) -> None:
        """Do what follows once the outcome is recorded."""
        change.retry_after = self.retry_after
        if self.result:
            client.note_applied(change, self.result.account)

    def not_recorded(self) -> OutcomeNotRecorded:
        """Return the error to raise if the outcome could not be recorded."""
        return OutcomeNotRecorded(_NOT_RECORDED.format(outcome=self.conclusion.outcome), self.conclusion.change)


def send_operation(operation: Operation, change: Change, client: OperationClient) -> Answer:
    """Call the directory once."""
    client.note_requested(change)
    try:
        result = _call(operation, change.organization_id, client)
    except (errors.Refused, errors.NotSent) as error:
        return Answer(
            writer.Conclusion(change, Outcome.NOT_APPLIED.value, error.status, error.detail, change.after),
            retry_after=getattr(error, "retry_after", None),
            ended=error.__cause__ if isinstance(error, errors.TokenUnavailable) else None,
        )
    except errors.DirectoryError as error:
        return _answer_by_reading(change, client, error)
    after = result.account.status if result.account and result.account.status else change.after
    return Answer(writer.Conclusion(change, Outcome.APPLIED.value, result.status, "", after), result=result)


def _call(operation: Operation, organization_id: str, client: OperationClient) -> WriteResult:
    account = (organization_id, operation.subject_id, operation.code)
    if operation.action == Action.ASSIGN:
        return client.assign(*account)
    if operation.action == Action.CHANGE_STATUS:
        return client.change_status(*account, operation.after or "")
    if operation.action == Action.DELETE:
        return client.delete(*account, operation.message or (_UNDONE if operation.undoes else _DELETED))
    raise ValueError(operation.action)  # commands check the action: this is never reached after "requested"


def _answer_by_reading(change: Change, client: OperationClient, error: errors.DirectoryError) -> Answer:
    """Decide by the directory's list, because the answer does not say whether the change was applied."""
    provenance = evidence.by_actor(change)
    try:
        listing = client.list_users(change.organization_id)
    except Exception as second:  # noqa: BLE001  (whatever it is: the outcome stays unknown)
        failure = getattr(second, "detail", _SIGNED_OUT)
        detail = join_texts(error.detail, _NOT_READ.format(said=failure))
        failed = evidence.of_failed_read(provenance, failure)
        unknown = writer.Conclusion(change, Outcome.UNKNOWN.value, error.status, detail, change.after, failed)
        return Answer(unknown)
    # Behind a gateway the directory may still be at work, whatever the gateway answered.
    still_acting = may_still_act(change, resolution_wait(), listing.asked_at)
    decision = decide_outcome(change, listing, provenance, may_still_act=still_acting)
    detail = join_texts(error.detail, decision.detail)
    after = decision.after if decision.after is not None else change.after
    conclusion = writer.Conclusion(change, decision.outcome, error.status, detail, after, decision.evidence)
    return Answer(conclusion)
