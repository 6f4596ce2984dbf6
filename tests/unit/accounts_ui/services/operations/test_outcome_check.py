"""What a page says about an unknown outcome: being checked, unreadable, or unresolved."""

import datetime

import pytest

from accounts_ui.changes.models import Change, Event, Outcome, resolution_wait
from accounts_ui.services.operations.outcome_check import CheckState, check_of
from accounts_ui.services.reread_schedule import SHARED_READ_WINDOW

NOW = datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.UTC)
READ_SECONDS = 10
LAST_READ = resolution_wait() + SHARED_READ_WINDOW + datetime.timedelta(seconds=READ_SECONDS)
JUST = datetime.timedelta(microseconds=1)


def state_of(evidence: dict | None, age: datetime.timedelta, outcome: str = Outcome.UNKNOWN) -> str | None:
    change = Change(outcome=outcome, requested_at=NOW - age)
    events = [Event(evidence=None), Event(evidence=evidence)]
    check = check_of(change, events, now=NOW, read_seconds=READ_SECONDS)
    assert check is None or check.until == NOW - age + resolution_wait()
    return check.state if check else None


@pytest.mark.parametrize("evidence", [None, {"lists_types": True}, {"how": "re-read", "read_at": None}])
def test_it_is_being_checked_until_the_automatic_read_must_be_over(evidence):
    assert state_of(evidence, datetime.timedelta(0)) == CheckState.CHECKING
    assert state_of(evidence, LAST_READ - JUST) == CheckState.CHECKING
    assert state_of(evidence, LAST_READ) == CheckState.UNRESOLVED


def test_a_list_without_codes_needs_a_decision_at_once():
    assert state_of({"lists_types": False}, datetime.timedelta(0)) == CheckState.UNREADABLE
    assert state_of({"lists_types": False}, LAST_READ) == CheckState.UNREADABLE


def test_events_that_are_stored_elsewhere_say_nothing():
    change = Change(outcome=Outcome.UNKNOWN, requested_at=NOW)
    check = check_of(change, [], now=NOW, read_seconds=READ_SECONDS)
    assert check is not None
    assert check.state == CheckState.CHECKING


@pytest.mark.parametrize("outcome", [Outcome.APPLIED, Outcome.NOT_APPLIED])
def test_a_known_outcome_needs_no_check(outcome):
    assert state_of({"lists_types": False}, datetime.timedelta(0), outcome) is None
