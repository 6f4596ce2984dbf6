"""Which events need no request for a checkpoint, because an earlier request covers them."""

import datetime

import pytest

from accounts_ui.changes.checkpoints.scheduler import RECHECK_AFTER, RequestedCheckpoint

NOW = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
SECOND = datetime.timedelta(seconds=1)
MINUTE = datetime.timedelta(minutes=1)


@pytest.mark.parametrize(("sequence", "is_covered"), [(99, True), (100, False), (101, False)])
def test_until_it_is_due_a_request_covers_events_before_its_sequence(sequence: int, is_covered: bool) -> None:
    requested = RequestedCheckpoint(100, due_at=NOW + SECOND, requested_at=NOW - MINUTE)
    assert requested.covers(sequence, NOW) is is_covered


@pytest.mark.parametrize("sequence", [99, 100, 500])
def test_once_it_is_due_a_request_covers_all_events_for_a_moment(sequence: int) -> None:
    requested = RequestedCheckpoint(100, due_at=NOW, requested_at=NOW - MINUTE)
    assert requested.covers(sequence, NOW)
    assert not requested.covers(sequence, NOW + RECHECK_AFTER)


def test_a_request_for_an_overdue_checkpoint_covers_events_from_when_it_was_made() -> None:
    requested = RequestedCheckpoint(100, due_at=NOW - MINUTE, requested_at=NOW)
    assert requested.covers(100, NOW)
    assert not requested.covers(100, NOW + RECHECK_AFTER)
