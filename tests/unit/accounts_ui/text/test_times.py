"""Times on pages: the reader's zone and format, and the exact time in UTC for machines and on hover."""

import datetime

import pytest
from django.utils import timezone
from django.utils.translation import override

from accounts_ui.text.times import focusable_timestamp, time_ago, time_of_day, timestamp

NOON = datetime.datetime(2026, 3, 9, 12, 0, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("language", "zone", "shown"),
    [
        ("en", "UTC", "9 Mar 2026, 12:00"),
        ("de", "Europe/Berlin", "09.03.2026, 13:00"),
        ("fr", "Asia/Tokyo", "09/03/2026 21:00"),
    ],
)
def test_a_time_is_shown_in_the_readers_zone_and_format(language: str, zone: str, shown: str) -> None:
    with override(language), timezone.override(zone):
        for value in (NOON, "2026-03-09T12:00:00Z", "2026-03-09T13:00:00+01:00"):
            assert timestamp(value) == (
                f'<time datetime="2026-03-09T12:00:00Z" data-utc="2026-03-09 12:00:00 UTC">{shown}</time>'
            )


def test_the_same_time_for_another_reader_is_another_text() -> None:
    with override("en"), timezone.override("UTC"):
        first = timestamp(NOON)
    with override("en"), timezone.override("Asia/Tokyo"):
        assert timestamp(NOON) != first


@pytest.mark.parametrize(("zone", "shown"), [("UTC", "12:00:00"), ("Europe/Berlin", "13:00:00")])
def test_a_time_of_the_day_has_seconds_and_is_in_the_readers_zone(zone: str, shown: str) -> None:
    with timezone.override(zone):
        assert time_of_day(NOON) == f'<time datetime="2026-03-09T12:00:00Z">{shown}</time>'


def test_a_focusable_time_is_reached_with_tab() -> None:
    assert ' tabindex="0">' in focusable_timestamp(NOON)


@pytest.mark.parametrize(("value", "shown"), [("soon", "soon"), ("", ""), (None, ""), ("<b>", "<b>")])
def test_what_is_no_time_is_shown_as_it_came(value: str | None, shown: str) -> None:
    assert timestamp(value) == shown
    assert not hasattr(timestamp(value), "__html__"), "so it is escaped"


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
@pytest.mark.parametrize(
    ("value", "word"),
    [("9999-12-31T23:59:59Z", "nie"), ("+999999999-12-31", "nie"), ("0001-01-01T00:00:00Z", "unbekannt")],
)
def test_sentinels_read_as_such(zone: str, value: str, word: str) -> None:
    with override("de"), timezone.override(zone):
        assert timestamp(value) == f'<data value="{value}" data-utc="{value}">{word}</data>'


@pytest.mark.parametrize(
    ("zone", "value", "shown"),
    [
        ("Europe/Berlin", "2026-10-25T00:30:00Z", "25 Oct 2026, 02:30 (UTC+02:00)"),
        ("Europe/Berlin", "2026-10-25T01:30:00Z", "25 Oct 2026, 02:30 (UTC+01:00)"),
        ("Europe/Berlin", "2026-10-24T23:59:00Z", "25 Oct 2026, 01:59"),
        ("Europe/Berlin", "2026-10-25T02:00:00Z", "25 Oct 2026, 03:00"),
        ("Europe/Berlin", "2026-03-29T01:00:00Z", "29 Mar 2026, 03:00"),
        ("Australia/Lord_Howe", "2026-04-04T15:10:00Z", "5 Apr 2026, 01:40 (UTC+10:30)"),
        ("UTC", "2026-10-25T00:30:00Z", "25 Oct 2026, 00:30"),
    ],
)
def test_times_of_a_repeated_hour_have_their_offset(zone: str, value: str, shown: str) -> None:
    with override("en"), timezone.override(zone):
        assert timestamp(value).endswith(f">{shown}</time>")


def test_a_time_of_the_day_in_a_repeated_hour_has_its_offset() -> None:
    with timezone.override("Europe/Berlin"):
        at = datetime.datetime(2026, 10, 25, 1, 30, tzinfo=datetime.UTC)
        assert time_of_day(at).endswith(">02:30:00 (UTC+01:00)</time>")


def test_how_long_ago() -> None:
    with override("en"):
        assert time_ago(timezone.now()) == "just now"
        assert time_ago(timezone.now() - datetime.timedelta(hours=3, minutes=5)) == "3\xa0hours ago"
