"""The text of a list, ready for Python's CSV parser: decoded, limited, and with its separator found out."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from accounts_ui.services.bulk.csv_columns import count_fields
from accounts_ui.services.errors import InvalidInput
from console.recorded_text import recorded

MAX_LINES: Final = 100_000  # blank ones and line breaks in cells included
MAX_LINE_LENGTH: Final = 50_000  # characters
_SEPARATORS: Final = ",;\t"
_ARCHIVES: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"\x1f\x8b")
_BOMS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
# Excel's own first line. A program that has opened and saved the list may have quoted it, or filled it up with cells.
_SEP_LINE: Final = re.compile(r'(?i)[ \ufeff]*"?sep=(?P<separator>[^"\w\s]|\t)"?[,;|\t ]*\Z')
_QUOTED: Final = re.compile(r'"[^"]*"?')
_BLANKS: Final = " \t\xa0\u202f"
_MAX_HEADINGS: Final = 500  # of which the separator is found out

_ANOTHER_ENCODING: Final = recorded(
    "list.another_encoding",
    "Line {line} is not UTF-8, so the list was read as Windows-1252. Look at the names before you go on.",
)


class CsvText(NamedTuple):
    """The lines for the parser, their separator, and a recorded ``note`` about what had to be guessed."""

    lines: Iterator[str]
    separator: str
    note: str


def read_text(data: bytes) -> CsvText:
    """Decode the bytes, and find out how cells are separated.

    Raises:
        InvalidInput: this is no text, it is empty, or it has too many lines.

    """
    text, note = _decode(data)
    _check_number_of_lines(text)
    start, first = _first_line(text)
    declared = _SEP_LINE.match(first.rstrip("\r\n"))
    if declared:  # it becomes a blank line, so that the lines keep their numbers
        text = text[: start + declared.start()] + text[start + declared.end() :]
        start, first = _first_line(text)
    if not first:
        raise error_in(
            1, _("The list is empty. It needs a header line such as subject_id,code, and a line for each account.")
        )
    header = _header_record(text, start)
    separator = _find_separator(header, declared["separator"] if declared else "")
    return CsvText(_checked_lines(io.StringIO(_without_blanks_at_quotes(text, separator), newline="")), separator, note)


def error_in(line: int, detail: str) -> InvalidInput:
    """Return the error that makes the whole list unusable. It is shown at once, so it is translated at once."""
    return InvalidInput("list", _("Line %(line)d: %(detail)s") % {"line": line, "detail": detail})


def _decode(data: bytes) -> tuple[str, str]:
    if data.startswith(_ARCHIVES):
        raise error_in(
            1, _("This is a workbook, an archive or a PDF, not CSV. Open it in its program and save it as “CSV UTF-8”.")
        )
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(encoding), ""
            except UnicodeDecodeError as error:
                line = data[: error.start].count(b"\n") + 1
                text = _("The text says that it is %(encoding)s, and is not. Save it as “CSV UTF-8”.")
                raise error_in(line, text % {"encoding": encoding}) from None
    try:
        return data.decode("utf-8"), ""
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
    try:
        return data.decode("cp1252"), _ANOTHER_ENCODING.format(line=line)
    except UnicodeDecodeError:
        raise error_in(line, _("This is no text in UTF-8 or Windows-1252. Save the list as “CSV UTF-8”.")) from None


def _check_number_of_lines(text: str) -> None:
    if max(text.count("\n"), text.count("\r")) > MAX_LINES:
        most = number_format(MAX_LINES, force_grouping=True)
        detail = _("The list has more than %(most)s lines, blank ones included. Remove blank lines, or split it.")
        raise error_in(MAX_LINES + 1, detail % {"most": most})


def _checked_lines(lines: io.StringIO) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_LINE_LENGTH:
            most = number_format(MAX_LINE_LENGTH, force_grouping=True)
            detail = _("The line has more than %(most)s characters. Leave out columns that are not needed.")
            raise error_in(number, detail % {"most": most})
        yield line


def _first_line(text: str) -> tuple[int, str]:
    """Return the first line that is not blank, and where it starts; an empty one if there is none."""
    start = 0
    for line in io.StringIO(text, newline=""):
        if line.strip():
            return start, line
        start += len(line)
    return start, ""


def _header_record(text: str, start: int) -> str:
    """Return the first record, line breaks in its quoted cells included."""
    lines, is_open = [], False
    for line in io.StringIO(text[start : start + MAX_LINE_LENGTH], newline=""):
        lines.append(line)
        is_open ^= line.count('"') % 2 == 1
        if not is_open:
            break
    return "".join(lines)


def _find_separator(header: str, declared: str) -> str:
    """Return the separator with which most columns are understood, and of those the one that comes most often.

    Separators inside of quotes do not count. One that the list declares is only left if another one fits better.
    """
    unquoted = _QUOTED.sub("", header)

    def fitness(separator: str) -> tuple[int, bool, int]:
        return count_fields(_headings(header, separator)), separator == declared, unquoted.count(separator)

    return max(dict.fromkeys((declared or _SEPARATORS[0]) + _SEPARATORS), key=fitness)


def _headings(header: str, separator: str) -> list[str]:
    """Return the first headings; none if the quotes do not fit the separator."""
    try:
        return next(csv.reader([header], delimiter=separator, skipinitialspace=True), [])[:_MAX_HEADINGS]
    except csv.Error:
        return []


def _without_blanks_at_quotes(text: str, separator: str) -> str:
    """Return the text without the blanks between quoted cells and separators, which the parser does not understand.

    Neither expression goes back over what it has read, so both take time that is linear in the text.
    """
    blanks = _BLANKS.replace(separator, "")
    blank, mark, other = re.escape(blanks), re.escape(separator), re.escape(blanks.replace(" ", ""))
    if '"' not in text or not re.search(rf'"[{blank}]++(?:[{mark}\r\n]|\Z)|[{other}] *+"', text):
        return text
    # Cell by cell, so that a quoted cell is told from quotes inside of another cell.
    cell = rf'[{blank}]*+("(?:[^"]|"")*+")[{blank}]*+|([^{mark}"\r\n]++[^{mark}\r\n]*+)'
    return re.sub(cell, r"\1\2", text)
