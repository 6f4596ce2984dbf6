"""Admins who write all the time, whatever breaks; and the books: what was sent, recorded and made, one for one."""

import json
import random
import threading
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import requests

from tests.servers import Browser, form_of, outcome_of

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
                answer = answered(self.browser.session.post(self.browser.url + path, data=fields, timeout=60))
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


def answered(response: requests.Response) -> requests.Response:
    """The console's answer. Where it is a proxy's own, which has no policy, the console's was lost."""
    if response.status_code >= 500 and "Content-Security-Policy" not in response.headers:
        raise requests.ConnectionError(f"{response.status_code} from the proxy")
    return response


def persist(ask) -> requests.Response:
    """What it answers in the end; what is killed on the way is asked again."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            return answered(ask())
        except requests.RequestException:
            time.sleep(0.05)
    raise AssertionError("no answer in a minute")


def check(console, directory, sign_in, sent):
    browser = sign_in(console, "ada")
    browser.get("/orgs/acme/changes/?outcome=pending")
    assert browser.soup.select_one("table")["data-total"] == "0", "nothing is pending past two timeouts"
    browser.get("/orgs/acme/changes/?outcome=unknown")
    left = browser.soup.select_one("table")["data-total"]
    assert browser.get("/orgs/acme/accounts/").status_code == 200  # an admin's visit resolves what a read can resolve
    browser.get("/orgs/acme/changes/?outcome=unknown")
    assert browser.soup.select_one("table")["data-total"] == "0", "and all of it can be resolved"
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
