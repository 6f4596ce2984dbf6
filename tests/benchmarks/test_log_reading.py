"""A long change log, read as a whole: exports and verifying, against plain SQL that fetches the same rows.

``LOG_CHANGES`` is another number of changes to export from than a million, ``LOG_SIGNED`` another number to verify than
10,000. A change has two events. Rates of exports are those of their first ``LOG_EXPORTED`` rows; each is also taken whole,
once, for its count and for the memory of the process that makes it.
"""

import os
import sqlite3
import statistics
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from console.sandbox.processes import ROOT
from tests.benchmarks.filling import CHANGE, EVENT, fill

ROUNDS, FEW = 9, 1_000
MANY = int(os.environ.get("LOG_CHANGES", "1000000"))
EXPORTED = min(MANY, int(os.environ.get("LOG_EXPORTED", "50000")))
SIGNED = int(os.environ.get("LOG_SIGNED", "10000"))
MOST_MORE = 40
"""Megabytes that an export of the long log may take more than one of the short log."""

EXPORTS = {
    "export.csv": (
        1,
        f"SELECT {', '.join(CHANGE)} FROM changes_change WHERE organization_id = 'acme' ORDER BY requested_at DESC",
    ),
    "export.jsonl": (
        2,
        f"SELECT {', '.join(EVENT)} FROM changes_event WHERE organization_id = 'acme' ORDER BY sequence",
    ),
}
"""Rows of each change, and the rows in plain SQL."""


@pytest.mark.parametrize("vendor", ["sqlite", "postgresql"])
def test_exports(vendor, migrated, start_console, sign_in):
    took = {(name, what): [] for name in EXPORTS for what in ("export", "sql")}
    peaks = {}
    for number in (FEW, MANY):
        address = migrated(vendor)
        fill(address, number)
        console = start_console(vendor, DATABASE_URL=address)
        browser = sign_in(console, "ada")
        for name, (each, _) in EXPORTS.items():
            forget_peak(console)
            assert rows_of(browser, name)[0] == number * each
            peaks[name, number] = peak_of(console)
    for _ in range(ROUNDS):  # interleaved, so that a busy minute of the machine slows all of them
        for name, (_each, statement) in EXPORTS.items():
            rows, seconds = rows_of(browser, name, most=EXPORTED)
            assert rows == EXPORTED
            took[name, "export"].append(rows / seconds)
            rows, seconds = fetched(address, statement, EXPORTED)
            assert rows == EXPORTED
            took[name, "sql"].append(rows / seconds)
    print(f"\n\n{table_of_exports(vendor, took, peaks)}")
    for name in EXPORTS:
        assert peaks[name, MANY] - peaks[name, FEW] < MOST_MORE, name


