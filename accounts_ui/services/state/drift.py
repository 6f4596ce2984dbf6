"""Find drift: accounts that the directory shows otherwise than this console's log last applied them.

Drift is somebody else's change. Pages mark it. It is never written into the log as ours.
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
from accounts_ui.services.state.account_facts import Drift
from accounts_ui.text.time_parsing import as_time, is_unset

CHANGED: Final = "changed"
GONE: Final = "gone"
BACK: Final = "back"
EXPIRED: Final = "expired"

Key = tuple[str, str]


def find_drift(applied: AppliedChange, listing: Listing) -> Drift | None:
    """Return the drift of one account; ``None`` if the list agrees with the log, or cannot tell.

    A list that is older than the applied change cannot tell.
    """
    applied_at = applied.resolved_at or applied.requested_at
    account = listing.account(applied.subject_id, applied.code)
    if applied_at >= listing.asked_at or (account is None and not listing.tells_codes_of(applied.subject_id)):
        return None
    kind = _kind(applied, account, listing.read_at)
    if not kind:
        return None
    listed = account.status if account else None
    return Drift(kind, listed, applied.after, applied_at, str(applied.change_id), listing.read_at)


def find_all_drift(organization_id: str, listing: Listing, applied: Iterable[AppliedChange]) -> dict[Key, Drift]:
    """Return the drift of all accounts that the log knows. An account with an open change has none: it may be ours."""
    still_open = queries.open_accounts(organization_id)
    drifts = {}
    for change in applied:
        key = (change.subject_id, change.code)
        drift = None if key in still_open else find_drift(change, listing)
        if drift:
            drifts[key] = drift
    return drifts


def _kind(applied: AppliedChange, account: Account | None, now: datetime.datetime) -> str:
    deleted = applied.action == Action.DELETE
    if account is None:
        return "" if deleted or applied.after == "deleted" else GONE
    if deleted:
        return "" if account.status in ENDED_STATUSES else BACK
    if not account.status or not applied.after or account.status == applied.after:
        return ""
    return EXPIRED if account.status == "expired" and _has_expired(account, now) else CHANGED


def _has_expired(account: Account, now: datetime.datetime) -> bool:
    ends = as_time(account.expires_at)
    return ends is not None and not is_unset(ends) and ends <= now
