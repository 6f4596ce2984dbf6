"""What an outcome was decided by, as the event records it: what was read, when, by whom and on which occasion."""

import datetime
import hashlib
from dataclasses import dataclass
from typing import Any, Final

from accounts_ui.changes.chain.canonical_json import canonical_json
from accounts_ui.changes.chain.records import format_time
from accounts_ui.changes.models import Change
from accounts_ui.directory.listing import Listing
from accounts_ui.directory.responses import clean
from accounts_ui.directory.rows import Account
from accounts_ui.services.audit_context import AuditContext
from console import clock
from console.recorded_text import parts_of

REREAD: Final = "re-read"  # right after the call, by the request that made it
ADMIN_READ: Final = "admin-read"  # an admin opened a page
CHECK: Final = "check"  # an admin pressed "Check now"
AUTOMATIC: Final = "automatic"  # a background worker, once the directory could not be acting any more
DECISION: Final = "decision"  # an admin found out in another way

_MAX_STATUS: Final = 255  # characters of a status that the event records


@dataclass(frozen=True, slots=True)
class Provenance:
    """On which occasion the directory was read, and with whose token."""

    how: str
    issuer: str
    subject: str
    name: str

    def facts(self) -> dict[str, Any]:
        """Return the first part of the evidence."""
        return {"how": self.how, "by": {"issuer": self.issuer, "subject": self.subject, "name": self.name}}


def by_context(how: str, context: AuditContext) -> Provenance:
    """Return the provenance of a read by whoever asks now."""
    return Provenance(how, context.issuer, context.subject, context.name)


def by_actor(change: Change) -> Provenance:
    """Return the provenance of a read right after the call, by whoever asked for the change."""
    return Provenance(REREAD, change.actor_issuer, change.actor_subject, change.actor_name)


def of_listing(provenance: Provenance, listing: Listing, subject_id: str, code: str) -> dict[str, Any]:
    """Return what a list shows of one account. ``digest`` is the fingerprint of its rows: see ``rows_digest``."""
    account = listing.account(subject_id, code)
    copies = listing.accounts_with(subject_id, code)
    return {
        **provenance.facts(),
        "asked_at": format_time(listing.asked_at),
        "read_at": format_time(listing.read_at),
        "rows": len(listing),
        "lists_types": account is not None or listing.tells_codes_of(subject_id),
        "accounts": len(copies),
        "seen": clean(account.status, limit=_MAX_STATUS) if account else None,
        "digest": rows_digest(copies),
    }


def of_failed_read(provenance: Provenance, detail: str) -> dict[str, Any]:
    """Return the evidence of a read that failed."""
    return {
        **provenance.facts(),
        "tried_at": format_time(_now()),
        "read_at": None,
        "failed": clean(detail),
        "failed_parts": parts_of(detail),
    }


def of_decision(context: AuditContext) -> dict[str, Any]:
    """Return the evidence of an explicit decision. How the admin found out is the event's message."""
    return {**by_context(DECISION, context).facts(), "decided_at": format_time(_now())}


def rows_digest(accounts: tuple[Account, ...]) -> str:
    """Return SHA-256 over the RFC 8785 canonical JSON of account rows, in the list's order.

    Of each row it covers the documented fields, by the directory's names, without those that are absent, null or
    empty. Rows with text that canonical JSON cannot hold have an empty digest.
    """
    try:
        return hashlib.sha256(canonical_json([_documented_fields(account) for account in accounts])).hexdigest()
    except ValueError:
        return ""


def _documented_fields(account: Account) -> dict[str, str]:
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
