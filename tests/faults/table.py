"""The fault matrix as one table in the test's output, also where several workers filled it."""

import json
from typing import Any

import pytest

PROPERTY = "fault-matrix"
_DATABASES = ("sqlite", "postgresql")

_cells: dict[tuple[str, str], dict[str, Any]] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Gather what the tests noted; workers send it with their reports."""
    if report.when != "call":
        return
    for name, value in report.user_properties:
        if name == PROPERTY:
            for cell in json.loads(str(value)):
                _cells.setdefault((cell["fault"], cell["operation"]), {})[cell["database"]] = cell


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print it."""
    if not _cells:
        return
    count = sum(len(found) for found in _cells.values())
    terminalreporter.section(f"fault matrix: {count} cells")
    terminalreporter.write_line(
        "Calls upstream: w writes that reached the directory, r reads, both by this one request.\n"
    )
    terminalreporter.write_line(
        "| fault | operation | expected | seen on SQLite | calls | seen on PostgreSQL | calls |"
    )
    terminalreporter.write_line("| --- | --- | --- | --- | --- | --- | --- |")
    for (fault, operation), found in _cells.items():
        expected = next(iter(dict.fromkeys(cell["expected"] for cell in found.values())))
        seen = [text for database in _DATABASES for text in _columns(found.get(database), expected)]
        terminalreporter.write_line(f"| {' | '.join([fault, operation, expected, *seen])} |")


def _columns(cell: dict[str, Any] | None, expected: str) -> tuple[str, str]:
    if cell is None:
        return "", ""
    seen = "as expected" if cell["seen"] == cell["expected"] == expected else cell["seen"]
    return f"{seen}{'' if cell['ok'] else ' **WRONG**'}", cell["calls"]
