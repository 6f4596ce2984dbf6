"""The rules of an operation as a table: action × state of the account."""

import datetime
import uuid
from dataclasses import replace

import pytest

from accounts_ui.changes.models import Action, Change, Outcome
from accounts_ui.directory.statuses import STATUSES
from accounts_ui.services.bulk.row_checker import RESULTS
from accounts_ui.services.errors import ServiceError
from accounts_ui.services.operations import preconditions
from accounts_ui.services.operations.preconditions import (
    ALLOWED,
    UNDO_WITHIN,
    Caution,
    Decision,
    Obstacle,
    check_assignment,
    check_existing,
    check_reverse,
    check_undo,
    error_for,
    reverse_status,
)
from accounts_ui.services.state.account_facts import AccountFacts, AccountState, Drift

NOW = datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.UTC)
LISTED = AccountState(
    is_listed=True,
    listed_status="active",
    is_recorded=False,
    recorded_status=None,
    codes_listed=True,
    person_listed=True,
    person_recorded=False,
    people_listed=True,
    type_known=True,
    drift=None,
    has_open_change=False,
)
MISSING = replace(LISTED, is_listed=False, listed_status="")
CODES_HIDDEN = replace(MISSING, codes_listed=False)
RECORDED = replace(CODES_HIDDEN, is_recorded=True, recorded_status="active", person_recorded=True)
NOBODY = replace(MISSING, person_listed=False, codes_listed=False)
GONE = Drift("gone", None, "active", NOW, "", NOW)

# state → what stands in the way of an assignment, and of setting the account from its status to "expired"
TABLE = {
    "listed as active": (LISTED, Obstacle.ALREADY_ASSIGNED, None),
    "listed as deleted": (replace(LISTED, listed_status="deleted"), None, None),
    "listed as disabled": (replace(LISTED, listed_status="disabled"), Obstacle.ALREADY_ASSIGNED, None),
    "listed as expired": (replace(LISTED, listed_status="expired"), Obstacle.ALREADY_ASSIGNED, Caution.UNCHANGED),
    "listed without a status": (replace(LISTED, listed_status=""), Obstacle.ALREADY_ASSIGNED, None),
    "not listed": (MISSING, None, Obstacle.NO_SUCH_ACCOUNT),
    "gone since we applied it": (replace(MISSING, is_recorded=True, drift=GONE), None, Obstacle.NO_SUCH_ACCOUNT),
    "codes hidden": (CODES_HIDDEN, None, None),
    "codes hidden, type unknown": (
        replace(CODES_HIDDEN, type_known=False),
        Caution.TYPE_NOT_LISTED,
        Caution.TYPE_NOT_LISTED,
    ),
    "codes hidden, recorded": (RECORDED, Caution.ASSIGNED_BEFORE, None),
    "codes hidden, recorded as deleted": (replace(RECORDED, recorded_status="deleted"), None, None),
    "codes hidden, recorded as disabled": (replace(RECORDED, recorded_status="disabled"), None, None),
    "codes hidden, recorded without a status": (replace(RECORDED, recorded_status=None), Caution.ASSIGNED_BEFORE, None),
    "nobody": (NOBODY, Caution.PERSON_NOT_LISTED, Obstacle.NO_SUCH_PERSON),
    "nobody, but the log knows the person": (
        replace(NOBODY, person_recorded=True),
        Caution.PERSON_NOT_LISTED,
        None,
    ),
    "a list without people": (
        replace(NOBODY, people_listed=False),
        Caution.PERSON_NOT_LISTED,
        Caution.PERSON_NOT_LISTED,
    ),
    "an open change": (replace(LISTED, has_open_change=True), Obstacle.OPEN_CHANGE, Obstacle.OPEN_CHANGE),
    "an open change, not listed": (
        replace(MISSING, has_open_change=True),
        Obstacle.OPEN_CHANGE,
        Obstacle.OPEN_CHANGE,
    ),
}


def first_of(decision: Decision) -> Obstacle | Caution | None:
    assert bool(decision.detail) is (decision != ALLOWED), "a sentence for everything that is not allowed"
    return decision.obstacle or next(iter(decision.cautions), None)


@pytest.mark.parametrize("name", TABLE)
def test_assignment_and_change(name):
    state, assignment, change = TABLE[name]
    assert first_of(check_assignment(state, "worker")) == assignment
    expected = (state.status or None,)
    assert first_of(check_existing(state, "worker", wanted="expired", expected=expected)) == change


@pytest.mark.parametrize("name", TABLE)
def test_an_account_in_another_status_than_the_form_showed_is_never_changed(name):
    state, _assignment, change = TABLE[name]
    decision = check_existing(state, "worker", wanted="expired", expected=("another",))
    assert decision.obstacle == (change if isinstance(change, Obstacle) else Obstacle.STATE_CHANGED)


def test_sentences_name_status_and_drift():
    assert "worker account already, with the status active" in check_assignment(LISTED, "worker").detail
    detail = check_existing(LISTED, "worker", wanted="expired", expected=("pending",)).detail
    assert "is active now; it was pending" in detail
    gone = check_existing(TABLE["gone since we applied it"][0], "worker", wanted="expired", expected=(None,))
    assert gone.detail.endswith("It was changed outside this console.")


