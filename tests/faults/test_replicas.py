"""Three replicas behind HAProxy, and a fourth: machines die, come and go, Redis and the database break, and nothing is
lost, doubled or signed out.
"""

import re
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.fleet import fleet, wait_until
from tests.faults.writers import CODE, Writer, answered, check, persist
from tests.servers import TIMEOUT, Browser, form_of, outcome_of

pytestmark = pytest.mark.long  # together, so that one worker builds the replicas for both
WRITERS = 4
ROWS = 30  # of the bulk plan
MORE = 6  # operations that are answered between two events
LATENCY = 0.05  # seconds that the directory takes to tell of a write that it has made
ACCOUNTS, BULK = "/orgs/acme/accounts/", "/orgs/acme/accounts/bulk/"


@pytest.fixture(scope="module")
def replicas(tmp_path_factory, migrated, provider, directory_server, state):
    with fleet(tmp_path_factory.mktemp("fleet"), 4, migrated, provider, directory_server, state=state) as found:
        for one in found.replicas[:3]:
            one.start()
        found.wait_for(*found.replicas[:3])
        yield found


class Bulk(threading.Thread):
    """An admin who confirms a plan and has it run chunk by chunk, whatever breaks, until it is done."""

    def __init__(self, browser: Browser, people: list[str]) -> None:
        super().__init__(daemon=True)
        self.browser, self.people = browser, people
        lines = "subject_id,code\n" + "".join(f"{one},{CODE}\n" for one in people)
        page = browser.post(BULK, {**browser.form(BULK), "action": "assign", "status": "", "list": lines})
        self.path = page.url.removeprefix(browser.url).split("?")[0]
        self.press("confirm", count=str(len(people)))

    def run(self) -> None:
        while self.state() != "done":
            self.press("run")

    def press(self, what: str, **fields: str) -> None:
        try:
            fields = {**form_of(self.page(), "bulk/"), **fields}
            answered(self.browser.session.post(f"{self.browser.url}{self.path}{what}/", data=fields, timeout=60))
        except (OSError, AssertionError):
            time.sleep(0.2)  # the next look says what became of it

    def page(self):
        return persist(lambda: self.browser.session.get(self.browser.url + self.path, timeout=60))

    def state(self) -> str:
        found = re.search(r'id="progress"[^>]* data-state="(\w+)"', self.page().text)
        return found.group(1) if found else ""

    def sent(self) -> dict[str, tuple[str, str]]:
        """The operation of each row, as its page says: its id, subject and action."""
        self.browser.get(self.path)
        rows = self.browser.soup.select("tr[data-line]")
        found = [re.search(r"/changes/([0-9a-f-]{36})/", str(row)) for row in rows]
        return {one.group(1): (self.people[number], "assign") for number, one in enumerate(found) if one}


