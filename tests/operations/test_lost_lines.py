"""A log that nobody can write to: the console works on, and a metric says how many lines were lost."""

import re

import pytest
import requests

from console.sandbox import processes
from tests.servers import Browser, Console, outcome_of


@pytest.fixture
def mute(provider, sqlite_console, directory):
    """A console whose standard error is a full disk."""
    with open("/dev/full", "wb") as full:
        server = processes.start_console({**sqlite_console.server.env}, provider, log=full)
    yield Console(server, sqlite_console.log_path, "sqlite")
    server.stop()


def lost(console):
    page = requests.get(f"{console.url}/metrics", timeout=20).text
    return {
        kind: float(value) for kind, value in re.findall(r'console_log_lines_lost_total{kind="([^"]+)"} (\S+)', page)
    }


def test_lost_lines_are_counted(mute, directory):
    before = lost(mute)
    assert before["change log"] == 0
    ada = Browser(mute.url)
    ada.sign_in("ada")
    path = f"/orgs/acme/accounts/{directory.person('worker')}/worker/status/"
    page = ada.post(path, {**ada.form(path), "status": "disabled"})
    assert outcome_of(page) == "applied", "a lost line is no reason to refuse a change, which the database holds"
    after = lost(mute)
    assert after["change log"] == 2, "requested and applied"
    assert after["other"] > before["other"]


def test_no_line_is_lost_on_a_good_disk(sqlite_console):
    requests.get(f"{sqlite_console.url}/signout/", timeout=20)
    assert lost(sqlite_console) == {"change log": 0, "other": 0}
