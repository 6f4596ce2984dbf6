"""Times from the directory, at the edges of the calendar and of the reader's zone."""

import zoneinfo

import pytest
from django.utils import timezone

from accounts_ui.text.times import focusable_timestamp, timestamp


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12", "UTC", "Asia/Kolkata"])
@pytest.mark.parametrize(
    "text", ["9999-12-31T23:59:59Z", "9999-12-31", "0001-01-01T00:00:00Z", "0001-01-01", "1970-01-01T00:00:00Z"]
)
def test_a_sentinel_date_is_shown_in_every_zone(text: str, zone: str) -> None:
    with timezone.override(zoneinfo.ZoneInfo(zone)):
        assert text[:4] in timestamp(text) or str(int(text[:4])) in timestamp(text)
        assert 'tabindex="0"' in focusable_timestamp(text)


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+14:00", "never", "<b>", "0"])
def test_what_is_no_time_is_shown_as_it_came(text: str) -> None:
    assert timestamp(text) == text


@pytest.mark.parametrize("value", [None, ""])
def test_nothing_is_shown_for_nothing(value: str | None) -> None:
    assert timestamp(value) == ""
