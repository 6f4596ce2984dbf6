"""Describe one account by what was read of the directory and what the log has recorded."""

from accounts_ui.changes import queries
from accounts_ui.changes.queries import AppliedChange
from accounts_ui.directory.listing import Listing
from accounts_ui.directory.responses import clean
from accounts_ui.services.audit_context import AuditContext
from accounts_ui.services.state.account_facts import AccountFacts, AccountState
from accounts_ui.services.state.drift import find_drift
from accounts_ui.services.state.snapshot import Snapshot

LAST_CHANGES = 5  # shown on the form of an account


def describe_account(*, snapshot: Snapshot, context: AuditContext, subject_id: str, code: str) -> AccountFacts:
    """Return what directory and log know of one account, whether it exists or not."""
    listing = snapshot.listing
    account = listing.account(subject_id, code)
    changes = queries.changes_of_account(context.organization_id, subject_id, code, limit=LAST_CHANGES)
    open_change = next((change for change in changes if change.is_open), None)
    applied_to_person = queries.last_applied(context.organization_id, subject_ids=[subject_id])
    applied = next((change for change in applied_to_person if change.code == code), None)
    account_type = snapshot.types.get(code)
    state = state_of(
        listing,
        subject_id,
        code,
        applied=applied,
        person_recorded=bool(applied_to_person),
        type_known=account_type is not None,
        has_open_change=open_change is not None,
    )
    return AccountFacts(
        subject_id=subject_id,
        code=code,
        subject_name=display_name(listing, subject_id) or (applied.subject_name if applied else ""),
        type_name=clean(account_type.name) if account_type else "",
        state=state,
        source="directory" if account else "log" if applied else "none",
        recorded_at=None if account or not applied else applied.resolved_at,
        read_at=listing.read_at,
        created_at=account.created_at if account else "",
        expires_at=account.expires_at if account else "",
        copies=len(listing.account_rows(subject_id, code)),
        changes=changes,
        open_change=open_change,
    )


def state_of(
    listing: Listing,
    subject_id: str,
    code: str,
    *,
    applied: AppliedChange | None,
    person_recorded: bool,
    type_known: bool,
    has_open_change: bool,
) -> AccountState:
    """Return the state of one account.

    Args:
        applied: the last change of the account that this console applied.
        person_recorded: this console applied a change to any account of the person.
        type_known: the catalogue, the list or the log names the account type.
        has_open_change: a change of the account is pending or unknown. What differs may then be our own work.

    """
    account = listing.account(subject_id, code)
    return AccountState(
        is_listed=account is not None,
        listed_status=account.status if account else "",
        is_recorded=applied is not None,
        recorded_status=applied.after if applied else None,
        codes_listed=listing.tells_codes_of(subject_id),
        person_listed=listing.is_listed(subject_id),
        person_recorded=person_recorded,
        people_listed=listing.has_people,
        type_known=type_known,
        drift=find_drift(applied, listing) if applied and not has_open_change else None,
        has_open_change=has_open_change,
    )


def display_name(listing: Listing, subject_id: str) -> str:
    """Return the person's name, cleaned so that the log can record it."""
    person = listing.person(subject_id)
    return clean(person.name or person.email or person.username) if person else ""
