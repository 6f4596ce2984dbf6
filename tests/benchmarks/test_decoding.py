"""What reading one list takes of a process, up to a million people: processor time and memory. ``PEOPLE`` is other numbers."""

import json
import os
import subprocess
import sys

from console.sandbox.directory import seed
from console.sandbox.processes import ROOT

PEOPLE = [int(number) for number in os.environ.get("PEOPLE", "10000,100000,1000000").split(",")]


def test_decoding(tmp_path):
    lines = [
        "| People | the directory's answer | processor time to read it | memory while reading | kept | bytes a row |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for number in PEOPLE:
        told = decoded(number, tmp_path / "list.json")
        assert told["rows"] == number
        lines.append(
            f"| {number:,} | {told['megabytes']:.0f} MiB | {told['seconds']:.1f} s | {told['peak']:,.0f} MB "
            f"| {told['rows'] * told['bytes_a_row'] / 1024**2:.0f} MiB | {told['bytes_a_row']:.0f} |"
        )
    print("\n\n" + "\n".join(lines))


def decoded(number, path):
    """What a process of its own tells that reads a list of so many."""
    with path.open("w") as file:
        rows = seed.seed_people("acme", number)[:number]
        file.write("[" + ",".join(map(json.dumps, rows)) + "]")
    command = [sys.executable, "-m", "tests.benchmarks.decoding", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)
