"""Assign, change status, delete: each at most once, recorded before it is sent, and with a true outcome."""

from collections.abc import Callable

from accounts_ui.changes import queries
from accounts_ui.changes.models import Action, Change
from accounts_ui.directory.client import WriteResult
from accounts_ui.directory.listing import Listing
from accounts_ui.directory.rows import Account
from accounts_ui.directory.statuses import ENDED_STATUSES
from accounts_ui.services import validation
from accounts_ui.services.audit_context import AuditContext
from accounts_ui.services.errors import (
    AccountFacts,
    AlreadyAssigned,
    AnotherOperationOpen,
    ConfirmationNeeded,
    StateChanged,
)
from accounts_ui.services.listing.session_client import SessionClient
from accounts_ui.services.operations.executor import BUSY, Operation, before_sending, facts_of, once, perform, prepare
from accounts_ui.services.state.account_state import facts_in, name_of
from accounts_ui.services.state.snapshot import Snapshot, read_snapshot
from console.recorded_text import recorded


def assign(
    *,
    client: SessionClient,
    context: AuditContext,
    operation_id: str,
    subject_id: str,
    code: str,
    message: str,
    confirm_unknown: bool,
    fresh: Snapshot | None = None,
) -> Change:
    """Link a person to an account type. ``fresh``: what was just read, where many operations share one read.

    Raises:
        ServiceError: as its tree says; nothing was sent.
        DirectoryError: the reads before failed; nothing was sent.

    """
    operation = prepare(Action.ASSIGN, operation_id, subject_id, code, message)
    return once(operation, context, client, lambda: _assign(operation, context, client, fresh, confirm=confirm_unknown))


def _assign(
    operation: Operation, context: AuditContext, client: SessionClient, fresh: Snapshot | None, *, confirm: bool
) -> Change:
    with before_sending():
        read = fresh or read_snapshot(client=client, context=context)
        listing, kind = read.listing, read.types.get(operation.code)
        existing = listing.account(operation.subject_id, operation.code)
        _refuse_existing(existing)
        if not confirm:
            _ask_about_unknown(operation, context, listing, known=kind is not None)
    facts = facts_of(
        operation,
        context,
        subject_name=name_of(listing, operation.subject_id),
        type_name=kind.name if kind else "",
        before=existing.status if existing else None,
    )
    call = lambda: client.assign(context.organization_id, operation.subject_id, operation.code)  # noqa: E731
    return perform(operation, context, client, facts, call, read.sequence)


def change_status(
    *,
    client: SessionClient,
    context: AuditContext,
    operation_id: str,
    subject_id: str,
    code: str,
    status: str,
    expected_status: str,
    message: str,
    fresh: Snapshot | None = None,
) -> Change:
    """Set the status of an account that is still in ``expected_status``. Raises as ``assign``."""
    wanted, expected = validation.check_status(status), validation.check_expected(expected_status)
    operation = prepare(Action.CHANGE_STATUS, operation_id, subject_id, code, message, wanted, expected)
    call = lambda: client.change_status(context.organization_id, subject_id, code, wanted)  # noqa: E731
    return once(operation, context, client, lambda: _on_existing(operation, context, client, call, fresh))


def delete(
    *,
    client: SessionClient,
    context: AuditContext,
    operation_id: str,
    subject_id: str,
    code: str,
    expected_status: str,
    message: str,
    fresh: Snapshot | None = None,
) -> Change:
    """Delete an account that is still in ``expected_status``. Raises as ``assign``."""
    expected = validation.check_expected(expected_status)
    operation = prepare(Action.DELETE, operation_id, subject_id, code, message, "deleted", expected)

    def call() -> WriteResult:
        said = operation.message or "Deleted by an administrator."
        return client.delete(context.organization_id, subject_id, code, said)

    return once(operation, context, client, lambda: _on_existing(operation, context, client, call, fresh))


def _on_existing(
    operation: Operation,
    context: AuditContext,
    client: SessionClient,
    call: Callable[[], WriteResult],
    fresh: Snapshot | None,
) -> Change:
    with before_sending():
        read = fresh or read_snapshot(client=client, context=context)
        current = facts_in(
            listing=read.listing,
            types=read.types,
            context=context,
            subject_id=operation.subject_id,
            code=operation.code,
        )
        _refuse_other_state(operation, current)
    facts = facts_of(
        operation, context, subject_name=current.subject_name, type_name=current.type_name, before=current.status
    )
    return perform(operation, context, client, facts, call, read.sequence)


def _refuse_existing(existing: Account | None) -> None:
    if existing and existing.status != "deleted":
        raise AlreadyAssigned(
            _HAS_IT.format(code=existing.code, status=existing.status or "unknown"),
            existing.status,
            existing.subject_id,
            existing.code,
        )


def _refuse_other_state(operation: Operation, current: AccountFacts) -> None:
    if current.open_change:
        raise AnotherOperationOpen(BUSY, current.open_change)
    if (current.status or None) != operation.expected:
        now, then = current.status or "not known", operation.expected or "not known"
        raise StateChanged(_OTHER_STATE.format(status_now=now, status_then=then), current)


def _ask_about_unknown(operation: Operation, context: AuditContext, listing: Listing, *, known: bool) -> None:
    remembered = queries.last_applied(context.organization_id, subject_ids=[operation.subject_id])
    held = [one for one in remembered if one.code == operation.code and one.after not in ENDED_STATUSES]
    asked = {
        "subject": not listing.is_listed(operation.subject_id),
        "code": not known,
        "recorded": bool(held) and not listing.tells_codes_of(operation.subject_id),
    }
    what = [name for name, needed in asked.items() if needed]
    if what:
        raise ConfirmationNeeded(" ".join(_QUESTIONS[name] for name in what), what)


_HAS_IT = recorded(
    "The person has a {code} account already, with the status {status}. Change its status instead: the directory would "
    "make a second account."
)
_OTHER_STATE = recorded(
    "The account's status is {status_now} now; it was {status_then} when the form was drawn. Nothing was changed."
)
_QUESTIONS = {
    "subject": recorded(
        "The directory does not list this person in the organization, and would accept a typing error."
    ),
    "code": recorded("The directory does not name this account type."),
    "recorded": recorded("This console assigned the type to this person before; a second account might come of it."),
}
