"""Lists as large as an upload may be, and the processor time of reading each, beside that of Python's CSV parser."""

import csv
import datetime
import inspect
import io
import json
import sqlite3
import time
import uuid
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


def print_planning_times() -> None:
    """Print what planning 20,000 rows takes, and what parsing and inserting the same cells alone takes."""
    from accounts_ui.services.bulk.csv_import import read_list
    from accounts_ui.services.bulk.planner import make_plan

    client, context = _Directory(), _context()
    report: dict[str, Any] = {}
    for name, text in PLANNED.items():
        data = text.encode()
        planning = [_seconds(lambda data=data: _plan(make_plan, read_list, client, context, data)) for _ in range(3)]
        report[name] = {
            "planning": min(planning),
            "floor": min(_seconds(lambda data=data: _parse_and_insert(data)) for _ in range(3)),
            "parsing": min(_seconds(lambda data=data: parse(data)) for _ in range(3)),
            "ready": client.ready,
        }
    print("times", json.dumps(report))


PLANNED: Final = {
    "ids that are listed": _HEADER + "".join(f"p-{i},worker\n" for i in range(20_000)),
    "e-mail addresses": "email,code\n" + "".join(f"p{i}@acme.example,worker\n" for i in range(20_000)),
    "id, e-mail and name": "subject_id,email,name,code\n"
    + "".join(f"p-{i},p{i}@acme.example,Ada L{i},worker\n" for i in range(20_000)),
    "ids that nobody has": _HEADER + "".join(f"q-{i},worker\n" for i in range(20_000)),
}


class _Directory:
    """20,000 people with an account each, as a client that has read them."""

    def __init__(self) -> None:
        from accounts_ui.directory.decoder import read_rows
        from accounts_ui.directory.listing import Listing

        rows: list[dict[str, Any]] = []
        for number in range(20_000):
            name = {"given_name": "Ada", "family_name": f"L{number}"}
            traits = {"name": name, "email": f"p{number}@acme.example", "username": f"u{number}"}
            person = {"identity": {"id": f"p-{number}", "traits": traits}, "acls": ["m"]}
            account = {"subject_id": f"p-{number}", "account_code": "visitor"}
            rows += [{"org_id": "acme", "status": "active", **row} for row in (person, account)]
        rows.append({"org_id": "acme", "status": "active", "subject_id": "other", "account_code": "worker"})
        now = datetime.datetime.now(datetime.UTC)
        self.listing = Listing("acme", read_rows(json.dumps(rows).encode()), now, now)
        self.ready = 0

    def list_users(self, _organization_id: str) -> Any:
        return self.listing

    def list_types(self, _organization_id: str) -> tuple[Any, ...]:
        return ()


def _context() -> Any:
    from accounts_ui.services.audit_context import AuditContext

    fields = dict.fromkeys(inspect.signature(AuditContext).parameters, "")
    return AuditContext(**{**fields, "organization_id": "acme"})


def _plan(make_plan: Any, read_list: Any, client: Any, context: Any, data: bytes) -> None:
    from accounts_ui.plans.models import PlanRow

    made = make_plan(client=client, context=context, action="assign", status="", message="", imported=read_list(data))
    client.ready = PlanRow.objects.filter(plan=made.id, check_result="ready").count()


def _parse_and_insert(data: bytes) -> None:
    """Store the cells as they are, in a table with as many columns and indexes as that of the plans' rows."""
    columns = ", ".join(f"c{number}" for number in range(16))
    with sqlite3.connect("") as database:
        database.execute(f"CREATE TABLE row (id INTEGER PRIMARY KEY, {columns})")
        database.execute("CREATE UNIQUE INDEX a ON row (c0)")
        database.execute("CREATE INDEX b ON row (c1, c2, c3, c4)")
        rows = csv.reader(io.StringIO(data.decode(), newline=""))
        values = ((uuid.uuid4().hex, *cells, *[""] * (15 - len(cells))) for cells in rows)
        database.executemany(f"INSERT INTO row ({columns}) VALUES ({', '.join('?' * 16)})", values)


def _seconds(work: Any) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin
