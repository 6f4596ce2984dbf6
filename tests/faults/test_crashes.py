"""Processes killed in the middle, with eight writers at work: directory and log agree afterwards, one for one.

``CRASH_KILLS`` says how often on each database: 100 times unless told, 200 in all. With 200 on each it has passed too.
"""

import json
import os
import random
import signal
import threading
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest
import requests

from console.sandbox import processes
from tests.servers import TIMEOUT, Browser, form_of, outcome_of

KILLS = int(os.environ.get("CRASH_KILLS", "100"))
PAUSE = 0.3  # seconds at most that a form has been on its way when a process is killed
WHOLE_GROUP = 40  # every so many kills the master goes too, and everything is started again
WORKERS = 3
WRITERS = 8
LATENCY = 0.05  # seconds that the directory takes to tell of a write that it has made
CODE = "worker"
RESULTS = {"assign": "active", "change_status": "expired", "delete": "disabled"}


class Writer(threading.Thread):
    """An admin who assigns, changes and deletes one person's account after another.

    A form whose answer was lost is sent again as it was, and once that is answered a new form is tried too: all in a
    second tab, while the admin goes on with the next person.
    """

    def __init__(self, console, directory, sign_in, stop, number) -> None:
        super().__init__(daemon=True)
        self.browser, self.directory, self.stop = sign_in(console, "ada"), directory, stop
        self.chance = random.Random(number)
        self.second_tab = ThreadPoolExecutor(4)
        self.is_sending = False
        self.seen: Counter[str] = Counter()
        self.sent: dict[str, tuple[str, str]] = {}  # operation id → subject and action

    def run(self) -> None:
        while not self.stop.is_set():
            try:
                self.one_person(self.directory.person("visitor"))
            except AssertionError as error:  # a page without the form, while something refuses
                self.seen[f"no form: {str(error)[:60]}"] += 1
        self.second_tab.shutdown()

    def one_person(self, subject: str) -> None:
        for action in ("assign", "change_status", "delete"):
            path, fields = self.form(subject, action)
            self.is_sending = True
            try:
                answer = self.browser.session.post(self.browser.url + path, data=fields, timeout=60)
            except requests.RequestException:
                self.seen["lost"] += 1
                self.second_tab.submit(self.insist, subject, action, path, fields)
                return
            finally:
                self.is_sending = False
            self.seen[self.told(answer)] += 1
            if self.chance.random() < 0.1:
                self.second_tab.submit(self.again, path, fields)
            if outcome_of(answer) != "applied":
                return

    def insist(self, subject: str, action: str, path: str, fields: dict[str, str]) -> None:
        """The same form until it is answered, then a new one, unless its page shows that there is nothing left to do."""
        self.seen[f"sent again: {self.told(self.again(path, fields))}"] += 1
        try:
            path, fields = self.form(subject, action)
        except AssertionError:
            return
        if fields.get("expected_status") == RESULTS[action]:
            return
        self.seen[f"new form: {self.told(self.again(path, fields))}"] += 1

    def form(self, subject: str, action: str) -> tuple[str, dict[str, str]]:
        """Where the form goes, and what is in it."""
        path = {
            "assign": "/orgs/acme/accounts/assign/",
            "change_status": f"/orgs/acme/accounts/{subject}/{CODE}/status/",
            "delete": f"/orgs/acme/accounts/{subject}/{CODE}/delete/",
        }[action]
        more = {"assign": {"subject_id": subject, "code": CODE}, "change_status": {"status": "expired"}}.get(action, {})
        page = persist(lambda: self.browser.session.get(self.browser.url + path, timeout=60))
        fields = {**form_of(page, path), **more}
        self.sent[fields["operation_id"]] = (subject, action)
        return path, fields

    def again(self, path: str, fields: dict[str, str]) -> requests.Response:
        return persist(lambda: self.browser.session.post(self.browser.url + path, data=fields, timeout=60))

    @staticmethod
    def told(page: requests.Response) -> str:
        return f"{page.status_code} {outcome_of(page)}".strip()


