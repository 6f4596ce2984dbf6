"""When the directory is read again for unknown outcomes, and whose token that read uses."""

import datetime

import pytest

from accounts_ui.services.reread_schedule import RereadKey, shared_read_time

NOW = datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("due", "read"),
    [
        ([], None),
        ([7], 7),
        ([0, 5], 5),  # within the window: one read
        ([5, 0, 2], 5),
        ([0, 5.1], 0),  # the other one gets a read of its own
        ([0, 4, 8, 12], 4),  # a steady flow of unknown outcomes delays no read for ever
    ],
)
def test_one_read_decides_what_is_due_at_nearly_the_same_time(due, read):
    def at(seconds):
        return NOW + datetime.timedelta(seconds=seconds)

    assert shared_read_time([at(seconds) for seconds in due]) == (None if read is None else at(read))


@pytest.mark.parametrize("organization_id", ["acme", "Ääkköset & Co", "a  b"])
def test_a_key_names_session_and_organization(organization_id):
    key = RereadKey("0f" * 32, organization_id)
    assert RereadKey.parse(str(key)) == key
