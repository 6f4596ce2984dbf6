"""What a fresh read of the directory says about a change whose answer was lost. One place for this decision."""

import datetime
from dataclasses import dataclass
from typing import Any

from accounts_ui.changes.models import Action, Change, Outcome
from accounts_ui.directory.listing import Listing
from accounts_ui.directory.statuses import ENDED_STATUSES
from accounts_ui.services.operations.evidence import Provenance, of_listing
from console.recorded_text import recorded


@dataclass(frozen=True, slots=True)
class OutcomeDecision:
    """The outcome, a sentence why, the status that was seen, and the evidence for the log."""

    outcome: str
    detail: str
    after: str | None
    evidence: dict[str, Any]


def decide_outcome(change: Change, listing: Listing, basis: Provenance, *, may_still_act: bool) -> OutcomeDecision:
    """Hold the directory's list against what was asked.

    Args:
        basis: who read the list, and how that came about.
        may_still_act: the directory may not be done with the request yet, so that an effect which is not there is no
            proof that it will not come.

    """
    account = listing.account(change.subject_id, change.code)
    seen = account.status if account else None
    tells = account is not None or listing.tells_codes_of(change.subject_id)
    evidence = of_listing(basis, listing, change.subject_id, change.code)
    if not tells:
        return OutcomeDecision(
            Outcome.UNKNOWN,
            _TELLS_NOT,
            change.after,
            evidence,
        )
    outcome = _VERDICTS[Action(change.action)](change, seen)
    if outcome == Outcome.NOT_APPLIED and may_still_act:
        detail = _MAY_ACT.format(at=evidence["read_at"])
        return OutcomeDecision(Outcome.UNKNOWN, detail, change.after, evidence)
    return OutcomeDecision(
        outcome, _DETAILS[Outcome(outcome)].format(seen=_in_words(seen)), _after(change, outcome, seen), evidence
    )


def is_past_acting(change: Change, patience: datetime.timedelta, now: datetime.datetime) -> bool:
    """Whether so much time has passed that the directory cannot be acting on the request any more."""
    return now - change.requested_at >= patience


def _assigned(change: Change, seen: str | None) -> str:
    if seen is None:
        return Outcome.NOT_APPLIED
    if change.before is None or seen != change.before:
        return Outcome.APPLIED
    return Outcome.NOT_APPLIED


def _status_changed(change: Change, seen: str | None) -> str:
    if seen == change.after and change.before not in (None, change.after):
        return Outcome.APPLIED
    if seen == change.before and change.before != change.after:
        return Outcome.NOT_APPLIED
    return Outcome.UNKNOWN


def _deleted(change: Change, seen: str | None) -> str:
    if change.before is None or change.before in ENDED_STATUSES:
        return Outcome.UNKNOWN
    if seen is None or seen in ENDED_STATUSES:
        return Outcome.APPLIED
    return Outcome.NOT_APPLIED if seen == change.before else Outcome.UNKNOWN


_VERDICTS = {Action.ASSIGN: _assigned, Action.CHANGE_STATUS: _status_changed, Action.DELETE: _deleted}

_TELLS_NOT = recorded("outcome.codes_not_listed", "The directory's list does not tell which accounts this person has.")
_MAY_ACT = recorded(
    "outcome.may_still_act", "A read at {at} does not show the change, but the directory may still be acting."
)
_NONE = recorded("outcome.no_account_listed", "no such account is listed")
_LISTED = recorded("outcome.account_listed", "the account is listed as {status}")
_DETAILS = {
    Outcome.APPLIED: recorded("outcome.shown", "The directory shows the change: {seen}."),
    Outcome.NOT_APPLIED: recorded("outcome.not_shown", "The directory does not show the change: {seen}."),
    Outcome.UNKNOWN: recorded(
        "outcome.ambiguous", "What the directory shows ({seen}) can have come about in more than one way."
    ),
}


def _in_words(seen: str | None) -> str:
    return _NONE if seen is None else _LISTED.format(status=seen or "without a status")


def _after(change: Change, outcome: str, seen: str | None) -> str | None:
    return seen if outcome == Outcome.APPLIED and seen is not None else change.after
