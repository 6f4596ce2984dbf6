"""``manage.py checkmessages``: each catalogue has every message, translated, and no template shows a text of its own.

For whoever changes a text: it names what is missing where. It wants gettext's own tools, as ``makemessages`` does.
"""

import contextlib
import gettext
import re
import shutil
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.template.base import Lexer, TokenType
from django.test.utils import override_settings

_NOT_FOR_READERS: Final = ("design/page.html",)  # the design system: in DEBUG only
_SPOKEN: Final = ("aria-label", "alt", "title", "placeholder", "data-label")  # attributes that somebody reads or hears
_SAME_EVERYWHERE: Final = frozenset({"code", "kbd", "script", "style"})
_LETTERS: Final = re.compile(r"[^\W\d_]{2}")
_DEFAULT: Final = re.compile(r"""\|\s*default(?:_if_none)?:\s*["'][^"']*[^\W\d_]{2}""")
_MARKS: Final = re.compile(r"%\(\w+\)[sd]|\{\w+\}|</?[a-z][^>]*>")
_AS_IT_IS: Final = frozenset({"subject_id,code"})


class Command(BaseCommand):
    """Prints each problem, and fails where there is one."""

    help = "Check that every text is marked for translation, and translated in each language."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Look at all of it."""
        wrong = [*_unmarked(settings.BASE_DIR / "templates"), *_catalogues(settings.LOCALE_PATHS[0])]
        for one in wrong:
            self.stdout.write(one)
        if wrong:
            raise CommandError("Mark, `makemessages -a --no-obsolete`, translate, `compilemessages`: see the README.")


def _catalogues(kept: Path) -> Iterator[str]:
    languages = [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
    with TemporaryDirectory() as folder:
        for language in languages:
            shutil.copytree(kept / language, Path(folder, language))
        with override_settings(LOCALE_PATHS=[folder]), contextlib.chdir(settings.BASE_DIR):
            ignored = [str(kept.relative_to(settings.BASE_DIR)), "tests/*"]
            call_command("makemessages", locale=languages, ignore_patterns=ignored, verbosity=0)
        for language in languages:
            yield from _catalogue(language, Path(folder, language, "LC_MESSAGES"), kept / language / "LC_MESSAGES")


def _catalogue(language: str, made: Path, kept: Path) -> Iterator[str]:
    """``made``: the kept catalogue, after all messages of today were merged into it."""
    for kind in ("untranslated", "only-fuzzy", "only-obsolete"):
        found = _run("msgattrib", f"--{kind}", "--no-wrap", str(made / "django.po"))
        ids = re.findall(r'^(?:#~ )?msgid ("..*")$', found, re.MULTILINE)
        yield from (f"{language}: {kind.removeprefix('only-')}: {one}" for one in ids)
    compiled = made / "checked.mo"
    yield from (
        f"{language}: {line}"
        for line in _run("msgfmt", "--check-format", "-o", str(compiled), str(kept / "django.po")).splitlines()
    )
    if not compiled.exists() or compiled.read_bytes() != (kept / "django.mo").read_bytes():
        yield f"{language}: django.mo is not that of django.po"
        return
    with compiled.open("rb") as file:
        messages = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    for message, translated in messages.items():
        if isinstance(message, str) and _marks(message) != _marks(translated):
            yield f"{language}: other places or tags than in: {message}"


def _marks(text: str) -> set[str]:
    return set(_MARKS.findall(text))


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + (done.stderr if done.returncode else "")


def _unmarked(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*.html")):
        name = str(path.relative_to(folder))
        if name not in _NOT_FOR_READERS:
            page = _Texts()
            page.feed(_without_tags(path.read_text()))
            yield from (f"{name}: not marked: {text}" for text in page.found)


def _without_tags(source: str) -> str:
    """The text of a template that stands in no message; of what is filled in, the words that stand in for nothing."""
    kept: list[str] = []
    in_message = False
    for token in Lexer(source).tokenize():
        if token.token_type == TokenType.BLOCK:
            word = token.contents.split()[0]
            in_message = word in ("blocktranslate", "comment") or (in_message and not word.startswith("end"))
        elif in_message or token.token_type == TokenType.COMMENT:
            continue
        elif token.token_type == TokenType.TEXT:
            kept.append(token.contents)
        elif found := _DEFAULT.search(token.contents):
            kept.append(found.group())
    return "".join(kept)


class _Texts(HTMLParser):
    """Gathers what a reader would read."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        self._inside.append(tag)
        self.found += [value for name, value in attrs if name in _SPOKEN and value and self._is_text(value)]

    def handle_endtag(self, tag: str) -> None:
        """An element ends; what was open in it (``<br>``) ends with it."""
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Text."""
        if not _SAME_EVERYWHERE & set(self._inside[-1:]) and self._is_text(data):
            self.found.append(" ".join(data.split()))

    @staticmethod
    def _is_text(text: str) -> bool:
        return bool(_LETTERS.search(text)) and text not in _AS_IT_IS
