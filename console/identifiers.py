"""One idea of "the same": when two spellings of an identifier name one person, and which characters are invisible.

Identifiers are compared more strictly than searches: ``ø`` is not ``o``, and ``ß`` is not ``ss``.
"""

import unicodedata
from typing import Final

# Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt) that has another category than Cf, and fillers.
_IGNORABLE: Final = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2065\u2800\u3164\uffa0"
    + "".join(map(chr, (*range(0xFE00, 0xFE10), *range(0xFFF0, 0xFFF9))))
)
_LOOK_ALIKES: Final = frozenset("\u017f\u212a\u037e\u1fef")  # they fold, or compose, to "s", "k", ";" and "`"
_IGNORABLE_PLANE: Final = range(0xE0000, 0xE1000)  # tags and variation selectors


def identifier_key(text: str, *, with_case: bool = False) -> str:
    """Return the same text for two spellings of one e-mail address, username or id: they are equal after Unicode NFC.

    A text with a letter that would become one of ASCII, such as the Kelvin sign, is the same as itself only: otherwise
    whoever gets an address with such a letter would get the rights of another person.

    Args:
        with_case: for ids, whose case makes a difference.

    """
    if not _LOOK_ALIKES.isdisjoint(text):
        return text
    if text.isascii():
        return text if with_case else text.lower()
    if with_case:
        return unicodedata.normalize("NFC", text)
    return unicodedata.normalize("NFC", "".join(map(_lower, unicodedata.normalize("NFD", text))))


def same_identifier(one: str, other: str, *, with_case: bool = False) -> bool:
    """Return whether both are spellings of one identifier."""
    return identifier_key(one, with_case=with_case) == identifier_key(other, with_case=with_case)


def without_invisible(text: str) -> str:
    """Return ``text`` without invisible characters, as identifiers in files are compared."""
    return text if text.isascii() else "".join(character for character in text if not is_invisible(character))


def is_invisible(character: str) -> bool:
    """Return whether it is a joiner, a variation selector, a mark of direction or another one that shows nothing."""
    if unicodedata.category(character) == "Cf" or character in _IGNORABLE:
        return True
    return ord(character) in _IGNORABLE_PLANE


def _lower(character: str) -> str:
    """Return the simple case folding of Unicode, which keeps ``ß`` apart from ``ss``."""
    folded = character.casefold()
    return folded if len(folded) == 1 else character.lower()
