"""Resolve unknown outcomes later: by reading the directory again, or by an admin's explicit decision."""

import logging

from django.db import DatabaseError, Error

from accounts_ui.changes import queries, writer
from accounts_ui.changes.models import Change, Outcome, resolution_wait
from accounts_ui.directory.client_interface import DirectoryClient
from accounts_ui.directory.listing import Listing
from accounts_ui.services.audit_context import AuditContext
from accounts_ui.services.errors import NO_SUCH_CHANGE, ChangeUnknown, InvalidInput, LogUnavailable, NotResolved
from accounts_ui.services.listing.caching_client import CachingClient, is_first, unless_failing
from accounts_ui.services.operations import evidence
from accounts_ui.services.operations.evidence import Provenance
from accounts_ui.services.operations.outcome_rules import OutcomeDecision, decide_outcome, may_still_act
from accounts_ui.services.validation import check_change_id, check_message
from console.recorded_text import join_texts, recorded

logger = logging.getLogger(__name__)


def check_outcome(*, client: DirectoryClient, context: AuditContext, change_id: str) -> Change:
    """Read the directory, and resolve the change by what it shows. A resolved change is returned as it is.

    Raises:
        ChangeUnknown: the organization has no such change.
        NotResolved: it is still running, or the list cannot tell.
        LogUnavailable: the result could not be recorded.

    """
    change = require_change(context, change_id)
    if not change.is_open:
        return change
    if change.is_running:
        raise NotResolved(_RUNNING, change)
    listing = client.list_users(context.organization_id)
    try:
        change, decision = _resolve(change, listing, context, evidence.by_context(evidence.CHECK, context))
    except Error as error:
        raise LogUnavailable(_NOT_WRITTEN) from error
    if change.is_open:
        raise NotResolved(decision.detail, change)
    return change


def record_decision(*, context: AuditContext, change_id: str, outcome: str, message: str) -> Change:
    """Resolve the change as the admin says, who found out in another way and writes down how.

    Raises:
        InvalidInput: no such outcome, or no message.
        ChangeUnknown: the organization has no such change.
        NotResolved: it is still running.

    """
    if outcome not in (Outcome.APPLIED, Outcome.NOT_APPLIED):
        raise InvalidInput("decision", _NO_OUTCOME)
    message = check_message(message)
    if not message:
        raise InvalidInput("message", _NO_NOTE)
    change = require_change(context, change_id)
    if not change.is_open:
        return change
    if change.is_running:
        raise NotResolved(_RUNNING, change)
    try:
        return writer.resolve(
            change,
            outcome,
            by=context.facts(),
            detail=_DECIDED.format(who=context.name or context.email or context.subject, message=message),
            after=change.after,
            evidence=evidence.of_decision(context),
            message=message,
        )
    except Error as error:
        raise LogUnavailable(_NOT_WRITTEN) from error


def reconcile_due_changes(*, client: CachingClient, context: AuditContext) -> Listing | None:
    """Read the list if a change is due for it, and resolve by it what can be resolved. Return the list that was read.

    Any admin's page does this before it is made, at most once in two timeouts for an organization. A failure never
    stops the page.
    """
    try:
        due = queries.has_due_changes(context.organization_id)
    except DatabaseError:
        return None
    if not due or not is_first("reconciliation", context.organization_id):
        return None
    listing = unless_failing(context.organization_id, lambda: client.list_users(context.organization_id))
    if listing is not None:
        reconcile_with(listing=listing, context=context)
    return listing


def reread_unknown_outcomes(*, client: DirectoryClient, context: AuditContext, how: str) -> None:
    """Read the list once, and resolve by it what can be resolved of the organization.

    Raises:
        DirectoryError: the list could not be read.

    """
    reconcile_with(listing=client.list_users(context.organization_id), context=context, how=how)


def reconcile_with(*, listing: Listing, context: AuditContext, how: str = evidence.ADMIN_READ) -> bool:
    """Resolve whatever a list that was just read can resolve. Return whether it resolved anything.

    Args:
        how: the occasion of the read, for the evidence.

    """
    resolved = False
    try:
        for change in queries.open_changes(context.organization_id):
            if listing.asked_at >= change.requested_at:  # an older list cannot show it
                provenance = evidence.by_context(how, context)
                resolved |= not _resolve(change, listing, context, provenance)[0].is_open
    except Error:
        # A page is for reading: it goes on, and its banner stays.
        logger.warning("The log cannot be written: this read resolved no unknown outcome.")
    return resolved


def _resolve(
    change: Change, listing: Listing, context: AuditContext, provenance: Provenance
) -> tuple[Change, OutcomeDecision]:
    still_acting = may_still_act(change, resolution_wait(), listing.asked_at)
    decision = decide_outcome(change, listing, provenance, may_still_act=still_acting)
    if decision.outcome == Outcome.UNKNOWN and change.outcome == Outcome.PENDING:
        detail = join_texts(_PROCESS_ENDED, decision.detail)
        decision = OutcomeDecision(Outcome.UNKNOWN, detail, decision.after, decision.evidence)
    change = writer.resolve(
        change,
        decision.outcome,
        by=context.facts(),
        detail=decision.detail,
        after=decision.after,
        evidence=decision.evidence,
    )
    return change, decision


def require_change(context: AuditContext, change_id: str) -> Change:
    """Return the organization's change with this id.

    Raises:
        InvalidInput: not an id.
        ChangeUnknown: the organization has no such change.

    """
    change = queries.find_change(context.organization_id, check_change_id(change_id))
    if change is None:
        raise ChangeUnknown(NO_SUCH_CHANGE)
    return change


_PROCESS_ENDED = recorded(
    "resolution.process_ended", "The process that sent this ended before it could record the answer."
)
_NOT_WRITTEN = recorded(
    "resolution.not_written", "The change log cannot be written at the moment. Nothing was changed; try again."
)
_RUNNING = recorded(
    "resolution.still_running", "This operation is still running. Its outcome will show in a few seconds."
)
_NO_OUTCOME = recorded("resolution.outcome_required", "Choose whether it was applied or not.")
_NO_NOTE = recorded("resolution.note_required", "Write down how you found out: an auditor will read it.")
_DECIDED = recorded("resolution.decided", "Decided by {who}: {message}")
