"""Reading forms and queries strictly: each field once, as text, and nothing that was not text."""

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from accounts_ui.services.errors import InvalidInput

MAX_QUERY = 500  # characters of one query parameter


def read(data: QueryDict, names: Iterable[str]) -> dict[str, str]:
    """The fields ``names``; one that was not sent is empty.

    Raises:
        InvalidInput: a field came twice, or is no text.

    """
    return {name: _one(data, name) for name in names}


def read_post(request: HttpRequest, names: Iterable[str]) -> dict[str, str]:
    """The fields of a posted form."""
    names = list(names)
    missing = [name for name in names if name not in request.POST and name not in _OPTIONAL]
    if missing:
        raise InvalidInput(missing[0], f"The field {missing[0]} is missing. Open the form again.")
    return read(request.POST, names)


def read_query(request: HttpRequest, names: Iterable[str]) -> dict[str, str]:
    """The parameters of the address."""
    found = read(request.GET, names)
    for name, value in found.items():
        if len(value) > MAX_QUERY:
            raise InvalidInput(name, f"{name} has {len(value)} characters; {MAX_QUERY} are possible.")
    return found


def returned(kept: Mapping[str, list[str]] | None, names: Iterable[str]) -> dict[str, str]:
    """What an admin had sent when the session was over; empty where nothing was."""
    if not kept:
        return {}
    return {name: kept[name][0] for name in names if kept.get(name)}


def number(text: str, name: str, *, default: int, most: int) -> int:
    """A whole number from 1 to ``most``."""
    if not text:
        return default
    if not (text.isascii() and text.isdigit()) or len(text) > 9 or not 1 <= int(text) <= most:
        raise InvalidInput(name, f"{name} has to be a whole number from 1 to {most}.")
    return int(text)


def choice(text: str, name: str, among: Iterable[str], *, default: str = "") -> str:
    """One of a few words, or nothing."""
    among = list(among)
    if text and text not in among:
        raise InvalidInput(name, f"{name} has to be one of: {', '.join(among)}.")
    return text or default


def sorting(text: str, among: Iterable[str]) -> str:
    """A column, reversed by a leading ``-``."""
    among = list(among)
    if text.removeprefix("-") not in among and text:
        raise InvalidInput("sort", f"sort has to be one of: {', '.join(among)}, or one of them after a minus sign.")
    return text or "name"


def moment(text: str, name: str, *, end_of_day: bool = False) -> datetime.datetime | None:
    """A day of the reader, or a time (RFC 3339), in UTC where it names no zone. A day as an end is its last moment."""
    if not text:
        return None
    try:
        day, time = parse_date(text), parse_datetime(text)
    except ValueError:
        day = time = None
    if time is None and day is None:
        raise InvalidInput(name, f"{name} has to be a day such as 2026-01-31.")
    if day is not None and len(text) == 10:
        day = day + datetime.timedelta(days=1) if end_of_day and day < datetime.date.max else day
        time = datetime.datetime.combine(day, datetime.time(), timezone.get_current_timezone())
    found: Any = time
    try:
        return found.astimezone(datetime.UTC) if found.tzinfo else found.replace(tzinfo=datetime.UTC)  # type: ignore[no-any-return]
    except OverflowError:
        raise InvalidInput(name, f"{name} lies outside of the years 1 to 9999.") from None


_OPTIONAL = frozenset({"message", "confirm_unknown", "expected_status"})


def _one(data: QueryDict, name: str) -> str:
    values = data.getlist(name)
    if len(values) > 1:
        raise InvalidInput(name, f"The field {name} came {len(values)} times; one is possible.")
    text = str(values[0]) if values else ""
    if "\ufffd" in text or "\x00" in text:
        raise InvalidInput(name, f"The field {name} is not text in UTF-8.")
    return text
