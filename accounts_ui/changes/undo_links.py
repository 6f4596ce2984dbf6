"""Links from a change to the change that it undoes, stored in the hashed evidence of its first event."""

import uuid
from collections.abc import Iterable
from typing import Any, Final

from accounts_ui.changes.event_storage import stored_events
from accounts_ui.changes.models import Change, EventBase, EventKind, Outcome

_UNDOES: Final = "undoes"


def undo_evidence(change_id: uuid.UUID) -> dict[str, Any]:
    """Return the evidence of a change that undoes ``change_id``."""
    return {_UNDOES: str(change_id)}


def undone_change(first: EventBase) -> uuid.UUID | None:
    """Return the id of the change that is undone by the change with this first event."""
    change_id = (first.evidence or {}).get(_UNDOES)
    return uuid.UUID(change_id) if change_id else None


def undone_changes(organization_id: str, change_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """Return, for each of these changes that undoes another change, the id of that change."""
    conditions = {"change_id__in": list(change_ids), "event": EventKind.REQUESTED, "evidence__isnull": False}
    first_events = stored_events(organization_id, **conditions)
    undone = {first.change_id: undone_change(first) for first in first_events}
    return {change_id: undone_id for change_id, undone_id in undone.items() if undone_id}


def later_changes(change: Change) -> list[Change]:
    """Return later changes of the same account, oldest first, without those that were not applied."""
    account = {name: getattr(change, name) for name in ("organization_id", "subject_id", "code")}
    later = Change.objects.filter(**account, last_sequence__gt=change.last_sequence)
    return list(later.exclude(outcome=Outcome.NOT_APPLIED).order_by("last_sequence"))


def undoing_change(change: Change) -> Change | None:
    """Return the later change that undid ``change``, or may have."""
    later = later_changes(change)
    undone = undone_changes(change.organization_id, (candidate.change_id for candidate in later))
    return next((candidate for candidate in later if undone.get(candidate.change_id) == change.change_id), None)
