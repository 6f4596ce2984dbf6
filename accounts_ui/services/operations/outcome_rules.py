"""Decide what became of a change whose answer was lost, from what the directory lists. The rules stand here alone."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from accounts_ui.changes.models import Action, Change, Outcome
from accounts_ui.directory.listing import Listing
from accounts_ui.directory.statuses import ENDED_STATUSES
from accounts_ui.services.operations.evidence import Provenance, of_listing
from console.recorded_text import recorded


@dataclass(frozen=True, slots=True)
class OutcomeDecision:
    """The outcome, why, the status of the account after the change, and the evidence for the log."""

    outcome: str
    detail: str
    after: str | None
    evidence: dict[str, Any]


def decide_outcome(change: Change, listing: Listing, provenance: Provenance, *, may_still_act: bool) -> OutcomeDecision:
    """Compare the directory's list with what was asked.

    Args:
        provenance: who read the list, and on which occasion.
        may_still_act: the directory may not be done with the request yet, so a missing effect proves nothing.

    """
    account = listing.account(change.subject_id, change.code)
    listed_status = account.status if account else None
    evidence = of_listing(provenance, listing, change.subject_id, change.code)
    if account is None and not listing.tells_codes_of(change.subject_id):
        return OutcomeDecision(Outcome.UNKNOWN, _CODES_HIDDEN, change.after, evidence)
    outcome = _RULES[Action(change.action)](change, listed_status)
    if outcome == Outcome.NOT_APPLIED and may_still_act:
        detail = _MAY_STILL_ACT.format(at=evidence["read_at"])
        return OutcomeDecision(Outcome.UNKNOWN, detail, change.after, evidence)
    detail = _DETAILS[Outcome(outcome)].format(seen=_in_words(listed_status))
    after = listed_status if outcome == Outcome.APPLIED and listed_status is not None else change.after
    return OutcomeDecision(outcome, detail, after, evidence)


def may_still_act(change: Change, patience: datetime.timedelta, read_at: datetime.datetime) -> bool:
    """Return whether the directory may still have been acting on the request when the list was asked for."""
    return read_at - change.requested_at < patience


def _of_assignment(change: Change, listed_status: str | None) -> str:
    if listed_status is None:
        return Outcome.NOT_APPLIED
    if change.before is None or listed_status != change.before:
        return Outcome.APPLIED
    return Outcome.NOT_APPLIED


def _of_status_change(change: Change, listed_status: str | None) -> str:
    if listed_status == change.after and change.before not in (None, change.after):
        return Outcome.APPLIED
    if listed_status == change.before and change.before != change.after:
        return Outcome.NOT_APPLIED
    return Outcome.UNKNOWN


def _of_deletion(change: Change, listed_status: str | None) -> str:
    if change.before is None or change.before in ENDED_STATUSES:
        return Outcome.UNKNOWN  # it looked deleted before
    if listed_status is None or listed_status in ENDED_STATUSES:
        return Outcome.APPLIED
    return Outcome.NOT_APPLIED if listed_status == change.before else Outcome.UNKNOWN


_RULES: Final[dict[Action, Callable[[Change, str | None], str]]] = {
    Action.ASSIGN: _of_assignment,
    Action.CHANGE_STATUS: _of_status_change,
    Action.DELETE: _of_deletion,
}

_CODES_HIDDEN = recorded(
    "outcome.codes_not_listed", "The directory's list does not say which accounts this person has."
)
_MAY_STILL_ACT = recorded(
    "outcome.may_still_act", "A read at {at} does not show the change, but the directory may still be acting."
)
_NOT_LISTED = recorded("outcome.no_account_listed", "no such account is listed")
_LISTED = recorded("outcome.account_listed", "the account is listed as {status}")
_DETAILS = {
    Outcome.APPLIED: recorded("outcome.shown", "The directory shows the change: {seen}."),
    Outcome.NOT_APPLIED: recorded("outcome.not_shown", "The directory does not show the change: {seen}."),
    Outcome.UNKNOWN: recorded(
        "outcome.ambiguous", "What the directory shows ({seen}) can have come about in more than one way."
    ),
}


def _in_words(listed_status: str | None) -> str:
    return _NOT_LISTED if listed_status is None else _LISTED.format(status=listed_status or "without a status")
