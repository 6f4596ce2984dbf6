"""What became of a form before it came back."""

from accounts_ui.changes import reading
from accounts_ui.changes.models import Change, Outcome
from accounts_ui.services.errors import InvalidInput
from accounts_ui.services.inputs import check_operation_id
from accounts_ui.services.origin import Origin


def failed_attempt(*, origin: Origin, operation_id: str) -> Change | None:
    """The change that this form became and that was not applied: trying again takes another operation id.

    Where it became any other change, the form keeps its id, and sending it shows that one's result.
    """
    try:
        change = reading.get(origin.organization_id, check_operation_id(operation_id))
    except InvalidInput:
        return None
    return change if change and change.outcome == Outcome.NOT_APPLIED else None
