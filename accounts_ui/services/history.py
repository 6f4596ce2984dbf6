"""One change of the log, and whether the account was changed elsewhere since."""

from dataclasses import dataclass

from accounts_ui.changes import reading
from accounts_ui.changes.models import Change, Event
from accounts_ui.directory.client import DirectoryClient
from accounts_ui.plans import store
from accounts_ui.plans.models import PlanRow
from accounts_ui.services.errors import ChangeUnknown
from accounts_ui.services.inputs import check_change_id
from accounts_ui.services.origin import Origin
from accounts_ui.services.outside import Outside, all_outside
from accounts_ui.services.visits import glance


@dataclass(frozen=True, slots=True)
class ChangePage:
    """A change with its events. ``unread``: the directory could not be read, so ``outside`` tells nothing.

    ``plan_row``: the row of the plan that it came from, where it came from one.
    """

    change: Change
    events: list[Event]
    outside: Outside | None
    unread: bool
    plan_row: PlanRow | None


def show_change(*, client: DirectoryClient, origin: Origin, change_id: str) -> ChangePage:
    """One change; where it is the last one applied to its account, held against what the directory shows now.

    Raises:
        InvalidInput: not an id.
        ChangeUnknown: the organization has no such change.

    """
    change = reading.get(origin.organization_id, check_change_id(change_id))
    if change is None:
        raise ChangeUnknown("This organization's change log has no such change.")
    applied = reading.last_applied(origin.organization_id, subject_ids=[change.subject_id])
    last = [one for one in applied if one.change_id == change.change_id]
    listing = glance(client=client, organization_id=origin.organization_id) if last else None
    marks = all_outside(origin.organization_id, listing, last) if listing else {}
    return ChangePage(
        change=change,
        events=reading.events_of(change),
        outside=marks.get((change.subject_id, change.code)),
        unread=bool(last) and listing is None,
        plan_row=store.of_operation(origin.organization_id, change.change_id),
    )
