"""The guide's pages, and what tests read out of them: code blocks, shell commands, links, headings, tables."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from console.sandbox.processes import ROOT

DOCS = ROOT / "console" / "docs"
README = ROOT / "README.md"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
PAGES = [README, CONTRIBUTING, *sorted(DOCS.glob("*.md"))]

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Command:
    """One shell command as a page shows it, and its words without assignments and redirections."""

    page: str
    text: str

    @property
    def words(self) -> list[str]:
        words = shlex.split(self.text, comments=True)
        while words and re.fullmatch(r"\w+=.*", words[0], re.DOTALL):
            words = words[1:]
        return words[: next((at for at, word in enumerate(words) if word.startswith(">")), len(words))]

    @property
    def management(self) -> list[str] | None:
        """The arguments of ``manage.py``, if it is that."""
        words = self.words
        at = next((at for at, word in enumerate(words) if word == "manage.py"), None)
        return None if at is None else words[at + 1 :]

    def __str__(self) -> str:
        return f"{self.page}: {self.text}"


def blocks(page: Path, *languages: str) -> list[str]:
    """The fenced code blocks of a page that are in one of the languages."""
    return [code for language, code in _BLOCK.findall(page.read_text()) if language in languages]


def commands(page: Path) -> list[Command]:
    """The shell commands of a page's code blocks, in their order."""
    lines = "\n".join(blocks(page, "sh")).replace("\\\n", " ").splitlines()
    parts = [part.strip() for line in lines for part in re.split(r" && |; (?=\S+ )", line)]
    return [Command(page.name, part) for part in parts if part]


def inline(page: Path) -> list[str]:
    """What stands in backticks outside of code blocks."""
    return re.findall(r"`([^`\n]+)`", _BLOCK.sub("", page.read_text()))


def prose(page: Path) -> list[str]:
    """The lines of a page outside of code blocks."""
    return _BLOCK.sub("", page.read_text()).splitlines()


def headings(page: Path) -> list[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    titles = [line.lstrip("#").strip() for line in prose(page) if line.startswith("#")]
    return [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles]


def tables(page: Path) -> list[list[str]]:
    """The rows of all tables of a page, without their heads, as cells."""
    rows = [line.strip("|").split(" | ") for line in prose(page) if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in rows if not set("".join(row)) <= set("- |")]
