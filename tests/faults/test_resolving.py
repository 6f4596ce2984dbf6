"""``unknown`` is resolved by any admin's next visit, by "Check now" or by a decision, and the event says by what."""

import hashlib
import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import rfc8785

from tests.faults.lost import CODE, PATIENCE, lose
from tests.servers import TIMEOUT, outcome_of, text_of

KINDS = ["requested", "unknown", "resolved"]


@pytest.fixture
def browser(console, sign_in):
    return sign_in(console, "ada")


def lists_read(directory) -> int:
    return len([one for one in directory.journal() if one["operation"] == "list"])


@pytest.mark.parametrize("action", ["assign", "change_status", "delete"])
def test_an_unknown_outcome_blocks_until_it_is_checked(sqlite_console, sign_in, directory, action):
    browser = sign_in(sqlite_console, "ada")
    lost = lose(browser, directory, action, fault="hang-before")
    rest = {
        "assign": "assign",
        "change_status": f"{lost.subject}/{CODE}/status",
        "delete": f"{lost.subject}/{CODE}/delete",
    }
    path = f"/orgs/acme/accounts/{rest[action]}/"
    more = {"assign": {"subject_id": lost.subject, "code": CODE}, "change_status": {"status": "expired"}}.get(
        action, {}
    )
    again = browser.post(path, {**browser.form(path), **more, "operation_id": str(uuid.uuid4())})
    assert again.status_code == 409
    assert lost.change in again.text
    assert len(directory.writes(lost.subject)) == 1
    assert "without a known outcome" in browser.get("/orgs/acme/types/").text
    form = browser.form(lost.page, "/check/")
    page = browser.post(f"{lost.page}check/", form)
    assert page.status_code == 409, "too early: the directory may still be acting"
    lost.wait()
    page = browser.post(f"{lost.page}check/", form)
    assert page.status_code == 200, text_of(page)
    events = lost.events()
    assert [event["event"] for event in events] == KINDS
    assert events[-1]["outcome"] == "not_applied"
    assert events[-1]["evidence"]["how"] == "check"
    assert events[-1]["actor"]["name"] == "Ada Admin"
    assert "read for “Check now”" in text_of(browser.get(lost.page))


def test_what_decided_stands_in_the_event_and_on_the_page(browser, directory):
    lost = lose(browser, directory, "change_status")
    lost.wait()
    browser.get("/orgs/acme/accounts/")
    unknown, resolved = lost.events()[1:]
    assert unknown["evidence"]["how"] == "re-read"
    assert resolved["event"] == "resolved"
    found = resolved["evidence"]
    issuer = resolved["actor"]["issuer"]
    assert found["by"] == {"issuer": issuer, "subject": "person-ada", "name": "Ada Admin"}
    assert (found["how"], found["seen"], found["accounts"], found["lists_types"]) == ("admin-read", "active", 1, True)
    assert (
        found["rows"]
        == len(directory.server.control("people", org="acme"))
        + len(directory.server.control("accounts", org="acme"))
        + 9
    ), "eight types and a row of no known kind"
    row = next(one for one in directory.accounts(lost.subject) if one["account_code"] == CODE)
    rows = [{name: value for name, value in row.items() if value}]
    assert found["digest"] == hashlib.sha256(rfc8785.dumps(rows)).hexdigest()
    assert (
        resolved["requested_at"]
        if "requested_at" in resolved
        else found["asked_at"] <= found["read_at"] <= resolved["at"]
    )
    assert "birthdate" not in json.dumps(found)
    assert "gender" not in json.dumps(found)
    page = text_of(browser.get(lost.page))
    for words in (
        "read when an admin opened a page",
        "Ada Admin (person-ada at ",
        "Status in the list active",
        found["digest"],
    ):
        assert words in page.replace(" : ", " ").replace(": ", " "), words


@pytest.mark.parametrize("path", ["types/", "changes/", "the change", "a form"])
def test_any_page_that_an_admin_visits_resolves(sqlite_console, directory, sign_in, path):
    ada = sign_in(sqlite_console, "ada")
    lost = lose(ada, directory, "change_status").wait()
    path = {
        "the change": lost.page,
        "a form": f"/orgs/acme/accounts/{lost.subject}/{CODE}/delete/",
    }.get(path, f"/orgs/acme/{path}")
    before = lists_read(directory)
    page = ada.get(path)
    assert page.status_code == 200
    assert lists_read(directory) == before + 1, "the page and the resolving share one read"
    assert lost.change not in page.text.split("<main")[0], "the banner knows already"
    if "changes/" in path:
        assert f'data-change-id="{lost.change}"' in page.text
        assert outcome_of(page) == "not_applied", "the page shows what its visit found"
    assert [event["event"] for event in lost.events()] == KINDS


