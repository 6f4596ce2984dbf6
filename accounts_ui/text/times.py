"""Times as pages show them: in the reader's time zone and format, with the exact one in UTC."""

import datetime
from functools import lru_cache
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.timesince import timesince
from django.utils.translation import get_language, gettext

from accounts_ui.services.text_folding import as_time
from console import clock


def timestamp(value: Any) -> SafeString | str:
    """Return a ``<time>`` in the reader's zone, with the exact UTC time on hover and on focus.

    The directory's times are text. What cannot be read as a time is shown as the directory sent it.
    """
    return _time(value, "")


def focusable_timestamp(value: Any) -> SafeString | str:
    """Return the same, reached with the Tab key: for a time that stands neither in a row nor in a link."""
    return _time(value, mark_safe(' tabindex="0"'))


def time_of_day(at: datetime.datetime) -> SafeString:
    """Return a ``<time>`` of a moment within the next minutes: hour, minute and second in the reader's zone."""
    exact = at.astimezone(datetime.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return format_html('<time datetime="{}">{}</time>', exact, f"{timezone.localtime(at):%H:%M:%S}")


def time_ago(at: datetime.datetime) -> str:
    """Return how long ago ``at`` was, in one unit."""
    passed = clock.now() - at
    if passed < datetime.timedelta(minutes=1):
        return gettext("just now")
    return gettext("%(time)s ago") % {"time": timesince(at, depth=1)}


def _time(value: Any, attributes: str) -> SafeString | str:
    at = as_time(value) if isinstance(value, str) else value
    if not isinstance(at, datetime.datetime):
        return value or ""
    return _element(at.astimezone(datetime.UTC), timezone.get_current_timezone(), get_language(), attributes)


@lru_cache(maxsize=10_000)  # the times of some thousand rows: formatting one takes as long as the rest of its row
def _element(utc: datetime.datetime, zone: datetime.tzinfo, _language: str | None, attributes: str) -> SafeString:
    exact = utc.isoformat(timespec="seconds").replace("+00:00", "Z")
    shown = date_format(_in_zone(utc, zone), "DATETIME_FORMAT")
    return format_html(
        '<time datetime="{}" data-utc="{} UTC"{}>{}</time>', exact, f"{utc:%Y-%m-%d %H:%M:%S}", attributes, shown
    )


def _in_zone(utc: datetime.datetime, zone: datetime.tzinfo) -> datetime.datetime:
    """Return the time in the reader's zone; in UTC if it would be after the year 9999 or before the year 1 there."""
    try:
        return utc.astimezone(zone)
    except OverflowError:
        return utc