def change_of(action: str, *, before: str | None, after: str | None, **more) -> Change:
    values = {"outcome": Outcome.APPLIED, "code": "worker", **more}
    resolved = values.pop("resolved_at", NOW)
    change = Change(change_id=uuid.uuid4(), action=action, before=before, after=after, **values)
    change.resolved_at = resolved
    return change


ASSIGNED = change_of(Action.ASSIGN, before=None, after="active")
CHANGED = change_of(Action.CHANGE_STATUS, before="active", after="pending")
DELETED = change_of(Action.DELETE, before="active", after="deleted")


@pytest.mark.parametrize("change", [ASSIGNED, CHANGED, DELETED], ids=["assign", "change_status", "delete"])
def test_an_applied_change_can_be_undone_for_ten_minutes(change):
    assert check_undo(change, (), NOW + UNDO_WITHIN) == ALLOWED
    late = check_undo(change, (), NOW + UNDO_WITHIN + datetime.timedelta(seconds=1))
    assert late.obstacle is Obstacle.NOT_UNDOABLE


NOT_UNDOABLE = {
    "not applied": change_of(Action.ASSIGN, before=None, after=None, outcome=Outcome.NOT_APPLIED),
    "unknown": change_of(Action.ASSIGN, before=None, after=None, outcome=Outcome.UNKNOWN, resolved_at=None),
    "before is not a status": change_of(Action.CHANGE_STATUS, before="odd", after="active"),
    "before is not known": change_of(Action.DELETE, before=None, after="deleted"),
    "no effect": change_of(Action.CHANGE_STATUS, before="active", after="active"),
}


@pytest.mark.parametrize("name", NOT_UNDOABLE)
def test_what_cannot_be_undone(name):
    decision = check_undo(NOT_UNDOABLE[name], (), NOW)
    assert (decision.obstacle, decision.blocking_change) == (Obstacle.NOT_UNDOABLE, NOT_UNDOABLE[name])


def test_a_later_change_blocks_and_is_named():
    assert check_undo(ASSIGNED, [CHANGED, DELETED], NOW).blocking_change is CHANGED


REVERSES = {
    "assignment, still there": (ASSIGNED, LISTED, None),
    "assignment, status unknown after it": (change_of(Action.ASSIGN, before=None, after=None), LISTED, None),
    "assignment, changed elsewhere": (ASSIGNED, replace(LISTED, listed_status="disabled"), Obstacle.STATE_CHANGED),
    "assignment, gone": (ASSIGNED, MISSING, Obstacle.NOT_UNDOABLE),
    "change, still so": (CHANGED, replace(LISTED, listed_status="pending"), None),
    "change, changed elsewhere": (CHANGED, LISTED, Obstacle.STATE_CHANGED),
    "deletion, shown as disabled": (DELETED, replace(LISTED, listed_status="disabled"), None),
    "deletion, shown as deleted": (DELETED, replace(LISTED, listed_status="deleted"), None),
    "deletion, back in use": (DELETED, LISTED, Obstacle.STATE_CHANGED),
    "deletion, by the log alone": (DELETED, replace(RECORDED, recorded_status="deleted"), None),
    "open change": (CHANGED, replace(LISTED, has_open_change=True), Obstacle.OPEN_CHANGE),
}


@pytest.mark.parametrize("name", REVERSES)
def test_the_reverse_needs_the_state_that_the_change_left(name):
    change, state, obstacle = REVERSES[name]
    decision = check_reverse(change, state)
    assert decision.obstacle is obstacle
    if obstacle is Obstacle.STATE_CHANGED:
        assert "somebody changed it outside this console" in decision.detail


@pytest.mark.parametrize(("change", "status"), [(ASSIGNED, "deleted"), (CHANGED, "active"), (DELETED, "active")])
def test_reverse_status(change, status):
    assert reverse_status(change) == status


def test_the_rules_are_total():
    """Every status, and every obstacle and caution as an error of a form and as a result of a row."""
    for status in (*STATUSES, "odd", ""):
        state = replace(LISTED, listed_status=status)
        for wanted in STATUSES:
            assert check_existing(state, "worker", wanted=wanted, expected=(status or None,)).obstacle is None
        assert check_assignment(state, "worker").obstacle is (
            None if status == "deleted" else Obstacle.ALREADY_ASSIGNED
        )
    assert set(RESULTS) == {*Obstacle, *Caution}
    assert set(preconditions._CAUTIONS) == set(Caution)
    account = AccountFacts("s", "worker", "", "", "", LISTED, "directory", None, NOW, open_change=CHANGED)
    raised = {type(error_for(Decision(obstacle, blocking_change=CHANGED), account)) for obstacle in Obstacle}
    assert len(raised) == len(Obstacle)
    asks = error_for(Decision(cautions=(Caution.PERSON_NOT_LISTED,)), account)
    assert issubclass(type(asks), ServiceError)
    assert asks.what == ["subject"]