@pytest.mark.parametrize("vendor", ["sqlite", "postgresql"])
def test_verifying(vendor, migrated, start_console):
    sides = {}
    for number in (SIGNED // 10, SIGNED):
        address = migrated(vendor)
        fill(address, number)
        console = start_console(vendor, DATABASE_URL=address)
        said, _, _ = run(console, "-m", "tests.benchmarks.signing")
        assert said.strip() == str(2 * number)
        sides[number] = (console, address)
    took = {number: [] for number in sides}
    plain, peaks = [], dict.fromkeys(sides, 0.0)
    for _ in range(ROUNDS):
        for number, (console, _) in sides.items():
            said, seconds, peak = run(console, "manage.py", "verify_changes")
            assert said.startswith(f"Verified {2 * number} events of acme, to sequence {2 * number}")
            took[number].append(seconds)
            peaks[number] = max(peaks[number], peak)
        rows, seconds = fetched(sides[SIGNED][1], EXPORTS["export.jsonl"][1], 2 * SIGNED)
        assert rows == 2 * SIGNED
        plain.append(rows / seconds)
    print(f"\n\n{table_of_verifying(vendor, took, plain, peaks)}")


def rows_of(browser, name, most=None) -> tuple[int, float]:
    """How many rows came, at most so many, and how long they took."""
    began, rows = time.perf_counter(), -1 if name.endswith("csv") else 0
    with browser.session.get(f"{browser.url}/orgs/acme/changes/{name}", stream=True, timeout=600) as answer:
        assert answer.status_code == 200
        for piece in answer.iter_content(65536):
            rows += piece.count(b"\n")
            if most is not None and rows >= most:
                return most, time.perf_counter() - began
    return rows, time.perf_counter() - began


def fetched(address, statement, most) -> tuple[int, float]:
    """As many rows in plain SQL, a thousand at a time."""
    began, rows = time.perf_counter(), 0
    if address.startswith("sqlite:///"):
        database = sqlite3.connect(address.removeprefix("sqlite:///"))
        cursor = database.execute(statement)
    else:
        database = psycopg.connect(address)
        cursor = database.cursor(name="rows")
        cursor.execute(statement)
    while rows < most and (chunk := cursor.fetchmany(1000)):
        rows += len(chunk)
    seconds = time.perf_counter() - began
    cursor.close()
    database.close()
    return min(rows, most), seconds


def workers(console) -> list[Path]:
    master = console.server.process.pid
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    return [Path("/proc") / one for one in children]


def forget_peak(console) -> None:
    """From here on, a process's peak is that of what follows (proc(5), ``clear_refs``)."""
    for one in workers(console):
        (one / "clear_refs").write_text("5")


def peak_of(console) -> float:
    """Megabytes of the largest process that answers."""
    return max(int((one / "status").read_text().partition("VmHWM:")[2].split()[0]) for one in workers(console)) / 1024


MEASURING = """
import resource, subprocess, sys
done = subprocess.run([sys.executable, *sys.argv[1:]], stdout=subprocess.PIPE, text=True, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, done.stdout)
"""
"""A small process of its own starts it: a peak counts what the one that forked it had (getrusage(2))."""


def run(console, *arguments) -> tuple[str, float, float]:
    """What it printed, how long it took, and the most memory that it had, in megabytes."""
    began = time.perf_counter()
    command = [sys.executable, "-c", MEASURING, *arguments]
    done = subprocess.run(command, env=console.server.env, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    kilobytes, _, said = done.stdout.partition(" ")
    return said, time.perf_counter() - began, int(kilobytes) / 1024


def table_of_exports(vendor, took, peaks) -> str:
    lines = [
        f"Exports on {vendor}, medians of {ROUNDS} interleaved rounds of {EXPORTED:,} rows out of a log of {MANY:,} changes:",
        "",
        "| | Rows a second | Plain SQL, rows a second | Plain : export "
        f"| Peak of a process, {FEW:,} changes, MB | {MANY:,} changes, MB |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name in EXPORTS:
        ours, plain = took[name, "export"], took[name, "sql"]
        ratio = statistics.median(b / a for a, b in zip(ours, plain, strict=True))
        lines.append(
            f"| {name} | {statistics.median(ours):,.0f} | {statistics.median(plain):,.0f} | {ratio:.1f} "
            f"| {peaks[name, FEW]:.0f} | {peaks[name, MANY]:.0f} |"
        )
    return "\n".join(lines)


def table_of_verifying(vendor, took, plain, peaks) -> str:
    few, many = took
    more = 2 * (many - few)
    rates = [more / (b - a) for a, b in zip(took[few], took[many], strict=True)]
    ratio = statistics.median(b / a for a, b in zip(rates, plain, strict=True))
    return "\n".join(
        [
            f"`verify_changes` on {vendor}, medians of {ROUNDS} interleaved rounds; the rate is that of the {more:,} events "
            f"that {many:,} changes have more than {few:,}:",
            "",
            f"| {few:,} changes, s | {many:,} changes, s | Events a second | Plain SQL, rows a second | Plain : verify "
            f"| Peak, {few:,} changes, MB | {many:,} changes, MB |",
            "| --- | --- | --- | --- | --- | --- | --- |",
            f"| {statistics.median(took[few]):.1f} | {statistics.median(took[many]):.1f} | {statistics.median(rates):,.0f} "
            f"| {statistics.median(plain):,.0f} | {ratio:.1f} | {peaks[few]:.0f} | {peaks[many]:.0f} |",
        ]
    )
