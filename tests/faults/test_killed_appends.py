"""Processes killed between any two steps of a group commit: log and directory agree, nobody waits for ever.

``APPEND_KILLS`` says how often on each database; with 200 on each it has passed, too.
"""

import os
import signal
import subprocess
import sys

import pytest

from console.sandbox.processes import ROOT
from tests.changes.test_log import Tampering
from tests.conftest import DATABASES
from tests.faults.killed_appends import STEPS

KILLS = int(os.environ.get("APPEND_KILLS", str(2 * len(STEPS))))


@pytest.mark.long
@pytest.mark.parametrize("database", DATABASES)
def test_a_leader_killed_at_any_step_loses_nothing(database, start_console, tmp_path):
    console = start_console(database)
    console.server.stop()  # nobody asks it anything here
    command = [sys.executable, "-m", "tests.faults.killed_appends", str(tmp_path)]
    with console.log_path.open("ab") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=console.server.env,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    for number in range(KILLS):
        process.stdin.write(f"{number}\n")
        process.stdin.flush()
        assert process.stdout.readline() == f"{-signal.SIGKILL}\n", STEPS[number % len(STEPS)]
    process.stdin.close()
    status, made = process.stdout.readline().split()
    assert (status, process.wait(30)) == ("0", 0), "whoever was not killed goes on to the end"
    process.stdout.close()
    assert int(made) > KILLS, "and did so meanwhile"

    called = (tmp_path / "directory").read_text().split()
    assert len(set(called)) == len(called), "nothing was sent twice"
    with Tampering(console) as owner:
        outcomes = {
            str(change_id).replace("-", ""): outcome
            for change_id, outcome in owner.run("SELECT change_id, outcome FROM changes_change").fetchall()
        }
    called = {name.replace("-", "") for name in called}
    assert called <= outcomes.keys(), "nothing was sent unrecorded"
    applied = {name for name, outcome in outcomes.items() if outcome == "applied"}
    assert applied <= called
    assert set(outcomes.values()) <= {"applied", "pending"}
    assert len(outcomes) - len(applied) <= 3 * 8 * KILLS, "only what a killed process was at is pending"
    verified = console.manage("verify_changes")
    assert verified.returncode == 0, verified.stderr
