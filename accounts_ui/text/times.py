"""Times as pages show them: in the reader's time zone and format, with the exact one in UTC."""

import datetime
from functools import lru_cache
from typing import Any

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.timesince import timesince
from django.utils.translation import get_language, gettext, pgettext

from accounts_ui.text.time_parsing import as_time, is_never, is_unset
from console import clock
from console.local_times import is_repeated, local_text, offset


def timestamp(value: Any) -> SafeString | str:
    """Return a ``<time>`` in the reader's zone, with the exact UTC time on hover and on focus.

    The directory's times are text. What cannot be read as a time is shown as the directory sent it; a sentinel such as
    31 December 9999 is shown as "never" or "unknown".
    """
    return _time(value, "")


def focusable_timestamp(value: Any) -> SafeString | str:
    """Return the same, reached with the Tab key: for a time that stands neither in a row nor in a link."""
    return _time(value, mark_safe(' tabindex="0"'))


def time_of_day(at: datetime.datetime) -> SafeString:
    """Return a ``<time>`` of a moment within the next minutes: hour, minute and second in the reader's zone."""
    exact = at.astimezone(datetime.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    local = timezone.localtime(at)
    shown = f"{local:%H:%M:%S} ({offset(local)})" if is_repeated(local) else f"{local:%H:%M:%S}"
    return format_html('<time datetime="{}">{}</time>', exact, shown)


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
    if is_never(at):
        return _sentinel(str(value), pgettext("time", "never"), attributes)
    if is_unset(at):
        return _sentinel(str(value), pgettext("time", "unknown"), attributes)
    return _element(at.astimezone(datetime.UTC), timezone.get_current_timezone(), get_language(), attributes)


def _sentinel(sent: str, word: str, attributes: str) -> SafeString:
    """Return a word in place of a time, with what was sent on hover and on focus."""
    return format_html('<data value="{}" data-utc="{}"{}>{}</data>', sent, sent, attributes, word)


@lru_cache(maxsize=10_000)  # the times of some thousand rows: formatting one takes as long as the rest of its row
def _element(utc: datetime.datetime, _zone: datetime.tzinfo, _language: str | None, attributes: str) -> SafeString:
    exact = utc.isoformat(timespec="seconds").replace("+00:00", "Z")
    in_utc = f"{utc:%Y-%m-%d %H:%M:%S} UTC"
    return format_html('<time datetime="{}" data-utc="{}"{}>{}</time>', exact, in_utc, attributes, local_text(utc))
