"""Sentences that may be recorded: written in English, translated where they are shown.

What goes into the change log, a plan, an export or the operator's log is the same for readers of all languages: the log
is hashed, and an auditor holds one export against another. So directory, services and sign-in give their reasons in
English, from templates that are named here with ``recorded``; ``told`` says the same in the reader's language. What
was said by others, the directory's own reasons for example, stays as it came.
"""

import re
from functools import lru_cache
from typing import Any, Final

from django.utils.translation import get_language, gettext

_templates: dict[str, re.Pattern[str]] = {}
_words: dict[str, Any] = {}

_PLACE: Final = re.compile(r"\{(\w+)\}")


def recorded(template: str) -> str:
    """``template``, an English sentence or phrase with ``{named}`` places, as one that ``told`` knows.

    A value ends where the text after its place begins; at the very start it is one word, at the end all the rest. A
    place whose name starts with ``status`` takes one of ``know_words``. Templates of what is stored stand in modules,
    not in functions: another process shows it.
    """
    if template in _templates:
        return template
    _templates[template] = _pattern(template)
    _told.cache_clear()
    return template


def know_words(words: dict[str, Any]) -> None:
    """Values of places such as ``{status}``, with their lazy translations."""
    _words.update(words)


def told(text: object) -> str:
    """What was recorded, in the reader's language, as far as it was said with these templates."""
    language = get_language() or "en"
    return str(text) if language.startswith("en") else _told(str(text), language)


@lru_cache(maxsize=2048)
def _told(text: str, language: str) -> str:
    found: list[str] = []
    while text:
        first = _first(text)
        if first is None:
            break
        template, match = first
        values = {name: _value(name, value, language) for name, value in match.groupdict().items()}
        found += [text[: match.start()], gettext(template).format(**values)]
        text = text[match.end() :]
    return "".join([*found, text])


def _first(text: str) -> tuple[str, re.Match[str]] | None:
    """What is said first; where two could be, the longer one."""
    matches = [(template, match) for template, pattern in _templates.items() if (match := pattern.search(text))]
    return min(matches, key=lambda one: (one[1].start(), -len(one[0])), default=None)


def _value(name: str, value: str, language: str) -> str:
    return str(_words.get(value, value)) if name.startswith("status") else _told(value, language)


def _pattern(template: str) -> re.Pattern[str]:
    pieces = _PLACE.split(template)  # text, name, text, name, … text
    last = len(pieces) - 1
    written = [re.escape(piece) if at % 2 == 0 else _place(piece, pieces, at, last) for at, piece in enumerate(pieces)]
    return re.compile("".join(written), re.DOTALL)


def _place(name: str, pieces: list[str], at: int, last: int) -> str:
    if at == 1 and not pieces[0]:
        return rf"(?<!\S)(?P<{name}>\S+?)"  # from a word's beginning: else each letter of a long one would be tried
    return f"(?P<{name}>.*)" if at == last - 1 and not pieces[last] else f"(?P<{name}>.*?)"
