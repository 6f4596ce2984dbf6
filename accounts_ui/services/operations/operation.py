"""What an admin asked for: one assignment, change of status or deletion, with its fields checked."""

import uuid
from dataclasses import dataclass
from typing import Any

from accounts_ui.changes import queries, undo_links
from accounts_ui.changes.models import Action, Change
from accounts_ui.services import validation
from accounts_ui.services.audit_context import AuditContext


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. Its id comes from the form, so that sending the form twice is recognized.

    Args:
        after: the status that it leads to; ``None`` for an assignment, where the directory decides.
        expected: the status that the form showed; ``None`` if nobody knew it.
        confirmed: the admin has seen what the directory cannot confirm.
        undoes: the change that it takes back.

    """

    id: uuid.UUID
    action: Action
    subject_id: str
    code: str
    message: str
    after: str | None = None
    expected: str | None = None
    confirmed: bool = True
    undoes: Change | None = None

    def facts(self, context: AuditContext, *, subject_name: str, type_name: str, before: str | None) -> dict[str, Any]:
        """Return what the log freezes of the operation."""
        return {
            **context.facts(),
            "organization_id": context.organization_id,
            "action": self.action.value,
            "subject_id": self.subject_id,
            "subject_name": subject_name,
            "code": self.code,
            "type_name": type_name,
            "before": before or None,
            "after": self.after,
            "message": self.message,
        }

    def is_recorded_by(self, change: Change, context: AuditContext) -> bool:
        """Return whether ``change`` records this very request, by the same admin."""
        same_admin = (context.issuer, context.subject) == (change.actor_issuer, change.actor_subject)
        requested = (self.action, self.subject_id, self.code, self.message, context.organization_id)
        logged = (change.action, change.subject_id, change.code, change.message, change.organization_id)
        return same_admin and requested == logged and self._has_states_of(change)

    def _has_states_of(self, change: Change) -> bool:
        first = queries.first_event(change)
        if first is None:  # its first event is in an archive outside this database: the other fields have to do
            return True
        undone_id = undo_links.undone_change(first)
        if self.undoes or undone_id:
            return self.undoes is not None and self.undoes.change_id == undone_id
        if self.action == Action.ASSIGN:
            return True
        return self.after == first.after and self.expected == change.before


def new_operation(
    action: Action, *, operation_id: str, subject_id: str, code: str, message: str, **more: Any
) -> Operation:
    """Check the fields of a form and return the operation that it asks for.

    Args:
        more: further fields of ``Operation``, which the caller has checked.

    Raises:
        InvalidInput: a field of the form can never be right.

    """
    return Operation(
        id=validation.check_operation_id(operation_id),
        action=action,
        subject_id=validation.check_subject(subject_id),
        code=validation.check_code(code),
        message=validation.check_message(message),
        **more,
    )
