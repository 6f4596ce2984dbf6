"""What is wrong with a form is said at its field, what was typed stays, and nothing is sent."""

import pytest

from tests.servers import text_of

BIDI = "typed a\u202eb"


@pytest.fixture
def ada(sqlite_console, sign_in):
    return sign_in(sqlite_console, "ada")


def field_error(browser, name):
    """The error at a field, to which the field and the summary point."""
    error = browser.soup.select_one(f"#error-{name}")
    assert error, text_of(browser.last)
    described = browser.soup.select_one(f"[aria-describedby~=error-{name}]")
    assert described["aria-invalid"] == "true"
    assert described["id"] == f"field-{name}"
    summary = browser.soup.select_one("[role=alert][data-errors]")
    assert summary.select_one(f"a[href='#field-{name}']")
    assert error.get_text() in summary.get_text()
    return error.get_text()


@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.parametrize("word", ["status", "delete"])
def test_a_note_that_cannot_be_recorded(ada, directory, word, htmx):
    subject = directory.person("worker")
    path = f"/orgs/acme/accounts/{subject}/worker/{word}/"
    sent = {**ada.form(path), "status": "expired", "message": BIDI}
    page = ada.post(path, sent, htmx=htmx)
    assert page.status_code == 400
    assert "U+202E" in field_error(ada, "message")
    assert ada.soup.select_one("textarea[name=message]").get_text() == BIDI, "what was typed stays"
    assert ada.soup.select_one("input[name=operation_id]")["value"] != sent["operation_id"]
    if word == "status":
        assert ada.soup.select_one("input[name=status][checked]")["value"] == "expired"
    assert directory.writes(subject) == []


def test_nothing_is_chosen(ada, directory):
    form = ada.form("/orgs/acme/accounts/assign/")
    assert ada.post("/orgs/acme/accounts/assign/", {**form, "subject_id": ""}).status_code == 400
    assert "Choose a person." in field_error(ada, "subject_id")
    assert "Choose an account type." in field_error(ada, "code")
    subject = directory.person("worker")
    path = f"/orgs/acme/accounts/{subject}/worker/status/"
    assert ada.post(path, ada.form(path)).status_code == 400
    assert "Choose a status." in field_error(ada, "status")


def test_a_field_of_the_form_itself_is_in_the_summary(ada, directory):
    subject = directory.person("worker")
    path = f"/orgs/acme/accounts/{subject}/worker/delete/"
    assert ada.post(path, {**ada.form(path), "operation_id": "12"}).status_code == 400
    summary = ada.soup.select_one("[role=alert][data-errors]")
    assert "This form is not complete" in summary.get_text()
    assert not summary.select("a")


def test_the_bulk_form_says_which_part_of_it_is_wrong(ada):
    path = "/orgs/acme/accounts/bulk/"
    sent = {**ada.form(path), "action": "assign", "list": "subject_id,code\n1,2", "message": BIDI}
    assert ada.post(path, sent).status_code == 400
    assert "U+202E" in field_error(ada, "message")
    assert ada.soup.select_one("textarea[name=list]").get_text() == "subject_id,code\n1,2"
    assert ada.post(path, {**sent, "message": "", "list": ""}).status_code == 400
    assert "The list is empty" in field_error(ada, "list")
    assert ada.post(path, {**sent, "message": "", "action": "destroy"}).status_code == 400
    assert field_error(ada, "action")


def test_a_decision_without_a_reason_stays_on_the_page_of_its_change(ada, directory):
    subject = directory.person("worker")
    path = f"/orgs/acme/accounts/{subject}/worker/status/"
    sent = {**ada.form(path), "status": "expired"}
    directory.fault("status-400", on="status")
    ada.post(path, sent)
    change = f"/orgs/acme/changes/{sent['operation_id']}/"
    token = {"csrfmiddlewaretoken": sent["csrfmiddlewaretoken"]}
    page = ada.post(f"{change}decide/", {**token, "decision": "perhaps", "message": ""})
    assert page.status_code == 400
    assert "Please check your input" in text_of(page)
    assert ada.soup.select_one("article[data-change-id]")["data-change-id"] == sent["operation_id"]


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("accounts/columns/", [("per_page", "7")]),
        ("accounts/columns/", [("move", "up:name"), ("move", "up:code")]),
        ("views/", [("page", "changes"), ("name", "x")]),
        ("views/", [("name", "a\0b")]),
        ("changes/verify/", [("scope", "some")]),
        ("changes/verify/", [("run", "1"), ("run", "2")]),
        ("changes/0f9c1f3e-5a55-4f5e-9d5e-2b1c8f6f7a11/undo/", [("operation_id", "12")]),
    ],
)
def test_small_forms_answer_with_a_page(ada, path, fields):
    token = ada.form("/orgs/acme/accounts/", "signout")["csrfmiddlewaretoken"]
    page = ada.post(f"/orgs/acme/{path}", [("csrfmiddlewaretoken", token), *fields])
    assert page.status_code == 400, text_of(page)
    assert 'role="alert"' in page.text
