"""Finding the outcome of a change later: by a fresh read, or by an admin's explicit decision."""

import logging

from django.db import Error

from accounts_ui.changes import queries, writer
from accounts_ui.changes.models import Change, Outcome, resolution_wait
from accounts_ui.directory.client import DirectoryClient
from accounts_ui.directory.listing import Listing
from accounts_ui.services.audit_context import AuditContext
from accounts_ui.services.errors import NO_SUCH_CHANGE, ChangeUnknown, InvalidInput, LogUnavailable, NotResolved
from accounts_ui.services.operations.evidence import CHECK, VISIT, Provenance, by_origin, of_decision
from accounts_ui.services.operations.outcome_rules import OutcomeDecision, decide_outcome, is_past_acting
from accounts_ui.services.validation import check_change_id, check_message
from console.recorded_text import join_texts, recorded

logger = logging.getLogger(__name__)


def check_outcome(*, client: DirectoryClient, context: AuditContext, change_id: str) -> Change:
    """Read the directory, and resolve the change by what it shows. A resolved change is returned as it is.

    Raises:
        ChangeUnknown: the organization has no such change.
        NotResolved: it is still running, or what was read does not tell.
        LogUnavailable: what was read could not be recorded.

    """
    change = _get(context, change_id)
    if not change.is_open:
        return change
    if change.is_running:
        raise NotResolved(_RUNNING, change)
    listing = client.list_users(context.organization_id)
    try:
        change, judgement = _resolve(change, listing, context, by_origin(CHECK, context))
    except Error as error:
        raise LogUnavailable(_NOT_WRITTEN) from error
    if change.is_open:
        raise NotResolved(judgement.detail, change)
    return change


def record_decision(*, context: AuditContext, change_id: str, outcome: str, message: str) -> Change:
    """Resolve the change as the admin says, who found out in another way and writes down how.

    Raises:
        InvalidInput: no such outcome, or no message.
        ChangeUnknown: the organization has no such change.
        NotResolved: it is still running.

    """
    if outcome not in (Outcome.APPLIED, Outcome.NOT_APPLIED):
        raise InvalidInput("decision", _WHICH)
    message = check_message(message)
    if not message:
        raise InvalidInput("message", _HOW)
    change = _get(context, change_id)
    if not change.is_open:
        return change
    if change.is_running:
        raise NotResolved(_RUNNING, change)
    detail = _DECIDED.format(who=context.name or context.subject, message=message)
    try:
        return writer.resolve(
            change,
            outcome,
            by=context.facts(),
            detail=detail,
            after=change.after,
            evidence=of_decision(context),
            message=message,
        )
    except Error as error:
        raise LogUnavailable(_NOT_WRITTEN) from error


def resolve_from_listing(*, listing: Listing, context: AuditContext) -> None:
    """Resolve whatever a list that was just read can resolve: any admin's next visit."""
    try:
        for change in queries.open_changes(context.organization_id):
            if listing.asked_at >= change.requested_at:  # an older list tells nothing of it
                _resolve(change, listing, context, by_origin(VISIT, context))
    except Error:
        logger.warning("The log cannot be written: a visit resolved nothing.")  # it is for reading; the banner stays


def _resolve(
    change: Change, listing: Listing, context: AuditContext, basis: Provenance
) -> tuple[Change, OutcomeDecision]:
    past = is_past_acting(change, resolution_wait(), listing.asked_at)
    judgement = decide_outcome(change, listing, basis, may_still_act=not past)
    if judgement.outcome == Outcome.UNKNOWN and change.outcome == Outcome.PENDING:
        judgement = OutcomeDecision(
            Outcome.UNKNOWN, join_texts(_NOBODY, judgement.detail), judgement.after, judgement.evidence
        )
    change = writer.resolve(
        change,
        judgement.outcome,
        by=context.facts(),
        detail=judgement.detail,
        after=judgement.after,
        evidence=judgement.evidence,
    )
    return change, judgement


def _get(context: AuditContext, change_id: str) -> Change:
    change = queries.find_change(context.organization_id, check_change_id(change_id))
    if change is None:
        raise ChangeUnknown(NO_SUCH_CHANGE)
    return change


_NOBODY = recorded("resolution.process_ended", "The process that sent this ended before it could record the answer.")
_NOT_WRITTEN = recorded(
    "resolution.not_written", "The change log cannot be written at the moment. Nothing was changed; try again."
)
_RUNNING = recorded(
    "resolution.still_running", "This operation is still running. Its outcome will show in some seconds."
)
_WHICH = recorded("resolution.outcome_required", "Decide for applied or not_applied.")
_HOW = recorded("resolution.note_required", "Write down how you found out: an auditor will read it.")
_DECIDED = recorded("resolution.decided", "Decided by {who}: {message}")
