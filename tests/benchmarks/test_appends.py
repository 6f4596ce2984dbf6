"""What the log costs: events a second through it against plain inserts of the same rows by the same writers.

All of it in one run, interleaved, so that a busy minute of the machine slows everything alike. PostgreSQL with ``fsync``.
"""

import sqlite3
import statistics
from typing import NamedTuple

import psycopg
import pytest

from tests.appending import Appenders

ROUNDS = 9
CHANGES = 160  # of one round, shared by the writers; two events each


class Shape(NamedTuple):
    """Writers: processes, threads of each, logs that they share, and the least share of plain inserts to reach."""

    processes: int
    threads: int
    logs: int
    goal: float | None

    def __str__(self) -> str:
        return f"{self.processes} × {self.threads}, {self.logs} {'log' if self.logs == 1 else 'logs'}"


SHAPES = {
    "postgresql": (Shape(2, 8, 1, 0.5), Shape(1, 1, 1, 0.35), Shape(16, 1, 1, None), Shape(16, 1, 16, None)),
    "sqlite": (Shape(1, 16, 1, 0.3),),
}


@pytest.mark.parametrize("database", SHAPES)
def test_appends(database, start_console):
    console = start_console(database)
    console.server.stop()  # nobody asks it anything here
    if database == "postgresql":
        with psycopg.connect(console.server.env["DATABASE_URL"]) as connection:
            assert connection.execute("SHOW fsync").fetchone() == ("on",)
    make_plain_table(console)
    lines = []
    for shape in SHAPES[database]:
        rates = measure(console, shape)
        ratios = [log / plain for log, plain in zip(rates["append"], rates["plain"], strict=True)]
        goal = "" if shape.goal is None else f"{shape.goal:.2f}"
        lines.append(
            f"| {shape} | {statistics.median(rates['append']):.0f} | {statistics.median(rates['plain']):.0f} "
            f"| {statistics.median(ratios):.2f} | {min(ratios):.2f} to {max(ratios):.2f} | {goal} |"
        )
    verified = console.manage("verify_changes")
    assert verified.returncode == 0, verified.stderr
    print(f"\n\n{database}: events a second, median of {ROUNDS} interleaved rounds of {2 * CHANGES} events:\n")
    print("| Processes × threads | Through the log | Plain INSERT | Log : plain | Rounds | Goal |")
    print("\n".join(["| --- | --- | --- | --- | --- | --- |", *lines]))


def measure(console, shape: Shape) -> dict[str, list[float]]:
    """The rates of each round, after a look that every event and every row is there once."""
    rates: dict[str, list[float]] = {"append": [], "plain": []}
    wrote: dict[str, list[str]] = {"append": [], "plain": []}
    run(console, "DELETE FROM plain_event")
    appenders = Appenders(console, shape.processes, shape.threads)
    for _ in range(ROUNDS):
        for task in rates:
            each = CHANGES // (shape.processes * shape.threads)
            seconds, names = appenders.do(task, each, logs=shape.logs)
            assert len(names) == CHANGES
            wrote[task] += names
            rates[task].append(2 * CHANGES / seconds)
    appenders.stop()
    for table, task in (("changes_event", "append"), ("plain_event", "plain")):
        found = [str(name).replace("-", "") for (name,) in run(console, f"SELECT change_id FROM {table}")]
        names = {name.replace("-", "") for name in wrote[task]}
        assert len(names) == ROUNDS * CHANGES
        assert sorted(name for name in found if name in names) == sorted(2 * list(names)), table
    return rates


def make_plain_table(console) -> None:
    """A table like that of the events, with the same indexes, but without triggers."""
    if console.database == "postgresql":
        run(console, "CREATE TABLE plain_event (LIKE changes_event INCLUDING ALL)")
        return
    [(table,)] = run(console, "SELECT sql FROM sqlite_master WHERE name = 'changes_event'")
    run(console, table.replace('"changes_event"', '"plain_event"', 1))
    run(console, "CREATE INDEX plain_by_change ON plain_event (change_id)")


def run(console, statement: str) -> list:
    url = console.server.env["DATABASE_URL"]
    if console.database == "sqlite":
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=20)
    else:
        connection = psycopg.connect(url.replace("postgres://", "postgresql://"), autocommit=True)
    cursor = connection.execute(statement)
    rows = cursor.fetchall() if cursor.description else []
    connection.close()
    return rows
