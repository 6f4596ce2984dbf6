"""CSV files (RFC 4180) whose cells no spreadsheet takes for a formula."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any


def csv_lines(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    """Yield a line of column names, then a line for each row. Cells are escaped by ``escape_formula``."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(columns)
    yield buffer.getvalue()
    for row in rows:
        buffer.seek(0)
        buffer.truncate()
        writer.writerow([escape_formula(cell) for cell in row])
        yield buffer.getvalue()


def escape_formula(cell: Any) -> str:
    """Return the cell as text that a spreadsheet shows and does not run (OWASP: CSV injection).

    An apostrophe goes before what could start a formula.
    """
    text = "" if cell is None else str(cell)
    return f"'{text}" if text and (text[0] in "\t\r\n" or _starts_formula(text)) else text


def _starts_formula(text: str) -> bool:
    """Whether the first visible character starts a formula. Spreadsheets read full-width signs like the others."""
    first = next((c for c in text if c.isprintable() and not c.isspace()), "")
    return first != "" and first in "=+-@＝＋－＠"
