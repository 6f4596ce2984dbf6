"""Text made comparable: folded for searching and sorting, and times parsed from text."""

import datetime
import unicodedata
from typing import Final

# Letters that Unicode does not decompose into a base letter and an accent, as people type them without such a key.
_LETTERS: Final = {
    "ı": "i",
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "æ": "ae",
    "œ": "oe",
    "ð": "d",
    "þ": "th",
    "ħ": "h",
    "ŧ": "t",
    "ŋ": "n",
    "ĸ": "k",
}
_APOSTROPHES: Final = "'`´ʹʻʼʽʾʿˈ‘’‚‛′‵＇"  # dropped: "obrien" finds "O’Brien"
_HYPHENS: Final = "‐‑‒–—―−﹘﹣－"  # all like the one of the keyboard
_MAX_REMEMBERED: Final = 10_000  # characters; texts of one organization have some hundred


class _FoldTable(dict[str, str]):
    """What each character becomes. It is filled as characters come: looking one up is quicker than asking Unicode."""

    def __missing__(self, character: str) -> str:
        folded = "" if _is_mark(character) else character
        if len(self) < _MAX_REMEMBERED:
            self[character] = folded
        return folded


_table: Final = _FoldTable({**_LETTERS, **dict.fromkeys(_APOSTROPHES, ""), **dict.fromkeys(_HYPHENS, "-")})


def fold(text: str) -> str:
    """Return ``text`` as it is compared in searches and sorted: two spellings of one name become the same.

    Case, accents, compatibility forms (Unicode NFKD), apostrophes and invisible characters make no difference, nor does
    the kind of a hyphen; letters such as ``ø`` become what people type for them.
    """
    if text.isascii():
        return text.lower().replace("'", "").replace("`", "")
    plain = text.casefold().replace("´", "")  # "´" would decompose into a space and an accent
    return "".join(map(_table.__getitem__, unicodedata.normalize("NFKD", plain).casefold()))


def search_words(q: str) -> list[str]:
    """Return the folded words of a search; it may be ``Last, First``, ``Name <address>`` or ``mailto:address``."""
    words = (word.strip("<>,;").removeprefix("mailto:") for word in fold(q).split())
    return [word for word in words if word]


def as_time(text: str) -> datetime.datetime | None:
    """Return an RFC 3339 time; ``None`` if ``text`` is not one."""
    try:
        time = datetime.datetime.fromisoformat(text)
        return time.astimezone(datetime.UTC) if time.tzinfo else time.replace(tzinfo=datetime.UTC)
    except (ValueError, OverflowError):  # the latter: in UTC it would be before the year 1 or after 9999
        return None


def _is_mark(character: str) -> bool:
    """Whether it is an accent, a variation selector or a format character such as a zero-width joiner."""
    if unicodedata.combining(character):
        return True
    return unicodedata.category(character) == "Cf" or "\ufe00" <= character <= "\ufe0f" or character >= "\U000e0100"
