"""Undo: the reverse of a change that was just made, guarded, recorded as an operation of its own, linked both ways."""

import json
import uuid

import pytest

from tests.servers import form_of, outcome_of, text_of
from tests.signin.ended_sessions import end

CODE = "worker"


def act(browser, action: str, subject: str, **more: str) -> str:
    """Make a change; its id."""
    rest = "assign" if action == "assign" else f"{subject}/{CODE}/{action}"
    path = f"/orgs/acme/accounts/{rest}/"
    more |= {"subject_id": subject, "code": CODE} if action == "assign" else {}
    fields = {**browser.form(path), **more}
    assert outcome_of(browser.post(path, fields)) == "applied", text_of(browser.last)
    return fields["operation_id"]


def page_of(change: str) -> str:
    return f"/orgs/acme/changes/{change}/"


def undo_form(browser, change: str) -> dict[str, str]:
    return browser.form(page_of(change), "/undo/")


def undo(browser, change: str, fields: dict[str, str] | None = None, **more):
    return browser.post(f"{page_of(change)}undo/", fields or undo_form(browser, change), **more)


def statuses(directory, subject: str) -> list[str]:
    return [one["status"] for one in directory.accounts(subject) if one["account_code"] == CODE]


@pytest.fixture
def ada(sqlite_console, sign_in):
    return sign_in(sqlite_console, "ada")


CASES = {
    "status": ("active", {"status": "expired"}, "active", "changed {}’s Worker account from expired to active"),
    "delete": ("active", {}, "active", "changed {}’s Worker account from disabled to active"),
    "assign": ("", {}, "disabled", "deleted {}’s Worker account"),
}


@pytest.mark.parametrize("action", CASES)
def test_the_reverse_is_made_recorded_and_linked(console, directory, sign_in, action):
    before, more, after, sentence = CASES[action]
    ada = sign_in(console, "ada")
    subject = directory.person(CODE if before else "", status=before or "active", name="Una Undo")
    change = act(ada, action, subject, **more)
    assert ada.soup.select_one(f"[role=status] form[action='{page_of(change)}undo/']"), "where the result is told"
    fields = undo_form(ada, change)
    page = undo(ada, change, fields)
    assert outcome_of(page) == "applied", text_of(page)
    assert statuses(directory, subject) == [after]
    writes = directory.writes(subject)
    assert outcome_of(undo(ada, change, fields)) == "applied"
    assert directory.writes(subject) == writes, "the same form again calls nothing"
    second = fields["operation_id"]
    ada.get(page_of(change))
    assert ada.soup.select_one("[data-undone-by]")["href"] == page_of(second)
    assert not ada.soup.select_one("form[action$='/undo/']"), "only once"
    ada.get(page_of(second))
    assert sentence.format("Una Undo") in ada.soup.select_one("h1").get_text()
    assert ada.soup.select_one("[data-undoes]")["href"] == page_of(change)
    events = [
        json.loads(line) for line in ada.get(f"/orgs/acme/changes/export.jsonl?subject_id={subject}").text.splitlines()
    ]
    assert [one["evidence"] for one in events if one["change_id"] == second and one["event"] == "requested"] == [
        {"undoes": change}
    ]
    assert console.manage("verify_changes").returncode == 0


def test_an_undo_can_be_undone(ada, directory):
    subject = directory.person(CODE)
    change = act(ada, "status", subject, status="pending")
    fields = undo_form(ada, change)
    undo(ada, change, fields)
    assert outcome_of(undo(ada, fields["operation_id"])) == "applied"
    assert statuses(directory, subject) == ["pending"]


def refused(page, directory, subject: str, writes: int, why: str) -> None:
    assert page.status_code == 409, text_of(page)
    assert why in text_of(page)
    assert len(directory.writes(subject)) == writes, "nothing was sent"


def test_not_after_another_change_here(ada, directory):
    subject = directory.person(CODE)
    change = act(ada, "status", subject, status="pending")
    fields = undo_form(ada, change)
    later = act(ada, "status", subject, status="disabled")
    refused(undo(ada, change, fields), directory, subject, 2, "Another change of this account was made after it")
    assert page_of(later) in ada.last.text, "leads to the other change"
    assert not ada.soup.select_one("form[action$='/undo/']")


def test_not_after_a_change_elsewhere(ada, directory):
    subject = directory.person(CODE)
    change = act(ada, "status", subject, status="pending")
    directory.set_status(subject, CODE, "disabled")
    refused(undo(ada, change), directory, subject, 1, "is disabled now, and the change had left it pending")


