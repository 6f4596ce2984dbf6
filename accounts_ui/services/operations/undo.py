"""What a page offers as "Undo": how a change can be taken back, and until when."""

import datetime
from dataclasses import dataclass

from accounts_ui.changes import undo_links
from accounts_ui.changes.models import Action, Change
from accounts_ui.services.operations.preconditions import UNDO_WITHIN, check_undo, reverse_status
from console import clock


@dataclass(frozen=True, slots=True)
class ReverseOperation:
    """What undoing a change would do, and until when. ``status``: what the account is set to; ``None`` deletes it."""

    change_id: str
    action: str
    status: str | None
    until: datetime.datetime


def reverse_of(change: Change) -> ReverseOperation | None:
    """Return how ``change`` can be undone now, as far as the log can tell; ``None`` if it cannot."""
    if change.resolved_at is None or check_undo(change, (), clock.now()).obstacle:
        return None  # decided without a query: most changes are too old
    if check_undo(change, undo_links.later_changes(change), clock.now()).obstacle:
        return None
    deletes = change.action == Action.ASSIGN
    return ReverseOperation(
        change_id=str(change.change_id),
        action=(Action.DELETE if deletes else Action.CHANGE_STATUS).value,
        status=None if deletes else reverse_status(change),
        until=change.resolved_at + UNDO_WITHIN,
    )
