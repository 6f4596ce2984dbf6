"""The parameters of an address, read strictly: each once, as text in UTF-8. Posted forms are in ``forms`` modules."""

import datetime
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext, ngettext

from accounts_ui.services.errors import InvalidInput

MAX_QUERY = 500  # characters of one query parameter


def read_query(request: HttpRequest, names: Iterable[str]) -> dict[str, str]:
    """The parameters of the address."""
    found = {name: _one(request.GET, name) for name in names}
    for name, value in found.items():
        if len(value) > MAX_QUERY:
            said = gettext("%(name)s has %(number)s characters; %(most)s are possible.")
            raise InvalidInput(name, said % {"name": name, "number": len(value), "most": MAX_QUERY})
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
        said = gettext("%(name)s has to be a whole number from 1 to %(most)s.")
        raise InvalidInput(name, said % {"name": name, "most": most})
    return int(text)


def choice(text: str, name: str, among: Iterable[str], *, default: str = "") -> str:
    """One of a few words, or nothing."""
    among = list(among)
    if text and text not in among:
        said = gettext("%(name)s has to be one of: %(all)s.")
        raise InvalidInput(name, said % {"name": name, "all": ", ".join(among)})
    return text or default


def sorting(text: str, among: Iterable[str]) -> str:
    """A column, reversed by a leading ``-``."""
    among = list(among)
    if text.removeprefix("-") not in among and text:
        said = gettext("sort has to be one of: %(all)s, or one of them after a minus sign.")
        raise InvalidInput("sort", said % {"all": ", ".join(among)})
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
        raise InvalidInput(name, gettext("%(name)s has to be a day such as 2026-01-31.") % {"name": name})
    if day is not None and len(text) == 10:
        day = day + datetime.timedelta(days=1) if end_of_day and day < datetime.date.max else day
        time = datetime.datetime.combine(day, datetime.time(), timezone.get_current_timezone())
    found: Any = time
    try:
        return found.astimezone(datetime.UTC) if found.tzinfo else found.replace(tzinfo=datetime.UTC)  # type: ignore[no-any-return]
    except OverflowError:
        said = gettext("%(name)s lies outside of the years 1 to 9999.")
        raise InvalidInput(name, said % {"name": name}) from None


def identifier(text: str, name: str) -> uuid.UUID | None:
    """A UUID, or nothing."""
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        said = gettext("%(name)s has to be an id such as 01234567-89ab-cdef-0123-456789abcdef.")
        raise InvalidInput(name, said % {"name": name}) from None


def _one(data: QueryDict, name: str) -> str:
    values = data.getlist(name)
    if len(values) > 1:
        said = ngettext(
            "The field %(name)s came %(number)s time; one is possible.",
            "The field %(name)s came %(number)s times; one is possible.",
            len(values),
        )
        raise InvalidInput(name, said % {"name": name, "number": len(values)})
    text = str(values[0]) if values else ""
    if "\ufffd" in text or "\x00" in text:
        raise InvalidInput(name, gettext("The field %(name)s is not text in UTF-8.") % {"name": name})
    return text
