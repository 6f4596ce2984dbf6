"""Identifiers that are path segments of the Directory API."""

import re
import unicodedata
from typing import Final
from urllib.parse import quote

from console.plain_text import character_name
from console.recorded_text import recorded

MAX_LENGTH = 255

# Cc, Cf, Cs, Co, Cn: control, format (bidi overrides among them), surrogates, private use, unassigned; Zl, Zp: breaks.
_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


_EMPTY = recorded("id.empty", "It is empty.")
_LONG = recorded("id.too_long", "It has {number} characters; at most {most} are possible.")
_PATH = recorded("id.path_segment", "A path such as “.” or “..” cannot be an id.")
_SLASH = recorded("id.slash", "It holds a slash or a backslash, which no id has.")
_SPACE = recorded("id.space_around", "It begins or ends with a space.")
_PERCENT = recorded("id.percent", "It holds a percent sign, which proxies may decode into another id.")
_INVISIBLE = recorded(
    "id.character", "It holds a control or an invisible character: {character} at position {position}."
)


_OF_FIELD = recorded("id.of_field", "{field}: {problem}")


# Most ids: they need no further check. A dot does not come first, so this is neither "." nor "..".
_PLAIN: Final = re.compile(r"[\w@:+=~-][\w.@:+=~-]{0,254}\Z", re.ASCII)


class InvalidId(ValueError):
    """A value that cannot name anything in the directory.

    ``problem`` says why; ``detail`` says the same after the name of the field.
    """

    def __init__(self, what: str, problem: str) -> None:
        self.problem = problem
        self.detail = _OF_FIELD.format(field=what, problem=problem)
        super().__init__(self.detail)


def check_id(value: str, what: str) -> str:
    """Return ``value`` if it is 1 to 255 characters that can be one path segment.

    Raises:
        InvalidId: empty, too long, ``.``, ``..``, or holding a slash, a backslash, a control or an invisible
            formatting character.

    """
    if _PLAIN.match(value):
        return value
    if not value:
        raise InvalidId(what, _EMPTY)
    if len(value) > MAX_LENGTH:
        raise InvalidId(what, _LONG.format(number=len(value), most=MAX_LENGTH))
    if value in (".", ".."):
        raise InvalidId(what, _PATH)
    if "/" in value or "\\" in value:
        raise InvalidId(what, _SLASH)
    if value != value.strip():
        raise InvalidId(what, _SPACE)
    if "%" in value:
        raise InvalidId(what, _PERCENT)
    if not (value.isascii() and value.isprintable()):  # few: then each character counts
        _check_characters(value, what)
    return value


def _check_characters(value: str, what: str) -> None:
    for position, character in enumerate(value, 1):
        if unicodedata.category(character) in _UNSAFE_CATEGORIES:
            raise InvalidId(what, _INVISIBLE.format(character=character_name(character), position=position))


def id_problem(value: str) -> str:
    """Return why ``value`` does not pass ``check_id``; empty if it does."""
    try:
        check_id(value, "")
    except InvalidId as error:
        return error.problem
    return ""


def is_id(value: str) -> bool:
    """Whether ``value`` passes ``check_id``."""
    return not id_problem(value)


def segment(value: str) -> str:
    """Return ``value`` as one percent-encoded path segment (RFC 3986, section 3.3)."""
    return quote(value, safe="")
