"""One idea of "found": the text of every search and every sort order is compared as ``fold`` returns it."""

import re
import unicodedata
from typing import Final
from urllib.parse import unquote

from console.identifiers import is_invisible

# Letters that Unicode does not decompose and whose names do not say what they come from, as people type them without
# such a key. Those with a stroke, a hook and the like are found by their names: see ``_base_letter``.
_LETTERS: Final = {
    "ı": "i",
    "ȷ": "j",
    "æ": "ae",
    "œ": "oe",
    "ð": "d",
    "þ": "th",
    "ß": "ss",
    "ŋ": "n",
    "ĸ": "k",
    "ə": "e",
    "ǝ": "e",
    "ɛ": "e",
    "ɔ": "o",
    "ɩ": "i",
    "ʋ": "v",
    "ƿ": "w",
    "\u0643": "\u06a9",  # the Arabic kaf and yeh are the Persian ones on another keyboard
    "\u064a": "\u06cc",
    "\u0649": "\u06cc",
    "\u0640": "",  # the tatweel only stretches a word
}
_APOSTROPHES: Final = frozenset("'`ʹʻʼʽʾʿˈˊˋ՚׳ߴߵꞌ‘’‚‛′‵❛❜")
_OTHER_HYPHENS: Final = frozenset("\u2212\u2043\u02d7")  # minus, bullet, modifier: not in Unicode's category of dashes
_BASES: Final = re.compile(r"((?:LATIN|GREEK|CYRILLIC) SMALL (?:LETTER|LIGATURE) .+?) WITH ")
_SPACES: Final = frozenset(filter(str.isspace, map(chr, range(0x3001))))
_MAX_REMEMBERED: Final = 10_000  # characters; texts of one organization have some hundred

_MAILTO: Final = re.compile(r"mailto:([^\s?<>,;]*)(?:\?\S*)?", re.IGNORECASE)
SEPARATORS: Final = re.compile(r'[\s,;<>"“”„«»\u060c\u061b\u3001]+')
"""What separates the words of a search: "Last, First", "Name <address>"."""


def fold(text: str) -> str:
    """Return ``text`` as it is compared in searches and sorted: two spellings of one name become the same.

    Case, accents, compatibility forms (Unicode NFKD), apostrophes, hyphens and invisible characters make no difference;
    letters such as ``ø`` become what people type for them. It works character by character.
    """
    if text.isascii():
        return text.lower().replace("-", "").replace("'", "").replace("`", "")
    return "".join(map(_table.__getitem__, text))


def search_words(q: str) -> list[str]:
    """Return the folded words of a search; it may be ``Last, First``, ``Name <address>`` or ``mailto:address``."""
    plain = _MAILTO.sub(lambda match: f" {unquote(match[1])} ", q)
    return [word for word in SEPARATORS.split(fold(plain)) if word]


class _FoldTable(dict[str, str]):
    """What each character becomes. It is filled as characters come: looking one up is quicker than asking Unicode."""

    def __missing__(self, character: str) -> str:
        folded = _folded(character)
        if len(self) < _MAX_REMEMBERED:
            self[character] = folded
        return folded


_table: Final = _FoldTable()


def _folded(character: str) -> str:
    """Return what one character becomes. It is decomposed twice: case folding makes characters that decompose."""
    plain = _without_marks(_without_marks(character).casefold())
    if plain == " " and character not in _SPACES:  # an accent of its own, such as "´", is a space with an accent
        return ""
    return "".join(map(_base_letter, plain))


def _without_marks(text: str) -> str:
    return "".join(filter(_is_compared, unicodedata.normalize("NFKD", text)))


def _is_compared(character: str) -> bool:
    """Whether it is no accent, no apostrophe, no hyphen and not invisible."""
    if unicodedata.combining(character) or is_invisible(character):
        return False
    is_hyphen = unicodedata.category(character) == "Pd" or character in _OTHER_HYPHENS
    return not is_hyphen and character not in _APOSTROPHES


def _base_letter(letter: str) -> str:
    """Return what people type for a letter: ``o`` for ``ø``, whose name is LATIN SMALL LETTER O WITH STROKE."""
    if letter in _LETTERS:
        return _LETTERS[letter]
    match = _BASES.match(unicodedata.name(letter, ""))
    try:
        return fold(unicodedata.lookup(match[1])) if match else letter
    except KeyError:  # no letter has this name
        return letter
