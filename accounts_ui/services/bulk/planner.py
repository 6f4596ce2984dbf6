"""Make a plan: check what each row of a list would do, against one read of directory and log. Nothing is sent."""

import uuid
from typing import Final

from django.utils.translation import gettext

from accounts_ui.changes.models import Action
from accounts_ui.directory.client_interface import DirectoryClient
from accounts_ui.plans import queries as plan_queries
from accounts_ui.plans.models import Plan
from accounts_ui.services.audit_context import AuditContext
from accounts_ui.services.bulk.csv_import import ImportedList
from accounts_ui.services.bulk.progress import PlanSummary, summary_of
from accounts_ui.services.bulk.row_checker import RowChecker
from accounts_ui.services.errors import InvalidInput
from accounts_ui.services.state.snapshot import read_snapshot
from accounts_ui.services.validation import check_message, check_status
from console.recorded_text import join_texts, recorded

_STATUS_UNUSED: Final = {
    Action.ASSIGN: recorded(
        "plan.status_unused_assign",
        "The status column is not used: the directory decides which status a new account gets.",
    ),
    Action.DELETE: recorded("plan.status_unused_delete", "The status column is not used: the accounts are deleted."),
    Action.CHANGE_STATUS: recorded(
        "plan.status_unused_form", "The status column is not used: all accounts get the status {status}."
    ),
}

BULK_ACTIONS: Final = (Action.ASSIGN, Action.CHANGE_STATUS, Action.DELETE)
"""What bulk changes can do. Another action is offered once ``row_checker`` and ``runner`` handle it."""


def make_plan(
    *, client: DirectoryClient, context: AuditContext, action: str, status: str, message: str, imported: ImportedList
) -> PlanSummary:
    """Check each row and store the plan.

    Args:
        status: for a change of status, the status for all rows; empty if a column names it for each.

    Raises:
        InvalidInput: the action, status or message can never be right.
        DirectoryError: list and types cannot be read.

    """
    if action not in BULK_ACTIONS:
        raise InvalidInput("action", gettext("Choose what to do with these accounts."))
    message = check_message(message)
    if status:
        check_status(status)
    plan = Plan(
        id=uuid.uuid4(),
        organization_id=context.organization_id,
        owner_issuer=context.issuer,
        owner_subject=context.subject,
        owner_name=context.name or context.email or context.subject,
        action=action,
        message=message,
        columns=imported.columns,
        note=join_texts(imported.note, _status_note(action, status, imported)),
    )
    checker = RowChecker(plan, read_snapshot(client=client, context=context), status)
    rows = [checker.check(row) for row in imported.rows]
    return summary_of(plan_queries.create_plan(plan, rows))


def _status_note(action: str, status: str, imported: ImportedList) -> str:
    """Return what happens to a column of statuses that does not count."""
    if "status" not in imported.fields or (action == Action.CHANGE_STATUS and not status):
        return ""
    note = _STATUS_UNUSED[Action(action)]
    return note.format(status=status) if action == Action.CHANGE_STATUS else note
