"""CSV files (RFC 4180) whose cells no spreadsheet takes for a formula, whichever separator it expects.

A spreadsheet that expects semicolons or tabs splits a file with commas at other places: in the middle of our cells. So
every cell is quoted, and the guard, an apostrophe, also stands inside a cell, wherever another cell could start there.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

# Full-width and small forms count: spreadsheets of East Asian editions read them like the ASCII characters.
_FORMULA_CHARACTERS: Final = "=+-@＝＋－＠﹦﹢﹣﹫−"
# After these, a spreadsheet may start a new cell: separators, quotes, and whatever Unicode calls a line break.
_BOUNDARIES: Final = frozenset(',;|\t"\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029')
# A formula character with all apostrophes before it. The lookbehind keeps the search linear in a run of apostrophes.
_FORMULA: Final = re.compile(rf"(?<!')'*+[{re.escape(_FORMULA_CHARACTERS)}]")
_LEADING_CONTROL: Final = re.compile(r"'*[\t\r\n]")


def csv_lines(columns: Iterable[str], rows: Iterable[Iterable[Any]], separator: str = ",") -> Iterator[str]:
    """Yield a line of column names, then a line for each row. Cells are quoted, and escaped by ``escape_formula``."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=separator, quoting=csv.QUOTE_ALL)
    writer.writerow(map(escape_formula, columns))
    yield buffer.getvalue()
    for row in rows:
        buffer.seek(0)
        buffer.truncate()
        writer.writerow([escape_formula(cell) for cell in row])
        yield buffer.getvalue()


def escape_formula(cell: Any) -> str:
    """Return the cell as text that a spreadsheet shows and does not run (OWASP: CSV injection).

    An apostrophe goes before each character that could start a formula: the first visible one of the cell, and the
    first visible one after a separator, quote or line break. Cells that start with a control character get one, too.
    ``unescape_formula`` restores the text, also if it had apostrophes at these places itself.
    """
    text = "" if cell is None else str(cell)
    guarded = _FORMULA.sub(lambda match: f"'{match[0]}" if _could_start_cell(match) else match[0], text)
    return f"'{guarded}" if _LEADING_CONTROL.match(text) else guarded


def unescape_formula(text: str) -> str:
    """Return the text of a cell without the apostrophes that ``escape_formula`` added."""
    if "'" not in text:
        return text
    if text[0] == "'" and _LEADING_CONTROL.match(text):
        text = text[1:]
    return _FORMULA.sub(lambda match: match[0].removeprefix("'") if _could_start_cell(match) else match[0], text)


def starts_formula(text: str) -> bool:
    """Return whether the first visible character of a cell starts a formula."""
    first = next((character for character in text if _is_visible(character)), "")
    return first != "" and first in _FORMULA_CHARACTERS


def _could_start_cell(match: re.Match[str]) -> bool:
    """Return whether nothing visible stands between a formula character and the start of a cell.

    The search back ends at the previous match at the latest, so all searches in a text together are linear.
    """
    text, position = match.string, match.start()
    while position and text[position - 1] not in _BOUNDARIES:
        position -= 1
        if _is_visible(text[position]):
            return False
    return True


def _is_visible(character: str) -> bool:
    return character.isprintable() and not character.isspace()
