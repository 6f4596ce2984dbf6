"""May this account be assigned, changed, deleted, or a change of it undone? The rules stand here, and nowhere else.

Each function is pure and returns a ``Decision``. A form raises its obstacle, a row of a plan records it, and a page
offers "Undo" only if there is none. The writer of the log checks once more, under its lock, that nothing was recorded
in between.
"""

import datetime
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from accounts_ui.changes.models import Action, Change, Outcome
from accounts_ui.directory.statuses import ENDED_STATUSES, STATUSES
from accounts_ui.services.errors import (
    AccountNotHere,
    AlreadyAssigned,
    AnotherOperationOpen,
    ConfirmationNeeded,
    ServiceError,
    StateChanged,
    SubjectUnknown,
    UndoRefused,
)
from accounts_ui.services.state.account_facts import AccountFacts, AccountState
from accounts_ui.services.state.drift import GONE
from console.recorded_text import join_texts, recorded

UNDO_WITHIN: Final = datetime.timedelta(minutes=10)


class Obstacle(StrEnum):
    """Why an operation must not be sent, whatever the admin says."""

    OPEN_CHANGE = "open_change"
    ALREADY_ASSIGNED = "already_assigned"
    NO_SUCH_ACCOUNT = "no_such_account"
    NO_SUCH_PERSON = "no_such_person"
    STATE_CHANGED = "state_changed"
    NOT_UNDOABLE = "not_undoable"


