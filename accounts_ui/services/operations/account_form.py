"""What a form needs to know before it is shown: the account now, and what became of an earlier attempt."""

from accounts_ui.changes import queries
from accounts_ui.changes.models import Change, Outcome
from accounts_ui.directory.client_interface import DirectoryClient
from accounts_ui.services.audit_context import AuditContext
from accounts_ui.services.errors import InvalidInput
from accounts_ui.services.operations.preconditions import check_exists, error_for
from accounts_ui.services.state.account_facts import AccountFacts
from accounts_ui.services.state.account_state import describe_account
from accounts_ui.services.state.snapshot import read_snapshot
from accounts_ui.services.validation import check_code, check_operation_id, check_subject


def read_account(*, client: DirectoryClient, context: AuditContext, subject_id: str, code: str) -> AccountFacts:
    """Read the account now.

    Raises:
        InvalidInput: not ids.
        AccountNotHere: the directory's list would name the account, and does not.
        SubjectUnknown: neither the directory nor the log knows the person.

    """
    check_subject(subject_id)
    check_code(code)
    snapshot = read_snapshot(client=client, context=context)
    account = describe_account(snapshot=snapshot, context=context, subject_id=subject_id, code=code)
    decision = check_exists(account.state, code)
    if decision.obstacle:
        raise error_for(decision, account)
    return account


def failed_attempt(*, context: AuditContext, operation_id: str) -> Change | None:
    """Return the change that this form became and that was not applied: another attempt needs another operation id.

    If the form became any other change, it keeps its id, and sending it again shows that change's result.
    """
    try:
        change = queries.find_change(context.organization_id, check_operation_id(operation_id))
    except InvalidInput:
        return None
    return change if change and change.outcome == Outcome.NOT_APPLIED else None
