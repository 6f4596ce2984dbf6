"""Exactly one worker holds a piece of work, until it finishes or goes silent: on SQLite and on PostgreSQL."""

import json
import subprocess
import sys

import pytest

from console.sandbox import processes
from tests.conftest import DATABASES


@pytest.fixture(params=DATABASES)
def outcome(request, state, provider, directory_server, migrated):
    """What came of a scenario, on a database of its own."""

    def run(name):
        url = migrated(request.param)
        env = processes.console_environment(state, provider, directory_server, database_url=url)
        command = [sys.executable, "-m", "tests.tasks.scenarios", name]
        done = subprocess.run(command, env=env, cwd=processes.ROOT, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def test_due_work_is_taken_once(outcome):
    assert outcome("due_work") == {
        "early": None, "taken": ["reread", ""], "second": None, "finished": True, "after": None,
    }  # fmt: skip


def test_a_silent_worker_loses_its_lease_and_cannot_finish(outcome):
    assert outcome("an_expired_lease") == {
        "still held": None, "taken over": True, "first holds": False, "first finishes": False,
        "second holds": True, "second finishes": True, "after": None,
    }  # fmt: skip


def test_a_heartbeat_extends_a_lease_that_is_still_held(outcome):
    assert outcome("a_heartbeat") == {"renewed": 1, "before": None, "after": True, "renewed when lost": 0}


def test_what_is_requested_while_work_runs_runs_afterwards(outcome):
    assert outcome("a_request_while_it_runs") == {
        "accepted": True, "not at once": None, "finished": True, "again": True,
    }  # fmt: skip


def test_the_earlier_of_two_due_times_counts(outcome):
    assert outcome("the_earlier_time_counts") == {
        "first": True, "later": False, "earlier": True, "at 49": None, "at 50": True,
    }  # fmt: skip


def test_failed_work_is_tried_again_later(outcome):
    assert outcome("a_failure") == {"failed": 1, "early": None, "again": True, "failures after": 0, "next": True}


def test_what_waits_longest_goes_first_and_unknown_kinds_wait(outcome):
    assert outcome("the_longest_wait_goes_first") == ["a", "b", "c", None]


def test_of_many_workers_one_takes_each_piece(outcome):
    assert outcome("many_workers") == {"taken": list(range(40)), "workers": 6}
