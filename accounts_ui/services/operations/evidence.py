"""What decided an outcome, as it is kept in the event: what was read, when, by whom and how that came about."""

import datetime
import hashlib
from dataclasses import dataclass
from typing import Any, Final

from accounts_ui.changes.chain.records import canonical_json, format_time
from accounts_ui.changes.models import Change
from accounts_ui.directory.listing import Listing
from accounts_ui.directory.responses import clean
from accounts_ui.directory.rows import Account
from accounts_ui.services.audit_context import AuditContext
from console import clock
from console.recorded_text import parts_of

REREAD: Final = "re-read"
VISIT: Final = "visit"
CHECK: Final = "check"
DECISION: Final = "decision"

_STATUS: Final = 255  # characters of a status that are kept


@dataclass(frozen=True, slots=True)
class Provenance:
    """How a look at an outcome came about, and whose token it used."""

    how: str
    issuer: str
    subject: str
    name: str

    def facts(self) -> dict[str, Any]:
        """As the first part of the evidence."""
        return {"how": self.how, "by": {"issuer": self.issuer, "subject": self.subject, "name": self.name}}


def by_origin(how: str, context: AuditContext) -> Provenance:
    """Whoever asks now."""
    return Provenance(how, context.issuer, context.subject, context.name)


def by_actor(change: Change) -> Provenance:
    """Whoever asked for the change, right after the call."""
    return Provenance(REREAD, change.actor_issuer, change.actor_subject, change.actor_name)


def of_listing(basis: Provenance, listing: Listing, subject_id: str, code: str) -> dict[str, Any]:
    """What a list shows of one account. ``digest`` is the fingerprint of the rows: see ``rows_digest``."""
    account = listing.account(subject_id, code)
    copies = listing.accounts_with(subject_id, code)
    return {
        **basis.facts(),
        "asked_at": format_time(listing.asked_at),
        "read_at": format_time(listing.read_at),
        "rows": len(listing),
        "told": account is not None or listing.tells_codes_of(subject_id),
        "accounts": len(copies),
        "seen": clean(account.status, limit=_STATUS) if account else None,
        "digest": rows_digest(copies),
    }


def of_failed_read(basis: Provenance, said: str) -> dict[str, Any]:
    """A look that did not succeed."""
    return {
        **basis.facts(),
        "tried_at": format_time(_now()),
        "read_at": None,
        "failed": clean(said),
        "failed_parts": parts_of(said),
    }


def of_decision(context: AuditContext) -> dict[str, Any]:
    """An explicit decision; how the admin found out is the event's message."""
    return {**by_origin(DECISION, context).facts(), "decided_at": format_time(_now())}


def rows_digest(accounts: tuple[Account, ...]) -> str:
    """SHA-256 over the RFC 8785 canonical JSON of account rows in the list's order.

    Of each row the documented fields, by the directory's names, and none that is absent, null or empty.
    """
    try:
        return hashlib.sha256(canonical_json([_documented(one) for one in accounts])).hexdigest()
    except ValueError:
        return ""  # text that no canonical JSON can hold


def _documented(account: Account) -> dict[str, str]:
    row = {
        "id": account.id,
        "account_code": account.code,
        "org_id": account.org_id,
        "subject_id": account.subject_id,
        "status": account.status,
        "creation_date": account.created_at,
        "effective_date": account.effective_at,
        "expiration_date": account.expires_at,
    }
    return {name: value for name, value in row.items() if value}


def _now() -> datetime.datetime:
    return clock.now()
