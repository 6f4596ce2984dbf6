"""What the directory's list says about a change whose answer was lost."""

import datetime
import json

import pytest

from accounts_ui.changes.models import Action, Change, Outcome
from accounts_ui.directory.decoder import read_rows
from accounts_ui.directory.listing import Listing
from accounts_ui.services.operations.evidence import Provenance
from accounts_ui.services.operations.outcome_rules import decide_outcome, may_still_act

NOW = datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.UTC)
READER = Provenance("check", "issuer", "subject", "Ada Admin")
PATIENCE = datetime.timedelta(seconds=20)


def listing_with(status: str | None, *, codes: bool = True) -> Listing:
    """The list of one person, with an account in ``status`` if it is not ``None``."""
    rows = [{"identity": {"id": "bo", "name": "Bo Berg"}, "acls": []}]
    if codes:
        rows.append({"subject_id": "bo", "account_code": "visitor", "status": "active"})
    if status is not None:
        rows.append({"subject_id": "bo", "account_code": "worker", "status": status})
    return Listing("acme", read_rows(json.dumps(rows).encode()), NOW)


def change_of(action: str, before: str | None, after: str | None) -> Change:
    return Change(
        action=action, subject_id="bo", code="worker", before=before, after=after, requested_at=NOW - PATIENCE
    )


# action, before, after, status in the list → outcome once the directory cannot be acting any more
CASES = [
    (Action.ASSIGN, None, None, None, Outcome.NOT_APPLIED),
    (Action.ASSIGN, None, None, "active", Outcome.APPLIED),
    (Action.ASSIGN, "deleted", None, "deleted", Outcome.NOT_APPLIED),
    (Action.ASSIGN, "deleted", None, "active", Outcome.APPLIED),
    (Action.CHANGE_STATUS, "active", "expired", "expired", Outcome.APPLIED),
    (Action.CHANGE_STATUS, "active", "expired", "active", Outcome.NOT_APPLIED),
    (Action.CHANGE_STATUS, "active", "expired", "disabled", Outcome.UNKNOWN),
    (Action.CHANGE_STATUS, "active", "expired", None, Outcome.UNKNOWN),
    (Action.CHANGE_STATUS, None, "expired", "expired", Outcome.UNKNOWN),
    (Action.CHANGE_STATUS, "expired", "expired", "expired", Outcome.UNKNOWN),
    (Action.DELETE, "active", "deleted", None, Outcome.APPLIED),
    (Action.DELETE, "active", "deleted", "disabled", Outcome.APPLIED),
    (Action.DELETE, "active", "deleted", "active", Outcome.NOT_APPLIED),
    (Action.DELETE, "active", "deleted", "pending", Outcome.UNKNOWN),
    (Action.DELETE, "disabled", "deleted", "disabled", Outcome.UNKNOWN),
    (Action.DELETE, None, "deleted", None, Outcome.UNKNOWN),
]


@pytest.mark.parametrize(("action", "before", "after", "listed", "outcome"), CASES)
def test_outcomes(action, before, after, listed, outcome):
    change = change_of(action, before, after)
    decision = decide_outcome(change, listing_with(listed), READER, may_still_act=False)
    assert decision.outcome == outcome
    assert decision.evidence["seen"] == listed
    early = decide_outcome(change, listing_with(listed), READER, may_still_act=True)
    assert early.outcome == (Outcome.UNKNOWN if outcome == Outcome.NOT_APPLIED else outcome)


@pytest.mark.parametrize("action", Action.values)
def test_a_list_that_names_no_codes_decides_nothing(action):
    change = change_of(action, None if action == Action.ASSIGN else "active", "deleted")
    decision = decide_outcome(change, listing_with(None, codes=False), READER, may_still_act=False)
    assert decision.outcome == Outcome.UNKNOWN
    assert decision.evidence["lists_types"] is False


@pytest.mark.parametrize(("seconds", "acting"), [(0, True), (19.9, True), (20, False), (60, False)])
def test_the_directory_may_act_for_two_timeouts(seconds, acting):
    change = Change(requested_at=NOW)
    assert may_still_act(change, PATIENCE, NOW + datetime.timedelta(seconds=seconds)) is acting
