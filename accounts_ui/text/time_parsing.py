"""Times as directories send them: RFC 3339 and its relatives, numbers of seconds, and sentinels."""

import datetime
import re
from typing import Final

MIN: Final = datetime.datetime.min.replace(tzinfo=datetime.UTC)
MAX: Final = datetime.datetime.max.replace(tzinfo=datetime.UTC)
_EPOCH: Final = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)

_LIMITS: Final = {
    "infinity": MAX,  # PostgreSQL
    "-infinity": MIN,
    "253402300799": MAX,  # the last second of the year 9999, by the Unix clock
    "9223372036854775807": MAX,  # the largest number of 64 bits
    "-62135596800": MIN,  # the first second of the year 1
    "-62135596800000": MIN,
    "0": _EPOCH,
}
_YEAR: Final = re.compile(r"([+-]?\d{4,})-\d\d(?:-|$)", re.ASCII)
_NUMBER: Final = re.compile(r"(?:\d{9,11}|(?P<milliseconds>\d{12,15}))(?:\.\d+)?", re.ASCII)
_ZONE_NAME: Final = re.compile(r"\[[^\]]*\]$")  # java.time appends one: 2026-01-31T12:00+01:00[Europe/Berlin]
_LEAP_SECOND: Final = re.compile(r"(?<=:\d\d):60")


def as_time(text: str) -> datetime.datetime | None:
    """Return a time in UTC; ``None`` if ``text`` is not one.

    Without a zone it is in UTC. A time beyond the years 1 to 9999 becomes ``MIN`` or ``MAX``.
    """
    if text in _LIMITS:
        return _LIMITS[text]
    try:
        return _in_utc(datetime.datetime.fromisoformat(text))
    except ValueError:
        return _from_number(text) or _from_relative(text)


def is_never(at: datetime.datetime) -> bool:
    """Return whether it is a sentinel for the end of all times."""
    return at.year == MAX.year


def is_unset(at: datetime.datetime) -> bool:
    """Return whether it is a sentinel for a time that nobody set: the year 1, or where the Unix clock starts."""
    return at.year == MIN.year or at == _EPOCH


def _in_utc(time: datetime.datetime) -> datetime.datetime:
    try:
        return time.astimezone(datetime.UTC) if time.tzinfo else time.replace(tzinfo=datetime.UTC)
    except OverflowError:  # in UTC it would be before the year 1 or after 9999
        return MAX if time.year > 1 else MIN


def _from_number(text: str) -> datetime.datetime | None:
    """Return the time of a number of seconds or milliseconds since 1970."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    seconds = float(text) / 1000 if match["milliseconds"] else float(text)
    try:
        return _EPOCH + datetime.timedelta(seconds=seconds)
    except OverflowError:
        return MAX


def _from_relative(text: str) -> datetime.datetime | None:
    """Return a time in a form that ``fromisoformat`` does not read."""
    match = _YEAR.match(text)
    if match and not MIN.year <= int(match[1]) < MAX.year:
        return MAX if int(match[1]) > 0 else MIN
    plain = _LEAP_SECOND.sub(":59", _ZONE_NAME.sub("", text.strip().upper()))
    try:
        return _in_utc(datetime.datetime.fromisoformat(plain)) if plain != text else None
    except ValueError:
        return None
