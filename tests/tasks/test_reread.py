"""Unknown outcomes are resolved by a worker's read, without anybody opening a page."""

import datetime
import json
import os
import signal
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests import markup
from tests.conftest import DATABASES
from tests.faults.fleet import wait_until
from tests.faults.lost import PATIENCE, Lost, lose
from tests.pages.test_bulk import listing, of, plan, press, results
from tests.servers import outcome_of, text_of

KINDS = ["requested", "unknown", "resolved"]
POLL = {"X_Console_Poll": "1"}


@pytest.fixture(params=DATABASES)
def console(request, start_console, start_worker, directory):
    """A console with a worker."""
    console = start_console(request.param)
    start_worker(console)
    return console


def lists_read(directory):
    return sum(entry["operation"] == "list" for entry in directory.journal())


def await_resolved(lost, auditor):
    """Return the events of a change once it is resolved. An auditor's reads resolve nothing."""
    wait_until(lambda: len(lost.events(auditor)) == 3, "the outcome is resolved")
    events = lost.events(auditor)
    assert [event["event"] for event in events] == KINDS
    return events


def test_a_change_that_is_applied_later_is_found(console, sign_in, directory):
    ada, auditor = sign_in(console, "ada"), sign_in(console, "otto")
    lost = lose(ada, directory, "change_status", fault="reset-before", applied_after=1)
    resolved = await_resolved(lost, auditor)[-1]
    assert resolved["outcome"] == "applied"
    assert resolved["evidence"]["how"] == "automatic"
    assert resolved["evidence"]["by"]["subject"] == "person-ada"
    assert resolved["actor"]["name"] == "Ada Admin"
    assert resolved["ip"] == ""
    assert "read automatically" in text_of(auditor.get(lost.page))
    assert console.manage("verify_changes").returncode == 0


def test_a_change_that_was_not_applied_is_known_after_two_timeouts(console, sign_in, directory):
    ada, auditor = sign_in(console, "ada"), sign_in(console, "otto")
    lost = lose(ada, directory, "assign", fault="reset-before")
    events = await_resolved(lost, auditor)
    assert events[-1]["outcome"] == "not_applied"
    waited = _time(events[-1]["evidence"]["asked_at"]) - _time(events[0]["at"])
    assert waited.total_seconds() >= PATIENCE


def test_two_unknown_outcomes_share_one_read(console, sign_in, directory):
    ada, auditor = sign_in(console, "ada"), sign_in(console, "otto")
    both = [lose(ada, directory, "assign", fault="reset-before") for _ in range(2)]
    before = lists_read(directory)
    for lost in both:
        assert await_resolved(lost, auditor)[-1]["outcome"] == "not_applied"
    assert lists_read(directory) == before + 1


def test_nothing_is_read_after_the_session_ended(console, sign_in, directory):
    ada, auditor = sign_in(console, "ada"), sign_in(console, "otto")
    lost = lose(ada, directory, "assign", fault="reset-before")
    before = lists_read(directory)
    ada.post("/signout/", ada.form("/", "signout"), follow=False)
    wait_until(lambda: work_is_done(console), "the worker has looked at it")
    assert lists_read(directory) == before
    assert [event["event"] for event in lost.events(auditor)] == KINDS[:2]
    assert "without a known outcome" in text_of(auditor.get("/orgs/acme/types/"))


def work_is_done(console):
    code = (
        "from accounts_ui.tasks.models import WorkItem; "
        "print(WorkItem.objects.filter(kind='reread', due_at=None, lease_token=None).exclude(finished_at=None).count())"
    )
    return console.manage("shell", "--no-imports", "-v", "0", "-c", code).stdout.strip() == "1"


def test_the_result_says_until_when_and_updates_itself(console, sign_in, directory):
    ada, auditor = sign_in(console, "ada"), sign_in(console, "otto")
    lost = lose(ada, directory, "assign", fault="reset-before")
    page = ada.last
    check = markup.parse(page.text).select_one("[data-check=checking]")
    assert check.select_one("strong").get_text() == f"Checking until {check.select_one('time').get_text()}."
    requested = _time(lost.events(auditor)[0]["at"])
    assert abs((_time(check.select_one("time")["datetime"]) - requested).total_seconds() - PATIENCE) < 1.1
    address = check["hx-get"]
    assert json.loads(check["hx-headers"]) == {"X-Console-Poll": "1"}
    assert ada.get(address, htmx=True, **POLL).status_code == 204, "nothing new: the fragment stays"
    assert "Reload" in check.get_text()
    assert outcome_of(auditor.get(check.select_one("a")["href"])) == "unknown", "the same without JavaScript"
    wait_until(lambda: ada.get(address, htmx=True, **POLL).status_code == 200, "the fragment is replaced")
    fragment = ada.last
    assert outcome_of(fragment) == "not_applied"
    assert "hx-trigger" not in fragment.text, "it does not poll any more"
    assert "<html" not in fragment.text


def test_a_list_without_codes_asks_for_a_decision_at_once(console, sign_in, directory):
    directory.reset("reference")
    ada = sign_in(console, "ada")
    lost = lose(ada, directory, "assign", fault="reset-before")
    page = ada.last
    assert 'data-check="unreadable"' in page.text
    assert "No read of the directory can tell" in text_of(page)
    assert "Checking until" not in text_of(page)
    before = lists_read(directory)
    time.sleep(PATIENCE + 1.5)
    assert lists_read(directory) == before, "the worker does not read either"
    assert 'data-check="unreadable"' in ada.get(f"{lost.page}result/", **POLL).text