class Reader(threading.Thread):
    """An auditor who reads list and log all the time; what each answer was."""

    def __init__(self, browser: Browser, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.browser, self.stop, self.seen = browser, stop, Counter()

    def run(self) -> None:
        while not self.stop.is_set():
            for path in (ACCOUNTS, "/orgs/acme/changes/"):
                page = persist(lambda path=path: self.browser.session.get(self.browser.url + path, timeout=60))
                self.seen[page.status_code] += 1


class Traffic:
    """Everybody at work at once, and whether anybody was asked to sign in again."""

    def __init__(self, console, directory, sign_in) -> None:
        self.ended = threading.Event()
        self.writers = [Writer(console, directory, sign_in, self.ended, number) for number in range(WRITERS)]
        self.bulk = Bulk(sign_in(console, "ada"), [directory.person("visitor") for _ in range(ROWS)])
        self.reader = Reader(sign_in(console, "otto"), self.ended)
        self.signed_out: list[str] = []
        for browser in (*(one.browser for one in self.writers), self.bulk.browser, self.reader.browser):
            browser.session.hooks["response"].append(self._note)
        for one in self.threads:
            one.start()

    @property
    def threads(self) -> list[threading.Thread]:
        return [*self.writers, self.bulk, self.reader]

    @property
    def applied(self) -> int:
        return sum(one.seen["200 applied"] for one in self.writers)

    def go_on(self) -> None:
        """Until some more operations were applied."""
        goal = self.applied + MORE
        wait_until(lambda: self.applied >= goal, "operations go on")

    def end(self) -> None:
        self.bulk.join(60)
        self.ended.set()
        for one in self.threads:
            one.join(60)
            assert not one.is_alive()

    def sent(self) -> dict[str, tuple[str, str]]:
        return {**self.bulk.sent(), **{key: one for writer in self.writers for key, one in writer.sent.items()}}

    def _note(self, response, **_) -> None:
        if "/signin/" in response.url or "/signin/" in response.headers.get("Location", ""):
            self.signed_out.append(response.url)


def assignment(browser: Browser, subject: str) -> tuple[str, dict[str, str]]:
    path = f"{ACCOUNTS}assign/"
    return path, {**browser.form(path), "subject_id": subject, "code": CODE}


def test_nothing_is_lost_doubled_or_signed_out(replicas, directory, sign_in):
    one, two, three, four = replicas.replicas
    console = replicas.console
    killed, first = in_flight(replicas, directory, sign_in)
    killed.start()
    for write in ("assign", "change_status", "delete"):
        directory.fault("stale", on=write, times=-1, seconds=LATENCY)

    traffic = Traffic(console, directory, sign_in)
    traffic.go_on()
    four.start()  # one is added
    replicas.wait_for(killed, four)
    wait_until(lambda: replicas.has_a_request(one), "the replica is at work")
    one.kill()
    traffic.go_on()
    assert replicas.cut_database() > 0
    traffic.go_on()
    replicas.redis.kill()
    wait_until(lambda: not any(map(replicas.is_ready, replicas.replicas)), "no replica is ready")
    traffic.go_on()  # all of them are alive
    assert sign_in(console, "ada").get(ACCOUNTS).status_code == 200
    replicas.redis.start()
    replicas.wait_for(four)
    traffic.go_on()
    assert two.stop() == 0
    traffic.go_on()
    traffic.end()

    time.sleep(2 * TIMEOUT + 0.5)
    seen = sum((writer.seen for writer in traffic.writers), Counter())
    print(f"\nanswers: {dict(seen.most_common())}; the auditor's: {dict(traffic.reader.seen)}")
    assert traffic.signed_out == []
    check(console, directory, sign_in, {**first, **traffic.sent()})
    for subject in (*traffic.bulk.people, *(subject for subject, _ in first.values())):
        assert len(directory.writes(subject)) == 1
    for replica in (three, four):
        assert f"POST {ACCOUNTS}" in replica.log(), "each did its part"


def in_flight(replicas, directory, sign_in):
    """A replica is killed while it waits for the directory: the proxy sends the form to no other one.

    That replica, and the operation's id with its subject and action.
    """
    browser = sign_in(replicas.console, "ada")
    subject = directory.person("visitor")
    path, fields = assignment(browser, subject)
    directory.fault("stale", on="assign", seconds=1.5)
    browser.session.close()  # a new connection, like a stream of HTTP/2: a used one would only be closed
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(lambda: browser.session.post(browser.url + path, data=fields, timeout=60))
        wait_until(lambda: directory.writes(subject), "the directory has been called")
        victim = replicas.who_is_at_it()
        victim.kill()
        assert sent.result().status_code == 502
    again = persist(lambda: browser.session.post(browser.url + path, data=fields, timeout=60))
    assert outcome_of(again) in ("pending", "unknown")
    others = [one.log() for one in replicas.replicas if one.process and one is not victim]
    assert sum(log.count(f"POST {path}") for log in others) == 1, "this one, and nobody else's"
    return victim, {fields["operation_id"]: (subject, "assign")}


def test_a_write_through_one_replica_is_seen_at_once_through_the_others(replicas, directory, sign_in):
    browser = sign_in(replicas.console, "ada")
    subject = directory.person("visitor")
    for one in replicas.living:
        assert shown(replicas, one, browser, subject) == {"visitor": "active"}, "each has the list by now"
    path, fields = assignment(browser, subject)
    assert outcome_of(browser.post(path, fields)) == "applied"
    for one in replicas.living:
        assert shown(replicas, one, browser, subject) == {"visitor": "active", CODE: "active"}


def shown(replicas, replica, browser, subject):
    page = replicas.look(replica, browser, f"{ACCOUNTS}?q={subject}")
    assert page.status_code == 200
    rows = re.findall(r"<tr[^>]*data-subject-id=[^>]*>", page.text)
    told = [dict(re.findall(r'data-([\w-]+)="([^"]*)"', row)) for row in rows]
    return {row["code"]: row["status"] for row in told if "code" in row}
