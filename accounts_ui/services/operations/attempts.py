"""What became of a form before it came back."""

from accounts_ui.changes import queries
from accounts_ui.changes.models import Change, Outcome
from accounts_ui.services.audit_context import AuditContext
from accounts_ui.services.errors import InvalidInput
from accounts_ui.services.validation import check_operation_id


def failed_attempt(*, context: AuditContext, operation_id: str) -> Change | None:
    """The change that this form became and that was not applied: trying again takes another operation id.

    Where it became any other change, the form keeps its id, and sending it shows that one's result.
    """
    try:
        change = queries.get(context.organization_id, check_operation_id(operation_id))
    except InvalidInput:
        return None
    return change if change and change.outcome == Outcome.NOT_APPLIED else None
