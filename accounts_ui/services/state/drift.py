"""What the directory shows of an account against what the log last applied: one place for this decision.

A difference is somebody else's change. It is marked on the pages, and never written into the log as ours.
"""

import datetime
from collections.abc import Iterable
from typing import Final

from accounts_ui.changes import queries
from accounts_ui.changes.models import Action
from accounts_ui.changes.queries import AppliedChange
from accounts_ui.directory.listing import Listing
from accounts_ui.directory.rows import Account
from accounts_ui.directory.statuses import ENDED_STATUSES
from accounts_ui.services.account import Drift

CHANGED: Final = "changed"
GONE: Final = "gone"
BACK: Final = "back"
EXPIRED: Final = "expired"

Key = tuple[str, str]


def find_drift(applied: AppliedChange, listing: Listing) -> Drift | None:
    """The mark of one account; ``None`` where the list agrees with the log, or does not tell.

    The list may be older than what was applied: then it does not tell either.
    """
    at = applied.resolved_at or applied.requested_at
    account = listing.account(applied.subject_id, applied.code)
    if at >= listing.asked_at or (account is None and not listing.tells_codes_of(applied.subject_id)):
        return None
    kind = _kind(applied, account, listing.read_at)
    if not kind:
        return None
    listed = account.status if account else None
    return Drift(kind, listed, applied.after, at, str(applied.change_id), listing.read_at)


def find_all_drift(organization_id: str, listing: Listing, applied: Iterable[AppliedChange]) -> dict[Key, Drift]:
    """The marks of all accounts that the log knows. An account with an open change has none: it may be ours."""
    still_open = queries.open_accounts(organization_id)
    found = {}
    for one in applied:
        key = (one.subject_id, one.code)
        mark = None if key in still_open else find_drift(one, listing)
        if mark:
            found[key] = mark
    return found


def _kind(applied: AppliedChange, account: Account | None, now: datetime.datetime) -> str:
    deleted = applied.action == Action.DELETE
    if account is None:
        return "" if deleted or applied.after == "deleted" else GONE
    if deleted:
        return "" if account.status in ENDED_STATUSES else BACK
    if not account.status or not applied.after or account.status == applied.after:
        return ""
    return EXPIRED if account.status == "expired" and _is_over(account, now) else CHANGED


def _is_over(account: Account, now: datetime.datetime) -> bool:
    try:
        ends = datetime.datetime.fromisoformat(account.expires_at)
    except ValueError:
        return False
    return (ends if ends.tzinfo else ends.replace(tzinfo=datetime.UTC)) <= now