def persist(ask) -> requests.Response:
    """What it answers in the end; what is killed on the way is asked again."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            return ask()
        except requests.RequestException:
            time.sleep(0.05)
    raise AssertionError("no answer in a minute")


class Killer:
    """Kills processes of a console, and starts it again where nobody else does."""

    def __init__(self, console, provider) -> None:
        self.console, self.provider, self.chance = console, provider, random.Random(7)
        self.port = int(console.url.rsplit(":", 1)[1])
        self.workers = self.groups = 0

    def kill(self, writers) -> None:
        """At a moment when somebody has just sent a form."""
        while not any(writer.is_sending for writer in writers):
            time.sleep(0.01)
        time.sleep(self.chance.uniform(0, PAUSE))
        if (self.workers + self.groups) % WHOLE_GROUP == WHOLE_GROUP - 1:
            self.kill_all()
        else:
            self.kill_a_worker()

    def kill_a_worker(self) -> None:
        """The master puts another one in its place."""
        master = self.console.server.process.pid
        while not (living := workers_of(master)):
            time.sleep(0.01)
        os.kill(self.chance.choice(living), signal.SIGKILL)
        self.workers += 1

    def kill_all(self) -> None:
        os.killpg(self.console.server.process.pid, signal.SIGKILL)
        self.console.server.process.wait()
        with self.console.log_path.open("ab") as lines:
            again = processes.start_console(
                self.console.server.env, self.provider, port=self.port, workers=WORKERS, log=lines
            )
        self.console.server.process = again.process  # the fixture stops what runs in the end
        self.groups += 1


def workers_of(master: int) -> list[int]:
    """The processes that the master forked and that live."""
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    return [int(child) for child in children if is_alive(int(child))]


def is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_killed_processes_lose_nothing(database, start_console, provider, directory, sign_in):
    console = start_console(database, workers=WORKERS, GUNICORN_CMD_ARGS="--config tests/faults/warm.py")
    for write in ("assign", "change_status", "delete"):
        directory.fault("stale", on=write, times=-1, seconds=LATENCY)
    began, stop, killer = time.monotonic(), threading.Event(), Killer(console, provider)
    writers = [Writer(console, directory, sign_in, stop, number) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    for _ in range(KILLS):
        killer.kill(writers)
    stop.set()
    for writer in writers:
        writer.join(120)
        assert not writer.is_alive()
    took = time.monotonic() - began
    time.sleep(2 * TIMEOUT + 0.5)
    seen = sum((writer.seen for writer in writers), Counter())
    print(f"\n{database}: {killer.workers} workers and {killer.groups} whole groups killed in {took:.0f} s")
    print(f"answers: {dict(seen.most_common())}")
    assert seen["lost"] > 0
    check(console, directory, sign_in, {key: one for writer in writers for key, one in writer.sent.items()})


def check(console, directory, sign_in, sent):
    browser = sign_in(console, "ada")
    browser.get("/orgs/acme/changes/?outcome=pending")
    assert browser.soup.find("table")["data-total"] == "0", "nothing is pending past two timeouts"
    browser.get("/orgs/acme/changes/?outcome=unknown")
    left = browser.soup.find("table")["data-total"]
    assert browser.get("/orgs/acme/accounts/").status_code == 200  # an admin's visit settles what a read can settle
    browser.get("/orgs/acme/changes/?outcome=unknown")
    assert browser.soup.find("table")["data-total"] == "0", "and all of it can be settled"
    changes = events_by_change(browser)
    written = [one for one in directory.journal() if one["operation"] in ("assign", "change_status", "delete")]
    agree_one_for_one(changes, written, sent)
    states_follow(changes, directory.server.control("accounts", org="acme"))
    verified = console.manage("verify_changes")
    assert verified.returncode == 0, verified.stderr
    kinds = Counter(" ".join(event["event"] for event in events) for events in changes.values())
    print(f"{len(sent)} forms, {len(changes)} changes, {len(written)} calls, {left} unknown until the visit")
    print(f"events: {dict(kinds.most_common())}\n{verified.stdout.strip()}")


def events_by_change(browser: Browser) -> dict[str, list[dict]]:
    changes = defaultdict(list)
    for line in browser.get("/orgs/acme/changes/export.jsonl").text.splitlines():
        event = json.loads(line)
        changes[event["change_id"]].append(event)
    return changes


def agree_one_for_one(changes, written, sent):
    """Each call has its own record, made before it; each outcome says what became of its own call."""
    calls = {name_of(one, one["operation"]): one for one in written}
    assert len(calls) == len(written), "nothing was sent twice"
    requests_made = {}
    for change_id, events in changes.items():
        assert [event["event"] for event in events].count("requested") == 1, events
        assert events[0]["event"] == "requested"
        assert sent[change_id] == (events[0]["subject_id"], events[0]["action"])
        requests_made[name_of(events[0], events[0]["action"])] = events
    assert len(requests_made) == len(changes)
    assert calls.keys() <= requests_made.keys(), "nothing was sent unrecorded"
    for name, events in requests_made.items():
        call = calls.get(name)
        assert call is None or datetime.fromisoformat(events[0]["at"]) < datetime.fromisoformat(call["at"])
        applied = bool(call and call["applied"])
        assert events[-1]["outcome"] == ("applied" if applied else "not_applied"), (events, call)


def name_of(one, action):
    return one["request_id"], one["subject_id"], one["code"], action


def states_follow(changes, accounts):
    """No second account; and each account is in the state to which its applied changes lead."""
    held = Counter((one["subject_id"], one["account_code"]) for one in accounts)
    assert {pair for pair, count in held.items() if count > 1} == set()
    expected = {}
    for events in sorted(changes.values(), key=lambda one: one[0]["sequence"]):
        if events[-1]["outcome"] == "applied":
            expected[events[0]["subject_id"]] = RESULTS[events[0]["action"]]
    found = {one["subject_id"]: one["status"] for one in accounts if one["account_code"] == CODE}
    touched = {events[0]["subject_id"] for events in changes.values()}
    assert {subject: status for subject, status in found.items() if subject in touched} == expected
