"""One change of the log, and whether the account was changed elsewhere since."""

from dataclasses import dataclass

from accounts_ui.changes import event_storage, queries, undo_links
from accounts_ui.changes.models import Archive, Change, EventBase, EventKind
from accounts_ui.plans import queries as plan_queries
from accounts_ui.plans.models import PlanRow
from accounts_ui.services.account import Drift
from accounts_ui.services.audit_context import AuditContext
from accounts_ui.services.errors import NO_SUCH_CHANGE, ChangeUnknown
from accounts_ui.services.listing.session_client import SessionClient, read_listing_if_possible
from accounts_ui.services.state.drift import find_all_drift
from accounts_ui.services.validation import check_change_id


@dataclass(frozen=True, slots=True)
class ChangePage:
    """A change with its events. ``unread``: the directory could not be read, so ``outside`` tells nothing.

    ``plan_row``: the row of the plan that it came from, where it came from one. ``undoes`` and ``undone_by``: the
    change that this one takes back, and the one that takes this one back. ``elsewhere``: the archive that holds its
    first events, where those are not in this database.
    """

    change: Change
    events: list[EventBase]
    elsewhere: Archive | None
    outside: Drift | None
    unread: bool
    plan_row: PlanRow | None
    undoes: Change | None
    undone_by: Change | None


def show_change(*, client: SessionClient, context: AuditContext, change_id: str) -> ChangePage:
    """One change; where it is the last one applied to its account, held against what the directory shows now.

    Raises:
        InvalidInput: not an id.
        ChangeUnknown: the organization has no such change.

    """
    change = queries.find_change(context.organization_id, check_change_id(change_id))
    if change is None:
        raise ChangeUnknown(NO_SUCH_CHANGE)
    applied = queries.last_applied(context.organization_id, subject_ids=[change.subject_id])
    last = [one for one in applied if one.change_id == change.change_id]
    listing = read_listing_if_possible(client=client, organization_id=context.organization_id) if last else None
    marks = find_all_drift(context.organization_id, listing, last) if listing else {}
    events = queries.events_of(change)
    first = next((one for one in events if one.event == EventKind.REQUESTED), None)
    undoes = undo_links.undone_change(first) if first else None
    return ChangePage(
        change=change,
        events=events,
        elsewhere=None if first else event_storage.external_archive_of(change, events),
        outside=marks.get((change.subject_id, change.code)),
        unread=bool(last) and listing is None,
        plan_row=plan_queries.row_of_operation(context.organization_id, change.change_id),
        undoes=queries.find_change(context.organization_id, undoes) if undoes else None,
        undone_by=undo_links.undoing_change(change),
    )
