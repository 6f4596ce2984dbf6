"""The operations of an admin: assign, change status, delete, undo. Each is executed at most once.

All of them raise:

* ``ServiceError``, as its tree says: nothing was sent, except for ``OutcomeNotRecorded``;
* ``DirectoryError``: the reads before failed, and nothing was sent.
"""

from accounts_ui.changes import queries
from accounts_ui.changes.models import Action, Change
from accounts_ui.services import validation
from accounts_ui.services.audit_context import AuditContext
from accounts_ui.services.errors import NO_SUCH_CHANGE, ChangeUnknown
from accounts_ui.services.operations.executor import OperationClient, before_sending, execute
from accounts_ui.services.operations.operation import Operation, new_operation
from accounts_ui.services.operations.preconditions import reverse_status
from accounts_ui.services.state.snapshot import Snapshot


def assign(
    *,
    client: OperationClient,
    context: AuditContext,
    operation_id: str,
    subject_id: str,
    code: str,
    message: str,
    confirm_unknown: bool,
    snapshot: Snapshot | None = None,
) -> Change:
    """Link a person to an account type.

    Args:
        confirm_unknown: the admin means a person or a type that the directory does not name.
        snapshot: what was just read, if many operations share one read.

    """
    operation = assignment(
        operation_id=operation_id, subject_id=subject_id, code=code, message=message, confirm_unknown=confirm_unknown
    )
    return execute(operation, client=client, context=context, snapshot=snapshot)


def assignment(
    *,
    operation_id: str,
    subject_id: str,
    code: str,
    message: str,
    confirm_unknown: bool,
) -> Operation:
    """Return the operation that links a person to an account type.

    Raises:
        InvalidInput: a field can never be right.

    """
    return new_operation(
        Action.ASSIGN,
        operation_id=operation_id,
        subject_id=subject_id,
        code=code,
        message=message,
        confirmed=confirm_unknown,
    )


def change_status(
    *,
    client: OperationClient,
    context: AuditContext,
    operation_id: str,
    subject_id: str,
    code: str,
    status: str,
    expected_status: str,
    message: str,
    snapshot: Snapshot | None = None,
) -> Change:
    """Set the status of an account that is still in ``expected_status``."""
    operation = status_change(
        operation_id=operation_id,
        subject_id=subject_id,
        code=code,
        status=status,
        expected_status=expected_status,
        message=message,
    )
    return execute(operation, client=client, context=context, snapshot=snapshot)


def status_change(
    *,
    operation_id: str,
    subject_id: str,
    code: str,
    status: str,
    expected_status: str,
    message: str,
) -> Operation:
    """Return the operation that sets the status of an account.

    Raises:
        InvalidInput: a field can never be right.

    """
    return new_operation(
        Action.CHANGE_STATUS,
        operation_id=operation_id,
        subject_id=subject_id,
        code=code,
        message=message,
        after=validation.check_status(status),
        expected=validation.check_expected(expected_status),
    )


def delete(
    *,
    client: OperationClient,
    context: AuditContext,
    operation_id: str,
    subject_id: str,
    code: str,
    expected_status: str,
    message: str,
    snapshot: Snapshot | None = None,
) -> Change:
    """Delete an account that is still in ``expected_status``."""
    operation = deletion(
        operation_id=operation_id, subject_id=subject_id, code=code, expected_status=expected_status, message=message
    )
    return execute(operation, client=client, context=context, snapshot=snapshot)


def deletion(
    *,
    operation_id: str,
    subject_id: str,
    code: str,
    expected_status: str,
    message: str,
) -> Operation:
    """Return the operation that deletes an account.

    Raises:
        InvalidInput: a field can never be right.

    """
    return new_operation(
        Action.DELETE,
        operation_id=operation_id,
        subject_id=subject_id,
        code=code,
        message=message,
        after="deleted",
        expected=validation.check_expected(expected_status),
    )


def undo(*, client: OperationClient, context: AuditContext, operation_id: str, change_id: str, message: str) -> Change:
    """Send the reverse of a change, if nothing has happened to the account since.

    Raises:
        ChangeUnknown: the organization has no such change.
        UndoRefused: it was not applied, too long ago, or followed by another change; ``change`` is the one to look at.

    """
    with before_sending():
        change = queries.find_change(context.organization_id, validation.check_change_id(change_id))
    if change is None:
        raise ChangeUnknown(NO_SUCH_CHANGE)
    operation = new_operation(
        Action.DELETE if change.action == Action.ASSIGN else Action.CHANGE_STATUS,
        operation_id=operation_id,
        subject_id=change.subject_id,
        code=change.code,
        message=message,
        after=reverse_status(change),
        undoes=change,
    )
    return execute(operation, client=client, context=context)
