"""Two at once: double clicks, two tabs, two admins, two replicas, sixteen writers of one log."""

import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from tests import markup
from tests.appending import Appenders
from tests.servers import Browser, Console, outcome_of, text_of

ACTIONS = ("assign", "change_status", "delete")
CODE = "worker"
WRITERS, EACH = 16, 10


@dataclass
class Form:
    """A form that somebody has filled in."""

    browser: Browser
    path: str
    fields: dict[str, str]

    def send(self, *, to: Console | None = None):
        url = (to or self.browser).url + self.path
        return self.browser.session.post(url, data=self.fields, timeout=60)


@pytest.fixture
def person(directory):
    """Somebody to whom an action can be done. Another account of theirs lets the list tell which ones they hold."""

    def make(action: str) -> str:
        subject = directory.person("visitor", org="globex")
        if action != "assign":
            directory.server.control("add", org="globex", subject_id=subject, code=CODE)
        return subject

    return make


def draw(browser: Browser, subject: str, action: str) -> Form:
    path = {
        "assign": "/orgs/globex/accounts/assign/",
        "change_status": f"/orgs/globex/accounts/{subject}/{CODE}/status/",
        "delete": f"/orgs/globex/accounts/{subject}/{CODE}/delete/",
    }[action]
    more = {"assign": {"subject_id": subject, "code": CODE}, "change_status": {"status": "expired"}}.get(action, {})
    return Form(browser, path, {**browser.form(path), **more})


def at_once(*sends):
    with ThreadPoolExecutor(len(sends)) as pool:
        return [one.result() for one in [pool.submit(send) for send in sends]]


def writes(directory, subject) -> int:
    return len([one for one in directory.writes(subject) if one["code"] == CODE])


def one_went_on(pages, forms):
    """One page shows the change; the others say 409 and lead to it, and not to a repetition. The winner's form."""
    assert sorted(page.status_code for page in pages) == [200] + [409] * (len(pages) - 1)
    winner = next(form for form, page in zip(forms, pages, strict=True) if page.status_code == 200)
    change = winner.fields["operation_id"]
    for form, page in zip(forms, pages, strict=True):
        if form is not winner:
            assert leads_to(form.browser, page, change), text_of(page)
    return winner


def leads_to(browser: Browser, page, change: str) -> bool:
    """Whether a link of the page is that of the change, or of the person whose page shows it."""
    main = markup.parse(page.text).select_one("#main")
    links = [a["href"] for a in main.select("a")]
    direct = [link for link in links if f"/changes/{change}/" in link]
    if direct:
        return browser.get(direct[0]).status_code == 200 and outcome_of(browser.last) == "applied"
    return any(change in browser.get(link).text for link in links if "/users/" in link)


@pytest.mark.parametrize("action", ACTIONS)
def test_a_double_click(console, directory, sign_in, person, action):
    subject = person(action)
    form = draw(sign_in(console, "ada"), subject, action)
    directory.fault("stale", on=action, seconds=0.3)
    pages = at_once(*[form.send] * 4)
    assert {page.status_code for page in pages} == {200}
    assert {outcome_of(page) for page in pages} == {"applied"}
    assert len({page.url for page in pages}) == 1
    assert writes(directory, subject) == 1


@pytest.mark.parametrize("slow", [0, 0.5])
@pytest.mark.parametrize("action", ACTIONS)
def test_two_tabs_of_one_admin(console, directory, sign_in, person, action, slow):
    subject = person(action)
    browser = sign_in(console, "ada")
    forms = [draw(browser, subject, action), draw(browser, subject, action)]
    directory.fault("stale", on=action, seconds=slow)
    one_went_on(at_once(*[form.send for form in forms]), forms)
    assert writes(directory, subject) == 1


@pytest.mark.parametrize("slow", [0, 0.5])
@pytest.mark.parametrize("action", ACTIONS)
def test_two_admins_on_one_account(console, directory, sign_in, person, action, slow):
    subject = person(action)
    forms = [draw(sign_in(console, name), subject, action) for name in ("ada", "gil")]
    directory.fault("stale", on=action, seconds=slow)
    one_went_on(at_once(*[form.send for form in forms]), forms)
    assert writes(directory, subject) == 1


def test_two_admins_who_want_different_things(console, directory, sign_in, person):
    subject = person("delete")
    forms = [draw(sign_in(console, "ada"), subject, "delete"), draw(sign_in(console, "gil"), subject, "change_status")]
    winner = one_went_on(at_once(*[form.send for form in forms]), forms)
    assert [one["operation"] for one in directory.writes(subject)] == [
        "delete" if winner is forms[0] else "change_status"
    ]


