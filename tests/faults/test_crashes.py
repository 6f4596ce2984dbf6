"""Processes killed in the middle, with eight writers at work: directory and log agree afterwards, one for one.

``CRASH_KILLS`` says how often; a few times in every run, 200 for a proof.
"""

import json
import os
import random
import signal
import threading
import time

import pytest
import requests

from console.sandbox import processes
from tests.servers import TIMEOUT, Browser

KILLS = int(os.environ.get("CRASH_KILLS", "5"))
WRITERS = 8


class Writer(threading.Thread):
    """An admin who changes one account after another and tries nothing twice."""

    def __init__(self, console, directory, sign_in, stop) -> None:
        super().__init__(daemon=True)
        self.browser, self.directory, self.stop, self.subjects = sign_in(console, "ada"), directory, stop, []

    def run(self) -> None:
        while not self.stop.is_set():
            try:
                self.change_one()
            except (requests.RequestException, AssertionError):
                time.sleep(0.1)  # the console is down, or was while the form was drawn

    def change_one(self) -> None:
        subject = self.directory.person("worker")
        path = f"/orgs/acme/accounts/{subject}/worker/status/"
        fields = {**self.browser.form(path), "status": "expired"}
        self.subjects.append(subject)
        self.browser.post(path, fields)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_killed_processes_lose_nothing(database, start_console, provider, directory, sign_in):
    console = start_console(database)
    port = int(console.url.rsplit(":", 1)[1])
    stop, chance = threading.Event(), random.Random(7)
    writers = [Writer(console, directory, sign_in, stop) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.3, 1.2))
        os.killpg(console.server.process.pid, signal.SIGKILL)
        console.server.process.wait()
        with console.log_path.open("ab") as lines:
            again = processes.start_console(console.server.env, provider, port=port, log=lines)
        console.server.process = again.process  # the fixture stops what runs in the end
    time.sleep(1)
    stop.set()
    for writer in writers:
        writer.join(60)
    check(console, directory, sign_in, [subject for writer in writers for subject in writer.subjects])


def check(console, directory, sign_in, subjects):
    time.sleep(2 * TIMEOUT + 0.5)
    browser = Browser(console.url)
    browser.sign_in("ada")
    assert browser.get("/orgs/acme/accounts/").status_code == 200  # an admin's visit settles what it can
    lines = browser.get("/orgs/acme/changes/export.jsonl").text.splitlines()
    events = [json.loads(line) for line in lines]
    last = {event["subject_id"]: event["outcome"] for event in events}
    requested = {event["subject_id"] for event in events if event["event"] == "requested"}
    written = [one["subject_id"] for one in directory.journal() if one["operation"] == "change_status"]
    statuses = {one["subject_id"]: one["status"] for one in directory.server.control("accounts", org="acme")}

    assert len(written) == len(set(written)), "nothing was sent twice"
    assert set(written) <= requested <= set(subjects), "nothing was sent unrecorded"
    assert set(last.values()) <= {"applied", "not_applied"}, "nothing stays open"
    wrong = [subject for subject, outcome in last.items() if (outcome == "applied") != (statuses[subject] == "expired")]
    assert wrong == []
    verified = console.manage("verify_changes")
    assert verified.returncode == 0, verified.stderr
    print(f"{KILLS} kills, {len(requested)} operations, {len(written)} calls, {len(events)} events")