class Caution(StrEnum):
    """What the directory cannot confirm. A form asks the admin; a row of a plan, which nobody can ask, is not sent."""

    PERSON_NOT_LISTED = "subject"
    TYPE_NOT_LISTED = "code"
    ASSIGNED_BEFORE = "recorded"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether an operation may be sent.

    Args:
        obstacle: why not; ``None`` if nothing forbids it.
        cautions: what an admin has to confirm, the most important first.
        detail: obstacle or cautions in words, for the admin and for the row of a plan.
        blocking_change: the change that stands in the way of an undo.

    """

    obstacle: Obstacle | None = None
    cautions: tuple[Caution, ...] = ()
    detail: str = ""
    blocking_change: Change | None = None


ALLOWED: Final = Decision()


def check_assignment(state: AccountState, code: str) -> Decision:
    """Decide whether the account type ``code`` may be assigned."""
    if state.has_open_change:
        return Decision(Obstacle.OPEN_CHANGE, detail=OPEN_CHANGE)
    if state.is_listed and state.listed_status != "deleted":
        status = state.listed_status or "unknown"
        return Decision(Obstacle.ALREADY_ASSIGNED, detail=_ALREADY_ASSIGNED.format(code=code, status=status))
    # Without the directory's word, a second account might come of it: it makes one whenever it is asked.
    assigned_before = state.is_recorded and state.recorded_status not in ENDED_STATUSES
    return _with_cautions(
        {
            Caution.PERSON_NOT_LISTED: not state.person_listed,
            Caution.TYPE_NOT_LISTED: not state.type_known,
            Caution.ASSIGNED_BEFORE: assigned_before and not state.codes_listed,
        }
    )


def check_existing(state: AccountState, code: str, *, wanted: str, expected: Collection[str | None]) -> Decision:
    """Decide whether an account may get the status ``wanted`` (``deleted``: be deleted).

    Args:
        expected: the statuses in which it may be; ``None`` stands for a status that nobody knows.

    """
    if state.has_open_change:
        return Decision(Obstacle.OPEN_CHANGE, detail=OPEN_CHANGE)
    missing = check_exists(state, code)
    if missing.obstacle:
        return missing
    current = state.status or None
    if current not in expected:
        then = next(iter(expected), None)
        detail = _STATE_CHANGED.format(status_now=current or "not known", status_then=then or "not known")
        return Decision(Obstacle.STATE_CHANGED, detail=detail)
    return _with_cautions(
        {
            Caution.PERSON_NOT_LISTED: not state.person_listed and not state.person_recorded,
            Caution.TYPE_NOT_LISTED: not state.is_listed and not state.type_known,
            Caution.UNCHANGED: current == wanted,
        },
        status=current or "not known",
    )


def check_exists(state: AccountState, code: str) -> Decision:
    """Decide whether there is an account to work on, as far as directory and log can tell."""
    if not state.is_listed and state.codes_listed:
        outside = _CHANGED_OUTSIDE if state.drift and state.drift.kind == GONE else ""
        return Decision(Obstacle.NO_SUCH_ACCOUNT, detail=join_texts(_NO_SUCH_ACCOUNT.format(code=code), outside))
    if state.people_listed and not state.person_listed and not state.person_recorded:
        return Decision(Obstacle.NO_SUCH_PERSON, detail=_NO_SUCH_PERSON)
    return ALLOWED


def check_undo(change: Change, later: Sequence[Change], now: datetime.datetime) -> Decision:
    """Decide whether ``change`` may be undone, as far as the log can tell.

    Args:
        later: the changes of the same account after it, oldest first, without those that were not applied.

    """
    detail = _undo_detail(change, now)
    if detail:
        return Decision(Obstacle.NOT_UNDOABLE, detail=detail, blocking_change=change)
    if later:
        return Decision(Obstacle.NOT_UNDOABLE, detail=_FOLLOWED, blocking_change=later[0])
    return ALLOWED


def check_reverse(change: Change, state: AccountState) -> Decision:
    """Decide whether the reverse of ``change`` may be sent: the account has to be as the change left it."""
    # The directory deletes softly: an account that it deleted may show as disabled.
    left = tuple(ENDED_STATUSES) if change.action == Action.DELETE else (change.after or state.status,)
    decision = check_existing(state, change.code, wanted=reverse_status(change), expected=left)
    if decision.obstacle is Obstacle.NO_SUCH_ACCOUNT:
        detail = join_texts(decision.detail, _NOTHING_LEFT)
        return Decision(Obstacle.NOT_UNDOABLE, detail=detail, blocking_change=change)
    if decision.obstacle is Obstacle.STATE_CHANGED:
        then = change.after or "not known"
        detail = _CHANGED_SINCE.format(status_now=state.status or "not known", status_then=then)
        return replace(decision, detail=detail)
    return decision


def reverse_status(change: Change) -> str:
    """Return the status that undoing ``change`` leads to; ``deleted`` if it deletes the account."""
    return "deleted" if change.action == Action.ASSIGN else change.before or ""


def error_for(decision: Decision, account: AccountFacts) -> ServiceError:
    """Return the error that a form raises for a decision against it."""
    detail = decision.detail
    match decision.obstacle:
        case Obstacle.OPEN_CHANGE if account.open_change:
            return AnotherOperationOpen(detail, account.open_change)
        case Obstacle.ALREADY_ASSIGNED:
            return AlreadyAssigned(detail, account.status or "", account.subject_id, account.code)
        case Obstacle.NO_SUCH_ACCOUNT:
            return AccountNotHere(detail)
        case Obstacle.NO_SUCH_PERSON:
            return SubjectUnknown(detail)
        case Obstacle.NOT_UNDOABLE if decision.blocking_change:
            return UndoRefused(detail, decision.blocking_change)
        case None:
            return ConfirmationNeeded(detail, [caution.value for caution in decision.cautions])
    return StateChanged(detail, account)


def _with_cautions(applicable: dict[Caution, bool], **values: str) -> Decision:
    cautions = tuple(caution for caution, applies in applicable.items() if applies)
    return Decision(
        cautions=cautions, detail=join_texts(*(_CAUTIONS[caution].format(**values) for caution in cautions))
    )


def _undo_detail(change: Change, now: datetime.datetime) -> str:
    """Return why the change itself cannot be undone; empty if it can."""
    if change.outcome != Outcome.APPLIED or change.resolved_at is None:
        return _NOT_APPLIED
    if now - change.resolved_at > UNDO_WITHIN:
        return _TOO_LATE
    if change.action == Action.ASSIGN:
        return ""
    if change.before not in STATUSES:
        return _NOT_SETTABLE
    return _NO_EFFECT if change.before == change.after else ""


OPEN_CHANGE: Final = recorded(
    "operation.other_operation_open",
    "Another operation on this account has no outcome yet. It has to be resolved first.",
)
_ALREADY_ASSIGNED = recorded(
    "operation.already_assigned",
    "The person has a {code} account already, with the status {status}. Change its status instead: the directory would "
    "make a second account.",
)
_NO_SUCH_ACCOUNT = recorded("account.not_listed", "The directory lists no {code} account of this person.")
_CHANGED_OUTSIDE = recorded("account.drift", "It was changed outside this console.")
_NO_SUCH_PERSON = recorded("account.person_not_listed", "The directory does not list this person in the organization.")
_STATE_CHANGED = recorded(
    "operation.status_changed",
    "The account's status is {status_now} now; it was {status_then} when the form was drawn. Nothing was changed.",
)
_NOTHING_LEFT = recorded("undo.nothing_left", "There is nothing left to undo. You can assign the account again.")
_FOLLOWED = recorded("undo.changed_since", "Another change of this account was made after it.")
_NOT_APPLIED = recorded("undo.not_applied", "Only a change that was applied can be undone.")
_TOO_LATE = recorded(
    "undo.too_late", "It was applied more than ten minutes ago. Look at the account, and make the opposite change."
)
_NOT_SETTABLE = recorded(
    "undo.status_not_settable", "The status that the account had before is not one that can be set."
)
_NO_EFFECT = recorded("undo.status_unchanged", "It left the status as it was.")
_CHANGED_SINCE = recorded(
    "undo.changed_outside",
    "The account's status is {status_now} now, and the change had left it {status_then}: somebody changed it outside "
    "this console. Nothing was changed.",
)
_CAUTIONS: Final = {
    Caution.PERSON_NOT_LISTED: recorded(
        "operation.person_not_listed",
        "The directory does not list this person in the organization, and would accept a typing error.",
    ),
    Caution.TYPE_NOT_LISTED: recorded("operation.type_unknown", "The directory does not name this account type."),
    Caution.ASSIGNED_BEFORE: recorded(
        "operation.assigned_before",
        "This console assigned the type to this person before; a second account might come of it.",
    ),
    Caution.UNCHANGED: recorded("operation.status_unchanged", "The account is {status}."),
}