@pytest.mark.parametrize("action", ACTIONS)
def test_an_admin_who_comes_after_another_is_led_to_the_change(sqlite_console, directory, sign_in, person, action):
    subject = person(action)
    forms = [draw(sign_in(sqlite_console, name), subject, action) for name in ("ada", "gil")]
    pages = [form.send() for form in forms]
    assert one_went_on(pages, forms) is forms[0]
    assert writes(directory, subject) == 1


def test_another_ones_form_is_not_mine(sqlite_console, directory, sign_in, person):
    subject = person("delete")
    ada, gil = (draw(sign_in(sqlite_console, name), subject, "delete") for name in ("ada", "gil"))
    assert ada.send().status_code == 200
    gil.fields["operation_id"] = ada.fields["operation_id"]
    page = gil.send()
    assert page.status_code == 409
    assert "sent before" in text_of(page)
    assert writes(directory, subject) == 1


def test_a_state_that_was_read_before_another_ones_change_is_no_ground(console, directory, sign_in, person):
    """The second admin's list is on its way, and old, while the first one's assignment is made and recorded."""
    subject = person("assign")
    forms = [draw(sign_in(console, name), subject, "assign") for name in ("ada", "gil")]
    directory.fault("stale", on="list", seconds=1)
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(forms[1].send)
        while not any(entry["operation"] == "list" and entry["status"] is None for entry in directory.journal()):
            time.sleep(0.02)
        first = forms[0].send()
        pages = [first, late.result()]
    assert one_went_on(pages, forms) is forms[0]
    assert "was just made" in text_of(pages[1])
    assert writes(directory, subject) == 1


@pytest.fixture(scope="module")
def replicas(consoles, start_console):
    """Two consoles on one database and one cache."""
    first = consoles("postgresql")
    return first, start_console("postgresql", DATABASE_URL=first.server.env["DATABASE_URL"])


@pytest.mark.parametrize("action", ACTIONS)
def test_the_same_form_at_two_replicas(replicas, directory, sign_in, person, action):
    subject = person(action)
    form = draw(sign_in(replicas[0], "ada"), subject, action)
    directory.fault("stale", on=action, seconds=0.3)
    pages = at_once(*[lambda to=to: form.send(to=to) for to in replicas * 2])
    assert {page.status_code for page in pages} == {200}
    assert {outcome_of(page) for page in pages} == {"applied"}
    assert len({urlsplit(page.url)[2:] for page in pages}) == 1
    assert writes(directory, subject) == 1


@pytest.mark.parametrize("slow", [0, 0.5])
@pytest.mark.parametrize("action", ACTIONS)
def test_two_admins_at_two_replicas(replicas, directory, sign_in, person, action, slow):
    subject = person(action)
    forms = [
        draw(sign_in(console, name), subject, action) for console, name in zip(replicas, ("ada", "gil"), strict=True)
    ]
    directory.fault("stale", on=action, seconds=slow)
    one_went_on(at_once(*[form.send for form in forms]), forms)
    assert writes(directory, subject) == 1


def test_sixteen_processes_append_to_one_chain(start_console, sign_in, directory):
    console = start_console("postgresql")
    appenders = Appenders(console, WRITERS)
    _, wrote = appenders.do("append", EACH)
    appenders.stop()
    assert len(set(wrote)) == WRITERS * EACH
    lines = sign_in(console, "ada").get("/orgs/acme/changes/export.jsonl").text.splitlines()
    events = [json.loads(line) for line in lines]
    assert [event["sequence"] for event in events] == list(range(1, 2 * WRITERS * EACH + 1)), "no gap, nothing twice"
    assert len({event["previous_hash"] for event in events}) == len(events), "no fork"
    for kind in ("requested", "applied"):
        assert sorted(event["change_id"] for event in events if event["event"] == kind) == sorted(wrote)
    verified = console.manage("verify_changes")
    assert verified.returncode == 0, verified.stderr
    assert f"Verified {len(events)} events" in verified.stdout


def test_a_new_form_has_a_new_name(sqlite_console, sign_in, person):
    browser, subject = sign_in(sqlite_console, "ada"), person("delete")
    names = [uuid.UUID(draw(browser, subject, "delete").fields["operation_id"]) for _ in range(2)]
    assert names[0] != names[1]
