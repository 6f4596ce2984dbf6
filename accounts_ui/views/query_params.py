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
    """Return the parameters ``names`` of the address; one that was not given is empty.

    Raises:
        InvalidInput: a parameter came twice, is too long, or is not text.

    """
    values = {name: _value(request.GET, name) for name in names}
    for name, value in values.items():
        if len(value) > MAX_QUERY:
            message = gettext("“%(name)s” has %(number)s characters. At most %(most)s are possible.")
            raise InvalidInput(name, message % {"name": name, "number": len(value), "most": MAX_QUERY})
    return values


def returned(fields: Mapping[str, list[str]] | None, names: Iterable[str]) -> dict[str, str]:
    """Return the fields of a form that came back after a sign-in; empty if there is none."""
    if not fields:
        return {}
    return {name: fields[name][0] for name in names if fields.get(name)}


def number(text: str, name: str, *, default: int, most: int) -> int:
    """Return a whole number from 1 to ``most``."""
    if not text:
        return default
    if not (text.isascii() and text.isdigit()) or len(text) > 9 or not 1 <= int(text) <= most:
        message = gettext("“%(name)s” in the address must be a whole number from 1 to %(most)s.")
        raise InvalidInput(name, message % {"name": name, "most": most})
    return int(text)


def choice(text: str, name: str, among: Iterable[str], *, default: str = "") -> str:
    """Return one of a few words; ``default`` if ``text`` is empty."""
    among = list(among)
    if text and text not in among:
        message = gettext("“%(name)s” in the address must be one of: %(all)s.")
        raise InvalidInput(name, message % {"name": name, "all": ", ".join(among)})
    return text or default


def sorting(text: str, among: Iterable[str]) -> str:
    """Return the name of a sort order; a leading ``-`` reverses it."""
    among = list(among)
    if text.removeprefix("-") not in among and text:
        message = gettext("This list cannot be sorted by “%(name)s”. Choose how to sort it above the list.")
        raise InvalidInput("sort", message % {"name": text.removeprefix("-")})
    return text or "name"


def moment(text: str, name: str, *, end_of_day: bool = False) -> datetime.datetime | None:
    """Return a time (RFC 3339, in UTC if it names no zone), or the beginning or end of one of the reader's days."""
    if not text:
        return None
    try:
        day, time = parse_date(text), parse_datetime(text)
    except ValueError:
        day = time = None
    if time is None and day is None:
        raise InvalidInput(name, gettext("“%(name)s” must be a day such as 2026-01-31.") % {"name": name})
    if day is not None and len(text) == 10:
        day = day + datetime.timedelta(days=1) if end_of_day and day < datetime.date.max else day
        time = datetime.datetime.combine(day, datetime.time(), timezone.get_current_timezone())
    parsed: Any = time
    try:
        return parsed.astimezone(datetime.UTC) if parsed.tzinfo else parsed.replace(tzinfo=datetime.UTC)  # type: ignore[no-any-return]
    except OverflowError:
        message = gettext("“%(name)s” must be within the years 1 to 9999.")
        raise InvalidInput(name, message % {"name": name}) from None


def identifier(text: str, name: str) -> uuid.UUID | None:
    """Return a UUID, or ``None`` for an empty text."""
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        message = gettext("“%(name)s” must be an ID such as 01234567-89ab-cdef-0123-456789abcdef.")
        raise InvalidInput(name, message % {"name": name}) from None


def _value(data: QueryDict, name: str) -> str:
    values = data.getlist(name)
    if len(values) > 1:
        message = ngettext(
            "“%(name)s” was sent %(number)s time. Only one is possible.",
            "“%(name)s” was sent %(number)s times. Only one is possible.",
            len(values),
        )
        raise InvalidInput(name, message % {"name": name, "number": len(values)})
    text = str(values[0]) if values else ""
    if "\ufffd" in text or "\x00" in text:
        raise InvalidInput(name, gettext("“%(name)s” is not text in UTF-8.") % {"name": name})
    return text