def test_not_twice_from_two_tabs(ada, directory):
    subject = directory.person(CODE)
    change = act(ada, "status", subject, status="pending")
    first, second = undo_form(ada, change), undo_form(ada, change)
    assert first["operation_id"] != second["operation_id"]
    undo(ada, change, first)
    refused(undo(ada, change, second), directory, subject, 2, "Another change of this account was made after it")


def test_an_undo_that_failed_can_be_tried_again(ada, directory):
    subject = directory.person(CODE)
    change = act(ada, "status", subject, status="pending")
    directory.fault("status-403", on="change_status")
    assert undo(ada, change).status_code == 403
    assert outcome_of(undo(ada, change)) == "applied"
    assert statuses(directory, subject) == ["active"]


def test_an_undo_whose_answer_is_lost(ada, directory):
    subject = directory.person(CODE)
    change = act(ada, "status", subject, status="pending")
    fields = undo_form(ada, change)
    directory.fault("reset-after", on="change_status")
    assert outcome_of(undo(ada, change, fields)) == "applied", "what the directory shows decides"
    assert len(directory.writes(subject)) == 2


def test_what_was_not_applied_cannot_be_undone(ada, directory):
    subject = directory.person(CODE)
    directory.fault("status-403", on="change_status")
    path = f"/orgs/acme/accounts/{subject}/{CODE}/status/"
    fields = {**ada.form(path), "status": "disabled"}
    ada.post(path, fields)
    ada.get(page_of(fields["operation_id"]))
    assert not ada.soup.select_one("form[action$='/undo/']")
    sent = {"csrfmiddlewaretoken": fields["csrfmiddlewaretoken"], "operation_id": str(uuid.uuid4())}
    refused(undo(ada, fields["operation_id"], sent), directory, subject, 1, "Only a change that was applied")


def test_a_form_of_one_change_is_no_form_of_another(ada, directory):
    subject = directory.person(CODE)
    change = act(ada, "status", subject, status="pending")
    fields = undo_form(ada, change)
    undo(ada, change, fields)
    refused(undo(ada, fields["operation_id"], fields), directory, subject, 2, "sent before with other data")


ELEVEN_MINUTES_AGO = """
import datetime, uuid
from django.utils import timezone
from accounts_ui.changes import queries, writer
real = timezone.now
timezone.now = lambda: real() - datetime.timedelta(minutes=11)
facts = dict(actor_issuer="i", actor_subject="s", actor_name="Ada", actor_email="", ip="127.0.0.1", request_id="r",
    organization_id="acme", action="change_status", subject_id="SUBJECT", subject_name="", code="worker", type_name="",
    before="active", after="expired", message="")
change = writer.request(uuid.uuid4(), facts, read_at_sequence=queries.end_of_log('acme'))
print(writer.conclude(change, "applied", http_status=200, detail="", after="expired").change_id)
"""


def test_not_after_ten_minutes(ada, sqlite_console, directory):
    subject = directory.person(CODE, status="expired")
    script = ELEVEN_MINUTES_AGO.replace("SUBJECT", subject)
    change = sqlite_console.manage("shell", "--no-imports", "-v", "0", "-c", script).stdout.strip().splitlines()[-1]
    token = form_of(ada.get(page_of(change)), "signout")["csrfmiddlewaretoken"]
    assert not ada.soup.select_one("form[action$='/undo/']")
    sent = {"csrfmiddlewaretoken": token, "operation_id": str(uuid.uuid4())}
    refused(undo(ada, change, sent), directory, subject, 0, "more than ten minutes ago")


def test_a_session_that_ends_before(ada, sqlite_console, directory, provider):
    subject = directory.person(CODE)
    change = act(ada, "status", subject, status="pending")
    fields = undo_form(ada, change)
    end("idle", sqlite_console, ada, provider, directory)
    undo(ada, change, fields)
    assert len(directory.writes(subject)) == 1
    page = ada.sign_in("ada") if page_of(change) not in ada.last.url else ada.last
    assert page_of(change) in page.url
    again = form_of(page, "/undo/")
    assert again["operation_id"] == fields["operation_id"]
    assert "Your session had ended when you sent this form" in text_of(page)
    assert outcome_of(undo(ada, change, again)) == "applied"


def test_an_auditor_is_not_offered_it(ada, sqlite_console, sign_in, directory):
    subject = directory.person(CODE)
    change = act(ada, "status", subject, status="pending")
    otto = sign_in(sqlite_console, "otto")
    otto.get(page_of(change))
    assert not otto.soup.select_one("form[action$='/undo/']")
