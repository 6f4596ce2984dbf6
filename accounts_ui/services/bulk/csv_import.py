"""Read a list that was made elsewhere: bytes in, rows with their line numbers out. Each problem names its line.

The limits keep the cost near that of parsing the bytes. Those of lines come before the parser, which has none.
"""

import csv
import re
from dataclasses import dataclass
from typing import Final, NamedTuple

import msgspec
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from accounts_ui.csv_output import starts_formula, unescape_formula
from accounts_ui.services.bulk.csv_columns import (
    FAILURE_DETAIL,
    PERSON_FIELDS,
    ListColumn,
    read_columns,
    repeated_field,
)
from accounts_ui.services.bulk.csv_text import CsvText, error_in, read_text
from accounts_ui.services.bulk.identifiers import clean_identifier
from accounts_ui.services.errors import InvalidInput
from accounts_ui.services.validation import check_message
from console.recorded_text import recorded

MAX_ROWS: Final = 20_000
MAX_COLUMNS: Final = 500
MAX_CELL_LENGTH: Final = 255  # characters
# Most cells: nothing to unescape, no formula, nothing invisible, not too long. One match a cell is all that they cost.
_PLAIN_CELL: Final = re.compile(r"(?:[^\W_][ -&(-~]{0,254})?\Z", re.ASCII)
_encode: Final = msgspec.json.Encoder().encode
_TEXT_FIELDS: Final = ("name", "message")  # what people write in sentences

# These are stored with the plan.
_NUL: Final = recorded("list.nul_byte", "The line holds a NUL byte. Type it again.")
_LONG: Final = recorded("list.cell_too_long", "{name} has more than 255 characters.")
_FORMULA: Final = recorded(
    "list.formula", "{name} starts like a formula. If it really is so, put an apostrophe (') before it."
)


class ImportedRow(NamedTuple):
    """One line.

    Args:
        values: the cells that are read, by field.
        problem: why a value cannot be used, if so.
        cells: all cells as they were written, as JSON: as objects, those of 5 MB could take 150.

    """

    line: int
    values: dict[str, str]
    problem: str = ""
    cells: str = "[]"


@dataclass(frozen=True, slots=True)
class ImportedList:
    """The rows and their columns. ``note`` says what had to be guessed."""

    rows: list[ImportedRow]
    columns: list[ListColumn]
    note: str = ""

    @property
    def fields(self) -> set[str]:
        """The fields that its columns name."""
        return {column.field for column in self.columns if column.field}


def read_list(data: bytes) -> ImportedList:
    """Read CSV.

    Raises:
        InvalidInput: nothing of it can be used. The detail names the line and what to do.

    """
    text = read_text(data)
    columns, rows = _read_rows(text)
    return ImportedList(rows, columns, text.note)


def _read_rows(text: CsvText) -> tuple[list[ListColumn], list[ImportedRow]]:
    reader = csv.reader(text.lines, delimiter=text.separator, strict=True, skipinitialspace=True)
    row_reader: _RowReader | None = None
    rows: list[ImportedRow] = []
    start = 1
    try:
        for cells in reader:
            line, start = start, reader.line_num + 1
            if not cells or not "".join(cells).strip():
                continue
            _check_size(cells, line, len(rows))
            if row_reader:
                rows.append(row_reader.read(line, cells))
            else:
                row_reader = _RowReader(cells, line)
    except csv.Error as error:
        advice = _(
            "The quotes do not match, or a cell is too long (%(said)s). Fix this line, or save the list as CSV again."
        )
        raise error_in(start, advice % {"said": error}) from None
    if not row_reader or not rows:
        raise error_in(start, _("There is a header and no row below it."))
    return row_reader.columns, rows


def _check_size(cells: list[str], line: int, rows: int) -> None:
    if len(cells) > MAX_COLUMNS:
        detail = _("The line has more than %(most)s columns. Leave out columns that are not needed.")
        raise error_in(line, detail % {"most": number_format(MAX_COLUMNS)})
    if rows >= MAX_ROWS:
        detail = _("The list has more than %(most)s rows. Split it.")
        raise error_in(line, detail % {"most": number_format(MAX_ROWS, force_grouping=True)})


class _RowReader:
    """Reads the rows below one header."""

    def __init__(self, header: list[str], line: int) -> None:
        columns = read_columns([_as_written(cell).strip().strip("\ufeff") for cell in header])
        _check_columns(columns, line)
        self._dropped = {number for number, column in enumerate(columns) if column.heading == FAILURE_DETAIL}
        self._read = [(number, column.field) for number, column in enumerate(columns) if column.field]
        self._columns = [column for number, column in enumerate(columns) if number not in self._dropped]
        self._longest = 0

    @property
    def columns(self) -> list[ListColumn]:
        """The columns, those of cells without a heading included."""
        return self._columns + [ListColumn("", "")] * (self._longest - len(self._columns))

    def read(self, line: int, cells: list[str]) -> ImportedRow:
        """Return the row of a record."""
        values: dict[str, str] = {}
        problem = ""
        for number, field in self._read:
            cell = cells[number] if number < len(cells) else ""
            if _PLAIN_CELL.match(cell):
                value = cell.strip()
            else:
                value, cell_problem = _value(field, cell)
                problem = problem or cell_problem
            values[field] = f"{values[field]} {value}".strip() if field in values else value
        return ImportedRow(line, values, problem, self._written(cells))

    def _written(self, cells: list[str]) -> str:
        kept = cells
        if self._dropped:
            kept = [cell for number, cell in enumerate(cells) if number not in self._dropped]
        text = "".join(kept)  # most lines need no work on each of their cells
        written = list(map(_as_written, kept)) if "'" in text or "\x00" in text else kept
        self._longest = max(self._longest, len(written))
        return _encode(written).decode()


def _check_columns(columns: list[ListColumn], line: int) -> None:
    heading = repeated_field(columns)
    if heading:
        raise error_in(line, _("The column %(name)s is there more than once.") % {"name": heading})
    fields = {column.field for column in columns}
    if "code" not in fields or not fields.intersection(PERSON_FIELDS):
        text = _(
            "The first line has to name the columns: subject_id (or email, or username) and code, perhaps status. "
            "It says: %(said)s"
        )
        raise error_in(line, text % {"said": ", ".join(column.heading for column in columns)[:200]})


def _as_written(cell: str) -> str:
    """Return a cell without the apostrophes that our own exports add, and without what a database cannot store."""
    return unescape_formula(cell).replace("\x00", "␀")


def _value(field: str, cell: str) -> tuple[str, str]:
    """Return the value of a cell, and why it cannot be used, if so."""
    # Our own exports escape formulas. The apostrophe may stand before white space, so it goes first.
    text = unescape_formula(cell).strip()
    if "\x00" in text:
        return text.replace("\x00", "␀")[:MAX_CELL_LENGTH], _NUL
    if field == "message":
        return _note(text)
    value = text if field in _TEXT_FIELDS else clean_identifier(text)
    problem = ""
    if len(value) > MAX_CELL_LENGTH:
        problem = _LONG.format(name=field)
    elif field not in _TEXT_FIELDS and starts_formula(cell):
        problem = _FORMULA.format(name=field)
    return value[:MAX_CELL_LENGTH], problem


def _note(text: str) -> tuple[str, str]:
    try:
        return check_message(text), ""
    except InvalidInput as error:
        return "", error.detail