def test_the_page_of_a_change_says_until_when_and_updates_itself(console, sign_in, directory):
    ada, auditor = sign_in(console, "ada"), sign_in(console, "otto")
    lost = lose(ada, directory, "change_status", fault="reset-before")
    page = markup.parse(auditor.get(lost.page).text)
    check = page.select_one("[data-check=checking]")
    assert check.select_one("strong").get_text() == f"Checking until {check.select_one('time').get_text()}."
    assert check["hx-target"] == "closest article"
    assert auditor.get(check["hx-get"], htmx=True, **POLL).status_code == 204
    assert auditor.get(lost.page, **POLL).status_code == 200, "a page that is no fragment is always shown"
    wait_until(lambda: auditor.get(check["hx-get"], htmx=True, **POLL).status_code == 200, "the fragment is replaced")
    fragment = auditor.soup
    assert fragment.select_one("article")["data-outcome"] == "not_applied"
    assert fragment.select_one("[data-check]") is None


def test_unknown_rows_of_a_bulk_run_are_read_again(console, sign_in, directory):
    ada, auditor = sign_in(console, "ada"), sign_in(console, "otto")
    people = listing(directory, 4)
    page = plan(ada, of(people))
    press(ada, page, "confirm", count="4")
    directory.fault("reset-before", on="assign", times=1, applied_after=1)
    directory.fault("reset-before", on="assign", times=1)
    press(ada, page, "run")
    assert results(ada) == {2: "unknown", 3: "unknown", 4: "applied", 5: "applied"}
    lost = [Lost(ada, one, "", 0) for one in people[:2]]
    assert [await_resolved(one, auditor)[-1]["outcome"] for one in lost] == ["applied", "not_applied"]
    assert [one.events(auditor)[-1]["evidence"]["how"] for one in lost] == ["automatic"] * 2
    ada.get(page.url)
    assert results(ada) == {2: "applied", 3: "retryable", 4: "applied", 5: "applied"}


def test_nothing_is_read_once_the_role_is_withdrawn(start_console, start_worker, sign_in, directory):
    console = start_console("sqlite")
    organizations = json.loads(console.server.env["CONSOLE_ORGANIZATIONS"])
    organizations["acme"]["admins"] = {"groups": ["nobody"]}
    start_worker(console, CONSOLE_ORGANIZATIONS=json.dumps(organizations))
    ada, auditor = sign_in(console, "ada"), sign_in(console, "otto")
    lost = lose(ada, directory, "assign", fault="reset-before")
    before = lists_read(directory)
    wait_until(lambda: work_is_done(console), "the worker has looked at it")
    assert lists_read(directory) == before
    assert [event["event"] for event in lost.events(auditor)] == KINDS[:2]


@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize(("fault", "outcome"), [("hang-before", "not_applied"), ("hang-after", "applied")])
def test_a_process_that_dies_during_the_call(database, fault, outcome, start_console, start_worker, sign_in, directory):
    console = start_console(database)
    start_worker(console)
    ada = sign_in(console, "ada")
    subject = directory.person("visitor")
    path = "/orgs/acme/accounts/assign/"
    fields = {**ada.form(path), "subject_id": subject, "code": "worker", "operation_id": str(uuid.uuid4())}
    directory.fault(fault, on="assign")
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(ada.post, path, fields)
        wait_until(lambda: directory.writes(subject), "the directory has been called")
        os.killpg(console.server.process.pid, signal.SIGKILL)
        with pytest.raises(requests.RequestException):
            sent.result()
    assert events_in_database(console, fields["operation_id"])[:1] == ["requested"]
    wait_until(lambda: events_in_database(console, fields["operation_id"])[1:], "a worker resolves it")
    assert events_in_database(console, fields["operation_id"]) == ["requested", f"resolved {outcome}"]


def events_in_database(console, change_id):
    """The events of a change, with the outcome of the last one, of a console whose process is dead."""
    code = (
        "from accounts_ui.changes.models import Event; "
        f"events = Event.objects.filter(change_id='{change_id}').order_by('sequence'); "
        "print(';'.join(f'{e.event} {e.outcome}' if e.event == 'resolved' else e.event for e in events))"
    )
    done = console.manage("shell", "--no-imports", "-v", "0", "-c", code)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().split(";")


def test_a_change_that_is_not_the_organizations_has_no_result(sqlite_console, sign_in):
    ada = sign_in(sqlite_console, "ada")
    assert ada.get(f"/orgs/acme/changes/{uuid.uuid4()}/result/").status_code == 404


def test_finished_work_is_forgotten_with_the_sessions(sqlite_console):
    code = (
        "import datetime; from accounts_ui.tasks.models import WorkItem; from console import clock; "
        "old = clock.now() - datetime.timedelta(days=2); "
        "WorkItem.objects.create(kind='reread', key='finished acme', finished_at=old); "
        "WorkItem.objects.create(kind='reread', key='due acme', finished_at=old, due_at=clock.now()); "
        "WorkItem.objects.create(kind='other', finished_at=old)"
    )
    sqlite_console.manage("shell", "--no-imports", "-v", "0", "-c", code)
    assert sqlite_console.manage("clearsessions").returncode == 0
    code = (
        "from accounts_ui.tasks.models import WorkItem; "
        "items = WorkItem.objects.filter(key__in=['finished acme', 'due acme', ''], kind__in=['reread', 'other']); "
        "print(sorted(items.values_list('key', flat=True))); items.delete()"
    )
    done = sqlite_console.manage("shell", "--no-imports", "-v", "0", "-c", code)
    assert done.stdout.strip() == "['', 'due acme']", done.stderr


def _time(text):
    return datetime.datetime.fromisoformat(text)
