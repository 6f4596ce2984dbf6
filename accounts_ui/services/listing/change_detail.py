"""One change of the log, and whether its account was changed outside this console since."""

from dataclasses import dataclass

from accounts_ui.changes import event_storage, queries, undo_links
from accounts_ui.changes.models import Archive, Change, EventBase, EventKind
from accounts_ui.plans import queries as plan_queries
from accounts_ui.plans.models import PlanRow
from accounts_ui.services.audit_context import AuditContext
from accounts_ui.services.errors import NO_SUCH_CHANGE, ChangeUnknown
from accounts_ui.services.listing.caching_client import CachingClient, read_listing_if_possible
from accounts_ui.services.state.account_facts import Drift
from accounts_ui.services.state.drift import find_all_drift
from accounts_ui.services.validation import check_change_id


@dataclass(frozen=True, slots=True)
class ChangePage:
    """A change with its events.

    Attributes:
        elsewhere: the external archive that holds its first events, if they are not in this database.
        outside: how the account was changed outside this console since.
        unread: the directory could not be read, so it is not known whether there is drift.
        plan_row: the row of the plan that it came from.
        undoes: the change that this one undoes.
        undone_by: the change that undoes this one.

    """

    change: Change
    events: list[EventBase]
    elsewhere: Archive | None
    outside: Drift | None
    unread: bool
    plan_row: PlanRow | None
    undoes: Change | None
    undone_by: Change | None


def show_change(*, client: CachingClient, context: AuditContext, change_id: str) -> ChangePage:
    """Return one change. If it is the last one applied to its account, compare it with what the directory shows now.

    Raises:
        InvalidInput: not an id.
        ChangeUnknown: the organization has no such change.

    """
    change = queries.find_change(context.organization_id, check_change_id(change_id))
    if change is None:
        raise ChangeUnknown(NO_SUCH_CHANGE)
    applied = queries.last_applied(context.organization_id, subject_ids=[change.subject_id])
    last = [entry for entry in applied if entry.change_id == change.change_id]
    listing = read_listing_if_possible(client=client, organization_id=context.organization_id) if last else None
    drift = find_all_drift(context.organization_id, listing, last) if listing else {}
    events = queries.events_of(change)
    first = next((event for event in events if event.event == EventKind.REQUESTED), None)
    undoes = undo_links.undone_change(first) if first else None
    return ChangePage(
        change=change,
        events=events,
        elsewhere=None if first else event_storage.external_archive_of(change, events),
        outside=drift.get((change.subject_id, change.code)),
        unread=bool(last) and listing is None,
        plan_row=plan_queries.row_of_operation(context.organization_id, change.change_id),
        undoes=queries.find_change(context.organization_id, undoes) if undoes else None,
        undone_by=undo_links.undoing_change(change),
    )
