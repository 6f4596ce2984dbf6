"""What is appended at the same time is committed together, and no entry of a batch harms another."""

import json
import subprocess
import sys

import pytest

from console.sandbox.processes import ROOT
from tests.conftest import DATABASES


@pytest.fixture(scope="module", params=DATABASES)
def found(request, start_console):
    console = start_console(request.param)
    command = [sys.executable, "-m", "tests.changes.grouped"]
    done = subprocess.run(command, cwd=ROOT, env=console.server.env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    yield {"vendor": request.param, **json.loads(done.stdout)}
    verified = console.manage("verify_changes")
    assert verified.returncode == 0, verified.stderr


def test_bad_entries_of_a_batch_are_refused_and_the_others_committed(found):
    results, names_the_first = found["bad_ones"]
    assert results[:5] == ["Change", "IdTaken", "AccountBusy", "ValueError", "Change"]
    assert results[5:] == ["IdTaken", "AccountBusy", "Change"]
    assert names_the_first


def test_what_the_database_refuses_harms_only_its_own(found):
    expected = "Change" if found["vendor"] == "sqlite" else "DataError"
    assert found["refused_by_the_database"] == ["Change", expected, "Change"]


def test_outcomes_of_one_change_in_one_batch_follow_each_other(found):
    assert found["concluded_twice"] == ["applied", "not_applied", "DoesNotExist", "unknown"]


def test_what_waits_for_the_lock_is_committed_together(found):
    results, sizes, alone = found["together"]
    refused = [] if found["vendor"] == "sqlite" else ["DataError"]
    assert results == ["Change"] * (8 - len(refused)) + refused
    assert sizes == [1, 7]
    assert alone == (7 if refused else 0), "a batch that fails is done again, each by its own caller"


def test_those_whose_leader_ends_go_on_by_themselves(found):
    assert found["a_dead_leader"] == ["Change"] * 7 + ["SystemExit"]
