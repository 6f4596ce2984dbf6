"""Describe one account by what was read of the directory and what the log has recorded."""

from collections import defaultdict
from collections.abc import Collection

from accounts_ui.changes import queries
from accounts_ui.changes.models import Change
from accounts_ui.changes.queries import AppliedChange
from accounts_ui.directory.listing import PersonLine
from accounts_ui.directory.person_rows import PersonRows
from accounts_ui.services.audit_context import AuditContext
from accounts_ui.services.state.account_facts import AccountFacts, AccountState
from accounts_ui.services.state.drift import find_drift
from accounts_ui.services.state.snapshot import Snapshot
from console.plain_text import one_line

LAST_CHANGES = 5  # shown on the form of an account
MAX_NAME = 500  # characters of a name that the log records


def describe_account(*, snapshot: Snapshot, context: AuditContext, subject_id: str, code: str) -> AccountFacts:
    """Return what directory and log know of one account, whether it exists or not."""
    changes = queries.changes_of_account(context.organization_id, subject_id, code, limit=LAST_CHANGES)
    applied = queries.last_applied(context.organization_id, subject_ids=[subject_id])
    return _facts_of(snapshot, subject_id, code, changes, applied)


def describe_accounts(
    *, snapshot: Snapshot, context: AuditContext, accounts: Collection[tuple[str, str]]
) -> dict[tuple[str, str], AccountFacts]:
    """Return what is known of many accounts (subject and code). Of their changes, only the open ones are read."""
    organization_id, people = context.organization_id, {subject_id for subject_id, _ in accounts}
    applied: dict[str, list[AppliedChange]] = defaultdict(list)
    for change in queries.last_applied(organization_id, subject_ids=people):
        applied[change.subject_id].append(change)
    unresolved: dict[tuple[str, str], list[Change]] = defaultdict(list)
    for open_change in queries.unresolved_changes(organization_id):
        unresolved[open_change.subject_id, open_change.code].append(open_change)
    return {
        (subject_id, code): _facts_of(snapshot, subject_id, code, unresolved[subject_id, code], applied[subject_id])
        for subject_id, code in accounts
    }


def _facts_of(
    snapshot: Snapshot, subject_id: str, code: str, changes: list[Change], applied_to_person: list[AppliedChange]
) -> AccountFacts:
    listing = snapshot.listing
    rows = listing.of_person(subject_id)
    account = rows.account(code)
    open_change = next((change for change in changes if change.is_open), None)
    applied = next((change for change in applied_to_person if change.code == code), None)
    account_type = snapshot.types.get(code)
    state = state_of(
        rows,
        code,
        applied=applied,
        person_recorded=bool(applied_to_person),
        type_known=account_type is not None,
        has_open_change=open_change is not None,
    )
    return AccountFacts(
        subject_id=subject_id,
        code=code,
        subject_name=display_name(rows) or (applied.subject_name if applied else ""),
        subject_email=email_address(rows),
        type_name=one_line(account_type.name, limit=MAX_NAME) if account_type else "",
        state=state,
        source="directory" if account else "log" if applied else "none",
        recorded_at=None if account or not applied else applied.resolved_at,
        read_at=listing.read_at,
        created_at=account.created_at if account else "",
        expires_at=account.expires_at if account else "",
        copies=len(rows.account_rows(code)),
        changes=changes,
        open_change=open_change,
    )


def state_of(
    rows: PersonRows,
    code: str,
    *,
    applied: AppliedChange | None,
    person_recorded: bool,
    type_known: bool,
    has_open_change: bool,
) -> AccountState:
    """Return the state of one account.

    Args:
        rows: what the directory lists of the person.
        applied: the last change of the account that this console applied.
        person_recorded: this console applied a change to any account of the person.
        type_known: the catalogue, the list or the log names the account type.
        has_open_change: a change of the account is pending or unknown. What differs may then be our own work.

    """
    account_row, listing = rows.account_row(code), rows.listing
    return AccountState(
        is_listed=account_row is not None,
        listed_status="" if account_row is None else listing.status(account_row),
        is_recorded=applied is not None,
        recorded_status=applied.after if applied else None,
        codes_listed=rows.tells_codes(),
        person_listed=bool(rows.rows),
        person_recorded=person_recorded,
        people_listed=listing.has_people,
        type_known=type_known,
        drift=find_drift(applied, listing) if applied and not has_open_change else None,
        has_open_change=has_open_change,
    )


def display_name(rows: PersonRows) -> str:
    """Return what to call the person, else nothing, as the log records it: letter for letter, on one line."""
    line = _person_line(rows)
    return one_line(line.name or line.email or line.username, limit=MAX_NAME) if line else ""


def email_address(rows: PersonRows) -> str:
    """Return the person's e-mail address, which tells people of one name apart; empty if it is not listed."""
    line = _person_line(rows)
    return one_line(line.email, limit=MAX_NAME) if line else ""


def _person_line(rows: PersonRows) -> PersonLine | None:
    row = rows.person_row()
    return None if row is None else rows.listing.line(rows.listing.row_lines[row])
