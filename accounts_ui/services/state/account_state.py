"""What is known of one account: from the directory where it tells, else from this console's own log."""

from accounts_ui.changes import queries
from accounts_ui.directory.client import DirectoryClient
from accounts_ui.directory.listing import Listing
from accounts_ui.directory.responses import clean
from accounts_ui.services.audit_context import AuditContext
from accounts_ui.services.errors import AccountFacts, AccountNotHere, SubjectUnknown
from accounts_ui.services.state.account_types import KnownTypes, known_types
from accounts_ui.services.state.drift import GONE, find_all_drift
from accounts_ui.services.validation import check_code, check_subject
from console.recorded_text import recorded

LAST_CHANGES = 5
_NO_ACCOUNT = recorded("The directory lists no {code} account of this person.")
_OUTSIDE = recorded("It was changed outside this console.")
_NOBODY = recorded("The directory does not list this person in the organization.")


def account_facts(*, client: DirectoryClient, context: AuditContext, subject_id: str, code: str) -> AccountFacts:
    """Read the account now.

    Raises:
        InvalidInput: not ids.
        AccountNotHere: the directory tells that the person has no such account.
        SubjectUnknown: the directory lists people, not this one, and the log does not know the person either.

    """
    check_subject(subject_id)
    check_code(code)
    listing = client.list_users(context.organization_id)
    types = known_types(client=client, organization_id=context.organization_id, listing=listing)
    return facts_in(listing=listing, types=types, context=context, subject_id=subject_id, code=code)


def facts_in(*, listing: Listing, types: KnownTypes, context: AuditContext, subject_id: str, code: str) -> AccountFacts:
    """As ``account_facts``, from a list that was read already."""
    copies = listing.accounts_with(subject_id, code)
    account = listing.account(subject_id, code)
    changes = queries.of_account(context.organization_id, subject_id, code, limit=LAST_CHANGES)
    applied = queries.last_applied(context.organization_id, subject_ids=[subject_id])
    remembered = next((change for change in applied if change.code == code), None)
    marks = find_all_drift(context.organization_id, listing, [remembered] if remembered else [])
    outside = marks.get((subject_id, code))
    if account is None and listing.tells_codes_of(subject_id):
        gone = f" {_OUTSIDE}" if outside and outside.kind == GONE else ""
        raise AccountNotHere(_NO_ACCOUNT.format(code=code) + gone)
    if not listing.is_listed(subject_id) and listing.has_people and not applied:
        raise SubjectUnknown(_NOBODY)
    known = types.get(code)
    return AccountFacts(
        subject_id=subject_id,
        code=code,
        subject_name=name_of(listing, subject_id) or (remembered.subject_name if remembered else ""),
        type_name=clean(known.name) if known else "",
        status=account.status if account else remembered.after if remembered else None,
        source="directory" if account else "log" if remembered else "none",
        recorded_at=None if account or not remembered else remembered.resolved_at,
        read_at=listing.read_at,
        created_at=account.created_at if account else "",
        expires_at=account.expires_at if account else "",
        copies=len(copies),
        outside=outside,
        changes=changes,
        open_change=next((change for change in changes if change.is_open), None),
    )


def name_of(listing: Listing, subject_id: str) -> str:
    """The person's name, fit to be frozen in the log."""
    person = listing.person(subject_id)
    return clean(person.name or person.email or person.username) if person else ""
