"""Lists as large as an upload may be, and the processor time of reading each, beside that of Python's CSV parser."""

import csv
import io
import json
import time
from typing import Any, Final

MAX_UPLOAD: Final = 5 * 1024 * 1024  # bytes
_HEADER: Final = "subject_id,code\n"
ROUNDS: Final = 5


def filled(text: str, unit: str) -> bytes:
    """Return the text, and after it as many units as an upload may have."""
    return (text + unit * ((MAX_UPLOAD - len(text)) // len(unit))).encode()


# name → the bytes, and how many rows are read, or what the error says
LISTS: Final[dict[str, tuple[bytes, int | str]]] = {
    "line feeds": (filled(_HEADER, "\n"), "more than 100,000 lines"),
    "carriage returns": (filled(_HEADER, "\r"), "more than 100,000 lines"),
    "blank rows": (filled(_HEADER, "," * 60 + "\n"), "no row below"),
    "one line of commas": (filled(_HEADER, ","), "more than 50,000 characters"),
    "one line of spaces": (filled(_HEADER, " "), "more than 50,000 characters"),
    "many columns": (filled(_HEADER, "a" + ",b" * 20_000 + "\n"), "more than 500 columns"),
    "one long cell": (filled(_HEADER + '"', "a\n"), "more than 100,000 lines"),
    "one row in a quoted cell": (filled(_HEADER + '"', "a" * 60 + "\n"), "a cell is too long"),
    "20,000 rows": ((_HEADER + "".join(f"p-{i},worker\n" for i in range(20_000))).encode(), 20_000),
    "20,000 wide rows": ((_HEADER + "".join(f"p-{i},worker{',x' * 120}\n" for i in range(20_000))).encode(), 20_000),
    "20,000 escaped rows": ((_HEADER + "".join(f"'={i},'+worker\n" for i in range(20_000))).encode(), 20_000),
    "20,000 formulas": ((_HEADER + "".join(f"={i},+worker\n" for i in range(20_000))).encode(), 20_000),
    "20,001 rows": ((_HEADER + "p,worker\n" * 20_001).encode(), "more than 20,000 rows"),
}


def parse(data: bytes) -> None:
    """Read the bytes with Python's parser alone, without its own limit of a cell."""
    limit = csv.field_size_limit(MAX_UPLOAD)
    try:
        for _ in csv.reader(io.StringIO(data.decode(), newline="")):
            pass
    finally:
        csv.field_size_limit(limit)


def print_times() -> None:
    """Print what each list gives and takes as JSON. Called inside the console's environment."""
    from accounts_ui.services.bulk.csv_import import read_list
    from accounts_ui.services.errors import InvalidInput

    def read(data: bytes) -> int | str:
        try:
            return len(read_list(data).rows)
        except InvalidInput as error:
            return str(error.detail)

    report: dict[str, Any] = {}
    for name, (data, _) in LISTS.items():
        parsing, reading = [], []
        for _round in range(ROUNDS):  # in turns, so that a busy moment of the machine slows both
            parsing.append(_seconds(lambda data=data: parse(data)))
            reading.append(_seconds(lambda data=data: read(data)))
        report[name] = {"result": read(data), "parsing": min(parsing), "reading": min(reading)}
    print("times", json.dumps(report))


def _seconds(work: Any) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin
