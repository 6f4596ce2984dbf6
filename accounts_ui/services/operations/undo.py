"""Take back what was just done: an operation of its own, guarded, recorded, and linked to the change that it undoes."""

import datetime
from dataclasses import dataclass
from typing import Final

from django.utils import timezone

from accounts_ui.changes import queries, undo_links
from accounts_ui.changes.models import Action, Change, Outcome
from accounts_ui.directory.client import WriteResult
from accounts_ui.directory.statuses import ENDED_STATUSES, STATUSES
from accounts_ui.services.audit_context import AuditContext
from accounts_ui.services.errors import (
    NO_SUCH_CHANGE,
    AccountFacts,
    AccountNotHere,
    AnotherOperationOpen,
    ChangeUnknown,
    StateChanged,
    UndoRefused,
)
from accounts_ui.services.listing.session_client import SessionClient
from accounts_ui.services.operations.executor import BUSY, Operation, before_sending, facts_of, once, perform, prepare
from accounts_ui.services.state.account_state import facts_in
from accounts_ui.services.state.snapshot import read_snapshot
from accounts_ui.services.validation import check_change_id
from console.recorded_text import recorded

UNDO_WITHIN: Final = datetime.timedelta(minutes=10)
_SAID: Final = "Undone by an administrator."
_NOTHING_LEFT: Final = recorded("Nothing is left to undo; it can be assigned anew.")
_FOLLOWED: Final = recorded("Another change of this account was made after it.")
_NOT_APPLIED: Final = recorded("Only a change that was applied can be undone.")
_LATE: Final = recorded("It was applied more than ten minutes ago. Look at the account, and make the opposite change.")
_NOT_SETTABLE: Final = recorded("The status that the account had before is not one that can be set.")
_NO_CHANGE: Final = recorded("It left the status as it was.")
_ELSEWHERE: Final = recorded(
    "The account's status is {status_now} now, and the change had left it {status_then}: somebody changed it outside "
    "this console. Nothing was changed."
)


@dataclass(frozen=True, slots=True)
class ReverseOperation:
    """What undoing a change would do, and until when. ``status``: what the account is set to; ``None`` deletes it."""

    change_id: str
    action: str
    status: str | None
    until: datetime.datetime


def reverse_of(change: Change) -> ReverseOperation | None:
    """How ``change`` can be undone now, as far as the log tells; ``None`` where it cannot."""
    if change.resolved_at is None or _refusal(change) or undo_links.later_than(change):
        return None
    action, status = _reverse(change)
    return ReverseOperation(str(change.change_id), action.value, status, change.resolved_at + UNDO_WITHIN)


def undo(*, client: SessionClient, context: AuditContext, operation_id: str, change_id: str, message: str) -> Change:
    """Do the reverse of a change, where nothing happened to the account since.

    Raises:
        ChangeUnknown: the organization has no such change.
        UndoRefused: it was not applied, too long ago, or followed by another change; ``change`` is the one to look at.
        ServiceError, DirectoryError: as for ``operate.assign``; nothing was sent.

    """
    with before_sending():
        undone = queries.get(context.organization_id, check_change_id(change_id))
    if undone is None:
        raise ChangeUnknown(NO_SUCH_CHANGE)
    action, status = _reverse(undone)
    operation = prepare(
        action,
        operation_id,
        undone.subject_id,
        undone.code,
        message,
        after=status or "deleted",
        undoes=undone.change_id,
    )
    return once(operation, context, client, lambda: _undo(operation, undone, context, client))


def _undo(operation: Operation, undone: Change, context: AuditContext, client: SessionClient) -> Change:
    with before_sending():
        _refuse(undone)
        read = read_snapshot(client=client, context=context)
        try:
            current = facts_in(
                listing=read.listing, types=read.types, context=context, subject_id=undone.subject_id, code=undone.code
            )
        except AccountNotHere as gone:
            raise UndoRefused(f"{gone.detail} {_NOTHING_LEFT}", undone) from None
        _refuse_other_state(undone, current)
    facts = facts_of(
        operation, context, subject_name=current.subject_name, type_name=current.type_name, before=current.status
    )

    def call() -> WriteResult:
        account = (context.organization_id, undone.subject_id, undone.code)
        if operation.action == Action.DELETE:
            return client.delete(*account, operation.message or _SAID)
        return client.change_status(*account, str(operation.after))

    return perform(operation, context, client, facts, call, read.sequence)


def _reverse(change: Change) -> tuple[Action, str | None]:
    return (Action.DELETE, None) if change.action == Action.ASSIGN else (Action.CHANGE_STATUS, change.before)


def _refuse(change: Change) -> None:
    refusal = _refusal(change)
    if refusal:
        raise UndoRefused(refusal, change)
    for later in undo_links.later_than(change):
        raise UndoRefused(_FOLLOWED, later)


def _refusal(change: Change) -> str:
    """Why the change itself cannot be undone; empty where it can."""
    if change.outcome != Outcome.APPLIED or change.resolved_at is None:
        return _NOT_APPLIED
    if timezone.now() - change.resolved_at > UNDO_WITHIN:
        return _LATE
    if change.action == Action.ASSIGN:
        return ""
    if change.before not in STATUSES:
        return _NOT_SETTABLE
    return _NO_CHANGE if change.before == change.after else ""


def _refuse_other_state(undone: Change, current: AccountFacts) -> None:
    if current.open_change:
        raise AnotherOperationOpen(BUSY, current.open_change)
    left = ENDED_STATUSES if undone.action == Action.DELETE else {undone.after or current.status}
    if current.status not in left:
        raise StateChanged(
            _ELSEWHERE.format(status_now=current.status or "not known", status_then=undone.after or "not known"),
            current,
        )
