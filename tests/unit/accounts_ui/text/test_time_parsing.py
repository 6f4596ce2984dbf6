"""Times at the edges."""

import datetime

import pytest

from accounts_ui.text.time_parsing import MAX, MIN, as_time, is_never, is_unset

UTC = datetime.UTC


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-01-31T12:00:00Z", datetime.datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00+02:00", datetime.datetime(2026, 1, 31, 10, tzinfo=UTC)),
        ("2026-01-31", datetime.datetime(2026, 1, 31, tzinfo=UTC)),
        ("9999-12-31T23:59:59Z", datetime.datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2026-01-31t12:00:00z", datetime.datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00.123456789Z", datetime.datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)),
        ("2026-01-31T12:00+01:00[Europe/Berlin]", datetime.datetime(2026, 1, 31, 11, tzinfo=UTC)),
        ("2026-06-30T23:59:60Z", datetime.datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC)),
        ("2026-W05-6", datetime.datetime(2026, 1, 31, tzinfo=UTC)),
        ("1769860800", datetime.datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("1769860800.0", datetime.datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("1769860800000", datetime.datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("12026", None),
        ("999999999999999", MAX),
        ("", None),
        ("never", None),
        ("2026-02-30", None),
    ],
)
def test_times(text: str, time: datetime.datetime | None) -> None:
    assert as_time(text) == time


@pytest.mark.parametrize(
    "text",
    [
        "9999-12-31",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-14:00",
        "9999-12-31T24:00:00Z",
        "+999999999-12-31T23:59:59.999999999",
        "292278994-08-17T07:12:55.807Z",
        "infinity",
        "253402300799",
        "253402300799999",
        "9223372036854775807",
    ],
)
def test_never(text: str) -> None:
    time = as_time(text)
    assert time is not None
    assert is_never(time)
    assert not is_unset(time)


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01",
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "0000-00-00T00:00:00",
        "-1000000000-01-01T00:00:00Z",
        "-infinity",
        "1970-01-01T00:00:00Z",
        "1970-01-01T01:00:00+01:00",
        "0",
        "-62135596800000",
    ],
)
def test_unset(text: str) -> None:
    time = as_time(text)
    assert time is not None
    assert is_unset(time)
    assert not is_never(time)


@pytest.mark.parametrize("text", ["1970-01-01T00:00:01Z", "9998-12-31", "0002-01-01"])
def test_other_times_are_no_sentinels(text: str) -> None:
    time = as_time(text)
    assert time is not None
    assert MIN < time < MAX
    assert not is_never(time)
    assert not is_unset(time)
