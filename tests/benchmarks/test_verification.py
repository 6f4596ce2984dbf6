"""How fast a log is verified, beside nothing but its signatures on the same cores, and how much memory that takes.

``LOG_VERIFIED`` changes (two events each), and a tenth of them for the memory.
"""

import json
import os
import statistics
import subprocess
import sys

import pytest

from console.sandbox.processes import ROOT
from tests.benchmarks.filling import fill

CHANGES = int(os.environ.get("LOG_VERIFIED", "50000"))
ROUNDS = int(os.environ.get("LOG_ROUNDS", "3"))
JOBS = len(os.sched_getaffinity(0))
LEAST = 0.6  # of the rate of nothing but the signatures
MOST_MORE = 24  # megabytes that ten times as many events may take more: sizes of checkpoints, and chance


def run(console, *arguments):
    command = [sys.executable, "-m", *map(str, arguments)]
    done = subprocess.run(command, env=console.server.env, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("vendor", ["sqlite", "postgresql"])
def test_verifying_beside_bare_signatures(vendor, migrated, start_console):
    peaks = {}
    for changes in (CHANGES // 10, CHANGES):
        address = migrated(vendor)
        fill(address, changes)
        console = start_console(vendor, DATABASE_URL=address)
        console.server.stop()
        run(console, "tests.benchmarks.signing")
        console.manage("checkpoint", "--emit")
        found = json.loads(run(console, "tests.benchmarks.verifying", 0, JOBS))
        assert found["events"] == 2 * changes
        peaks[changes] = found["peaks"]
    found = json.loads(run(console, "tests.benchmarks.verifying", ROUNDS, JOBS))
    rates = {name: [found["events"] / seconds for seconds in found[name]] for name in ("log", "bare")}
    ratio = statistics.median(ours / bare for ours, bare in zip(rates["log"], rates["bare"], strict=True))
    print(f"\n\n{table(vendor, rates, ratio, peaks)}")
    assert ratio >= LEAST
    for few, many in zip(*peaks.values(), strict=True):
        assert many - few < MOST_MORE


def table(vendor, rates, ratio, peaks) -> str:
    lines = [
        f"Verifying {2 * CHANGES:,} events on {vendor}, {JOBS} cores, medians of {ROUNDS} interleaved rounds:",
        "",
        "| | Events a second | Signatures alone, a second | Log : signatures | Peak of the command and of a worker, MB |",
        "| --- | --- | --- | --- | --- |",
    ]
    for changes, (command, worker) in peaks.items():
        speed = " | | " if changes != CHANGES else ""
        if not speed:
            speed = f"{statistics.median(rates['log']):,.0f} | {statistics.median(rates['bare']):,.0f} | {ratio:.2f}"
        lines.append(f"| {2 * changes:,} events | {speed} | {command:.0f}, {worker:.0f} |")
    return "\n".join(lines)
