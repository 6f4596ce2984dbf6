"""Text of people, kept letter for letter: only what is no text is refused, or left out where nobody can be asked.

Joiners, variation selectors, tags and marks of direction are parts of words and emoji. No text are control characters,
and an override of the writing direction that is never closed: it would turn around what stands after it.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

_LINE_ENDS: Final = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_VANISHING: Final = {ord("\u00ad"): None, ord("\ufeff"): None}  # soft hyphens and byte-order marks
_EMBEDDINGS: Final = frozenset("\u202a\u202b")
_OVERRIDES: Final = frozenset("\u202d\u202e")
_ISOLATES: Final = frozenset("\u2066\u2067\u2068")
_POP, _POP_ISOLATE = "\u202c", "\u2069"
_BLANK_LETTERS: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # blank, though their category is visible
_CONTROL_NAMES: Final = """\
NULL|START OF HEADING|START OF TEXT|END OF TEXT|END OF TRANSMISSION|ENQUIRY|ACKNOWLEDGE|BELL|BACKSPACE|TAB|LINE FEED|\
LINE TABULATION|FORM FEED|CARRIAGE RETURN|SHIFT OUT|SHIFT IN|DATA LINK ESCAPE|DEVICE CONTROL ONE|DEVICE CONTROL TWO|\
DEVICE CONTROL THREE|DEVICE CONTROL FOUR|NEGATIVE ACKNOWLEDGE|SYNCHRONOUS IDLE|END OF TRANSMISSION BLOCK|CANCEL|\
END OF MEDIUM|SUBSTITUTE|ESCAPE|FILE SEPARATOR|GROUP SEPARATOR|RECORD SEPARATOR|UNIT SEPARATOR""".split("|")  # noqa: SIM905


@dataclass(frozen=True, slots=True)
class RefusedCharacter:
    """A character that is no text, and its position in the text, counted from 1."""

    character: str
    position: int

    @property
    def name(self) -> str:
        """Its code point and its name."""
        return character_name(self.character)


def character_name(character: str) -> str:
    """Return its code point and its name, such as ``U+202E RIGHT-TO-LEFT OVERRIDE``."""
    number = ord(character)
    is_control = number < len(_CONTROL_NAMES)
    name = _CONTROL_NAMES[number] if is_control else unicodedata.name(character, "")
    return f"U+{number:04X} {name}".rstrip()


def with_newlines(text: str) -> str:
    """Return ``text`` with a newline for each end of a line, whichever it is."""
    return _LINE_ENDS.sub("\n", text)


def without_vanishing(text: str) -> str:
    """Return ``text`` without soft hyphens and byte-order marks, which copying brings along."""
    return text.translate(_VANISHING)


def find_control(text: str, *, allowed: str = "") -> RefusedCharacter | None:
    """Return the first control character, or half of a surrogate pair, that is not ``allowed``."""
    if text.isascii() and text.isprintable():
        return None
    for position, character in enumerate(text, 1):
        if character not in allowed and unicodedata.category(character) in ("Cc", "Cs"):
            return RefusedCharacter(character, position)
    return None


def find_unclosed_override(text: str) -> RefusedCharacter | None:
    """Return the first override of the writing direction that is not closed within its line (Unicode annex 9)."""
    before = 0
    for line in text.split("\n"):
        if at := _unclosed_override(line):
            return RefusedCharacter(line[at - 1], before + at)
        before += len(line) + 1
    return None


def one_line(text: str, *, limit: int) -> str:
    """Return a text from outside as one line of at most ``limit`` characters, letter for letter.

    Control characters and ends of lines become spaces. If an override of the writing direction is never closed, all
    characters that embed, isolate or override are left out.
    """
    if text.isascii() and text.isprintable() and len(text) <= limit:
        return text.strip()
    line = "".join(map(_space_for_control, text[: limit * 2])).strip()
    if _unclosed_override(line):
        line = "".join(filter(_is_no_directive, line))
    return line if len(line) <= limit else line[: limit - 1] + "…"


def has_visible(text: str) -> bool:
    """Return whether any character of ``text`` is visible: otherwise it is no name."""
    if text.isascii() and text.isprintable():
        return bool(text.strip())
    return any(map(_is_visible, text))


def _unclosed_override(line: str) -> int:
    """Return the position of the first override that is not closed; 0 if there is none."""
    if line.isascii():
        return 0
    opened: list[tuple[str, int]] = []
    for position, character in enumerate(line, 1):
        if character in _OVERRIDES or character in _EMBEDDINGS or character in _ISOLATES:
            opened.append((character, position))
        elif character == _POP and opened and opened[-1][0] not in _ISOLATES:
            opened.pop()
        elif character == _POP_ISOLATE and any(initiator in _ISOLATES for initiator, _ in opened):
            while opened.pop()[0] not in _ISOLATES:
                pass
    return next((position for character, position in opened if character in _OVERRIDES), 0)


def _space_for_control(character: str) -> str:
    return " " if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") else character


def _is_no_directive(character: str) -> bool:
    is_pop = character in (_POP, _POP_ISOLATE)
    return not (is_pop or character in _OVERRIDES or character in _EMBEDDINGS or character in _ISOLATES)


def _is_visible(character: str) -> bool:
    return unicodedata.category(character)[0] not in "CMZ" and character not in _BLANK_LETTERS