def test_a_visit_reads_at_most_once_in_a_while_and_polls_and_auditors_resolve_nothing(console, directory, sign_in):
    ada, otto = sign_in(console, "ada"), sign_in(console, "otto")
    lost = lose(ada, directory, "change_status").wait()
    before = lists_read(directory)
    otto.get("/orgs/acme/types/")
    otto.get(lost.page)
    ada.get("/orgs/acme/types/", X_Console_Poll="1")
    assert lists_read(directory) == before
    otto.get("/orgs/acme/accounts/")
    ada.get("/orgs/acme/accounts/", X_Console_Poll="1")
    assert [event["event"] for event in lost.events(otto)] == KINDS[:2], "only an admin's own visit resolves"
    directory.fault("status-503", on="list", times=3)
    asked = lists_read(directory)
    page = ada.get("/orgs/acme/types/")
    assert page.status_code == 200, "the directory is down, the page is not"
    assert "without a known outcome" in page.text
    assert lists_read(directory) == asked + 3, "a read is tried three times within its limit"
    for path in ("types/", "changes/"):
        assert ada.get(f"/orgs/acme/{path}").status_code == 200
    assert lists_read(directory) == asked + 3
    time.sleep(PATIENCE + 0.3)
    ada.get("/orgs/acme/changes/")
    assert lists_read(directory) == asked + 4
    assert [event["event"] for event in lost.events(otto)] == KINDS


def test_two_admins_at_once_resolve_once(console, directory, sign_in):
    both = sign_in(console, "ada"), sign_in(console, "ada")
    lost = lose(both[0], directory, "delete").wait()
    with ThreadPoolExecutor(4) as pool:
        pages = list(pool.map(lambda one: one.session.get(console.url + "/orgs/acme/accounts/", timeout=60), both * 2))
    assert {page.status_code for page in pages} == {200}
    assert [event["event"] for event in lost.events()] == KINDS
    assert console.manage("verify_changes").returncode == 0


def test_a_list_that_is_older_than_the_change_resolves_nothing(sqlite_console, directory, sign_in):
    """It shows what the change asks for, from before somebody else undid that."""
    ada, late = sign_in(sqlite_console, "ada"), sign_in(sqlite_console, "ada")
    subject = directory.person(CODE)
    path = f"/orgs/acme/accounts/{subject}/{CODE}/status/"
    fields = {**ada.form(path), "status": "expired"}
    directory.set_status(subject, CODE, "expired")
    directory.fault("stale", on="list", seconds=TIMEOUT - 0.3)
    with ThreadPoolExecutor(1) as pool:
        visit = pool.submit(late.get, "/orgs/acme/accounts/")
        while not any(one["operation"] == "list" and one["status"] is None for one in directory.journal()):
            time.sleep(0.02)
        time.sleep(0.1)  # by now it holds the rows
        directory.set_status(subject, CODE, "active")
        directory.fault("status-504", on="change_status")
        assert outcome_of(ada.post(path, fields)) == "unknown"
        assert visit.result().status_code == 200
    lines = ada.get(f"/orgs/acme/changes/export.jsonl?subject_id={subject}").text.splitlines()
    assert [json.loads(line)["event"] for line in lines] == KINDS[:2]


def test_what_no_read_can_resolve_is_read_once_in_a_while(sqlite_console, directory, sign_in):
    directory.reset("reference")
    ada = sign_in(sqlite_console, "ada")
    lost = lose(ada, directory, "assign").wait()
    before = lists_read(directory)
    for path in ("types/", "changes/", "types/"):
        assert "without a known outcome" in ada.get(f"/orgs/acme/{path}").text
    assert lists_read(directory) == before + 1
    assert [event["event"] for event in lost.events()] == KINDS[:2]


def test_an_effect_that_comes_late_is_found_by_a_visit(browser, directory):
    lost = lose(browser, directory, "change_status", fault="late", seconds=3)
    while directory.accounts(lost.subject)[-1]["status"] != "expired":
        time.sleep(0.1)
    browser.get("/orgs/acme/accounts/")
    events = lost.events()
    assert [event["event"] for event in events] == KINDS
    assert events[-1]["outcome"] == "applied"


def test_a_decision_needs_a_message_and_says_whose_it_is(browser, directory):
    directory.reset("reference")
    lost = lose(browser, directory, "assign", fault="status-504-after")
    assert "not stated" in text_of(browser.get(lost.page)), "a bare user reference tells nothing"
    fields = browser.form(lost.page, "/decide/")
    decide = f"{lost.page}decide/"
    assert browser.post(decide, {**fields, "decision": "applied", "message": ""}).status_code == 400
    page = browser.post(decide, {**fields, "decision": "applied", "message": "The person showed it"})
    assert outcome_of(page) == "applied"
    assert "The person showed it" in page.text
    assert "an admin’s decision" in text_of(page)
    found = lost.events()[-1]["evidence"]
    assert found["how"] == "decision"
    assert found["by"]["subject"] == "person-ada"
    assert found["decided_at"]
    assert "recorded by this console on" in browser.get(f"/orgs/acme/users/{lost.subject}/").text


def test_a_re_read_that_fails_says_so(browser, directory):
    directory.person()
    subject = directory.person(CODE)
    path = f"/orgs/acme/accounts/{subject}/{CODE}/status/"
    fields = browser.form(path)
    directory.fault("status-502", on="change_status")
    # The operation reads once before its call; the re-read after it fails for good.
    directory.fault("stale", on="list", seconds=0)
    directory.fault("status-503", on="list", times=3)
    page = browser.post(path, {**fields, "status": "pending"})
    assert outcome_of(page) == "unknown", text_of(page)
    lines = browser.get(f"/orgs/acme/changes/export.jsonl?subject_id={subject}").text.splitlines()
    found = json.loads(lines[1])["evidence"]
    assert (found["how"], found["read_at"]) == ("re-read", None)
    assert found["tried_at"]
    assert found["failed"]
