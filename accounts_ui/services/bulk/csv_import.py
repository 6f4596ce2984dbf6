"""Read a list that was made elsewhere: bytes in, rows with their line numbers out. Each problem names its line.

The limits keep the cost near that of parsing the bytes. Those of lines come before the parser, which has none.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from accounts_ui.csv_output import starts_formula, unescape_formula
from accounts_ui.services.errors import InvalidInput
from console.recorded_text import recorded

MAX_ROWS: Final = 20_000
MAX_LINES: Final = 100_000  # blank ones and line breaks in cells included
MAX_LINE_LENGTH: Final = 50_000  # characters
MAX_COLUMNS: Final = 500
MAX_CELL_LENGTH: Final = 255  # characters
NAMES: Final = ("subject_id", "email", "username", "code", "status")
# Most cells: nothing to unescape, no formula, not too long. One match a cell is all that they cost.
_PLAIN_CELL: Final = re.compile(r"(?:[^\W_][^'\x00]{0,254})?\Z")
_PERSON: Final = ("subject_id", "email", "username")
_ARCHIVES: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"\x1f\x8b")
_BOMS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

# These are stored with the plan. What makes the whole list unusable is shown at once, and translated at once.
_ANOTHER_ENCODING: Final = recorded(
    "list.another_encoding",
    "Line {line} is not UTF-8, so the list was read as Windows-1252. Look at the names before you go on.",
)
_NUL: Final = recorded("list.nul_byte", "The line holds a NUL byte. Type it again.")
_LONG: Final = recorded("list.cell_too_long", "{name} has more than 255 characters.")
_FORMULA: Final = recorded(
    "list.formula", "{name} starts like a formula. If it really is so, put an apostrophe (') before it."
)


class ImportedRow(NamedTuple):
    """One line: its cells by column, and the ``problem`` that it has, if any."""

    line: int
    cells: dict[str, str]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ImportedList:
    """The rows. ``note`` says what had to be guessed."""

    rows: list[ImportedRow]
    note: str = ""


def read_list(data: bytes) -> ImportedList:
    """Read CSV.

    Raises:
        InvalidInput: nothing of it can be used. The detail names the line and what to do.

    """
    text, note = _decoded(data)
    lines = _limited_lines(text)
    first = next((line for line in io.StringIO(text, newline="") if line.strip()), "")
    if not first:
        raise _error(
            1, _("The list is empty. It needs a header line such as subject_id,code, and a line for each account.")
        )
    separator = max(",;\t", key=first.count)
    return ImportedList(_read_rows(lines, separator), note)


def _limited_lines(text: str) -> Iterator[str]:
    """Return the lines for the parser. The number of lines is checked at once, the length of each when it is read."""
    breaks = max(text.count("\n"), text.count("\r"))
    if breaks > MAX_LINES:
        most = number_format(MAX_LINES, force_grouping=True)
        detail = _("The list has more than %(most)s lines, blank ones included. Remove blank lines, or split it.")
        raise _error(MAX_LINES + 1, detail % {"most": most})
    return _checked_lines(io.StringIO(text, newline=""))


def _checked_lines(lines: io.StringIO) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_LINE_LENGTH:
            most = number_format(MAX_LINE_LENGTH, force_grouping=True)
            detail = _("The line has more than %(most)s characters. Leave out columns that are not needed.")
            raise _error(number, detail % {"most": most})
        yield line


def _read_rows(lines: Iterator[str], separator: str) -> list[ImportedRow]:
    reader = csv.reader(lines, delimiter=separator, strict=True)
    header: dict[int, str] = {}
    rows: list[ImportedRow] = []
    start = 1
    try:
        for cells in reader:
            line, start = start, reader.line_num + 1
            if not cells or not "".join(cells).strip():
                continue
            _check_size(cells, line, len(rows))
            if header:
                rows.append(_row(cells, line, header))
            else:
                header = _header(cells, line)
    except csv.Error as error:
        advice = _(
            "The quotes do not match, or a cell is too long (%(said)s). Fix this line, or save the list as CSV again."
        )
        raise _error(start, advice % {"said": error}) from None
    if not rows:
        raise _error(start, _("There is a header and no row below it."))
    return rows


def _check_size(cells: list[str], line: int, rows: int) -> None:
    if len(cells) > MAX_COLUMNS:
        detail = _("The line has more than %(most)s columns. Leave out columns that are not needed.")
        raise _error(line, detail % {"most": number_format(MAX_COLUMNS)})
    if rows >= MAX_ROWS:
        detail = _("The list has more than %(most)s rows. Split it.")
        raise _error(line, detail % {"most": number_format(MAX_ROWS, force_grouping=True)})


def _decoded(data: bytes) -> tuple[str, str]:
    if data.startswith(_ARCHIVES):
        raise _error(
            1, _("This is a workbook, an archive or a PDF, not CSV. Open it in its program and save it as “CSV UTF-8”.")
        )
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(encoding), ""
            except UnicodeDecodeError as error:
                line = data[: error.start].count(b"\n") + 1
                text = _("The text says that it is %(encoding)s, and is not. Save it as “CSV UTF-8”.")
                raise _error(line, text % {"encoding": encoding}) from None
    try:
        return data.decode("utf-8"), ""
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
    try:
        return data.decode("cp1252"), _ANOTHER_ENCODING.format(line=line)
    except UnicodeDecodeError:
        raise _error(line, _("This is no text in UTF-8 or Windows-1252. Save the list as “CSV UTF-8”.")) from None


def _header(cells: list[str], line: int) -> dict[int, str]:
    names = [cell.strip().strip("\ufeff").lower().replace(" ", "_") for cell in cells]
    for name in NAMES:
        if names.count(name) > 1:
            raise _error(line, _("The column %(name)s is there more than once.") % {"name": name})
    header = {number: name for number, name in enumerate(names) if name in NAMES}
    if "code" not in names or not any(name in names for name in _PERSON):
        text = _(
            "The first line has to name the columns: subject_id (or email, or username) and code, perhaps status. "
            "It says: %(said)s"
        )
        raise _error(line, text % {"said": ", ".join(names)[:200].replace("\x00", "␀")})
    return header


def _row(cells: list[str], line: int, header: dict[int, str]) -> ImportedRow:
    values: dict[str, str] = {}
    problem = ""
    for number, name in header.items():
        cell = cells[number] if number < len(cells) else ""
        if _PLAIN_CELL.match(cell):
            values[name] = cell.strip()
            continue
        # Our own exports escape formulas. The apostrophe may stand before white space, so it goes first.
        value = unescape_formula(cell).strip()
        problem = problem or _problem(name, cell, value)
        values[name] = value.replace("\x00", "␀")[:MAX_CELL_LENGTH]
    return ImportedRow(line, values, problem)


def _problem(name: str, cell: str, value: str) -> str:
    """Return why a value cannot be used, if so. ``cell`` is the value as it stands in the file."""
    if "\x00" in value:
        return _NUL
    if len(value) > MAX_CELL_LENGTH:
        return _LONG.format(name=name)
    return _FORMULA.format(name=name) if starts_formula(cell) else ""


def _error(line: int, detail: str) -> InvalidInput:
    return InvalidInput("list", _("Line %(line)d: %(detail)s") % {"line": line, "detail": detail})
