"""Bad input gets the right 4xx with a helpful message, as page and as fragment; nothing is sent, nothing is written."""

import uuid

import pytest

from tests.servers import text_of

BAD_IDS = {
    "dots": "%2e%2e",
    "one dot": "%2e",
    "too long": "x" * 300,
    "NUL": "a%00b",
    "line break": "a%0Ab",
    "bidi": "a%E2%80%AEb",
    "zero width": "a%E2%80%8Bb",
    "broken UTF-8": "%FF%FE",
    "encoded percent": "%252e%252e",
    "backslash": "a%5Cb",
}


@pytest.fixture
def browser(sqlite_console, sign_in):
    return sign_in(sqlite_console, "ada")


def events(browser):
    return len(browser.get("/orgs/acme/changes/export.jsonl").text.splitlines())


@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.parametrize("name", BAD_IDS)
def test_ids_in_the_address(browser, directory, name, htmx):
    bad = BAD_IDS[name]
    for path in (f"users/{bad}/", f"accounts/{bad}/gold/status/", f"accounts/someone/{bad}/delete/"):
        page = browser.get(f"/orgs/acme/{path}", htmx=htmx)
        assert page.status_code in (400, 404), (path, page.status_code)
        assert 'role="alert"' in page.text
        assert ("<html" in page.text) is not htmx
    assert all(one["operation"] in ("list", "types") for one in directory.journal())


def test_an_encoded_slash_leads_nowhere(browser):
    assert browser.get("/orgs/acme/users/a%2Fb/").status_code == 404


def test_an_emoji_is_a_possible_id(browser):
    assert browser.get("/orgs/acme/users/%F0%9F%98%80/").status_code == 404


@pytest.mark.parametrize("org", ["nowhere", "%2e%2e", "x" * 300, "a%00b", "ACME"])
def test_missing_organizations(browser, org):
    assert browser.get(f"/orgs/{org}/accounts/").status_code == 404


QUERIES = (
    "accounts/?page=x",
    "accounts/?page=0",
    "accounts/?page=-1",
    "accounts/?page=1e9",
    "accounts/?page=٣",
    "accounts/?per_page=100000",
    "accounts/?sort=zzz",
    "accounts/?sort=--name",
    "accounts/?q=a&q=b",
    "accounts/?q=%FF",
    "accounts/?q=a%00",
    "accounts/?q=" + "x" * 600,
    "accounts/export.csv?sort=zzz",
    "types/?sort=zzz",
    "changes/?since=abc",
    "changes/?since=2026-02-31",
    "changes/?until=99999-01-01",
    "changes/?outcome=perhaps",
    "changes/?action=drop",
    "changes/?page=x",
    "changes/export.jsonl?outcome=perhaps",
    "changes/export.csv?since=abc",
    "changes/not-a-uuid/",
)


@pytest.mark.parametrize("query", QUERIES)
def test_queries(browser, query):
    page = browser.get(f"/orgs/acme/{query}")
    assert page.status_code == 400, text_of(page)
    assert 'role="alert"' in page.text


STATUS = {
    "wrong status": ({"status": "frozen"}, 400),
    "no status": ({"status": ""}, 400),
    "wrong UUID": ({"status": "expired", "operation_id": "12"}, 400),
    "a UUID in braces": ({"status": "expired", "operation_id": f"{{{uuid.uuid4()}}}"}, 400),
    "no UUID": ({"status": "expired", "operation_id": ""}, 400),
    "another expected status": ({"status": "expired", "expected_status": "pending"}, 409),
    "no expected status": ({"status": "expired", "expected_status": ""}, 409),
    "a long message": ({"status": "expired", "message": "x" * 1001}, 400),
    "NUL in the message": ({"status": "expired", "message": "a\0b"}, 400),
    "bidi in the message": ({"status": "expired", "message": "a\u202eb"}, 400),
    "forged CSRF": ({"status": "expired", "csrfmiddlewaretoken": "x" * 64}, 403),
    "no CSRF": ({"status": "expired", "csrfmiddlewaretoken": ""}, 403),
}


@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.parametrize("name", STATUS)
def test_status_form(browser, directory, name, htmx):
    changed, status = STATUS[name]
    subject = directory.person("worker")
    path = f"/orgs/acme/accounts/{subject}/worker/status/"
    sent, before = {**browser.form(path), **changed}, events(browser)
    page = browser.post(path, sent, htmx=htmx)
    assert page.status_code == status, text_of(page)
    assert 'role="alert"' in page.text
    assert ("<html" in page.text) is not htmx
    assert directory.writes(subject) == []
    assert events(browser) == before


def test_repeated_and_missing_fields(browser, directory):
    subject = directory.person("worker")
    path = f"/orgs/acme/accounts/{subject}/worker/status/"
    fields = list({**browser.form(path), "status": "expired"}.items())
    assert browser.post(path, [*fields, ("status", "deleted")]).status_code == 400
    assert browser.post(path, [pair for pair in fields if pair[0] != "operation_id"]).status_code == 400
    assert (
        browser.post(path, b"status=%FF&" + b"x=1", Content_Type="application/x-www-form-urlencoded").status_code == 403
    )
    assert browser.post(path, [*fields, *[(f"f{n}", "x") for n in range(700)]]).status_code == 400
    assert directory.writes(subject) == []


ASSIGN = {
    "no person": ({"subject_id": ""}, 400),
    "a path for a person": ({"subject_id": "../acme"}, 400),
    "a path for a type": ({"code": "gold/../x"}, 400),
    "an unknown person": ({"subject_id": "nobody-knows"}, 422),
    "an unknown type": ({"code": "platinum"}, 422),
    "an odd yes": ({"confirm_unknown": "perhaps"}, 400),
}


@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.parametrize("name", ASSIGN)
def test_assign_form(browser, directory, name, htmx):
    changed, status = ASSIGN[name]
    subject = directory.person("visitor")
    sent = {**browser.form("/orgs/acme/accounts/assign/"), "subject_id": subject, "code": "gold", **changed}
    before = events(browser)
    page = browser.post("/orgs/acme/accounts/assign/", sent, htmx=htmx)
    assert page.status_code == status, text_of(page)
    assert 'role="alert"' in page.text
    assert [one for one in directory.journal() if one["method"] == "POST"] == []
    assert events(browser) == before


def test_an_unknown_person_after_a_second_yes(browser, directory):
    subject = f"typed-{uuid.uuid4()}"
    sent = {**browser.form("/orgs/acme/accounts/assign/"), "subject_id": subject, "code": "gold"}
    assert browser.post("/orgs/acme/accounts/assign/", sent).status_code == 422
    page = browser.post("/orgs/acme/accounts/assign/", {**sent, "confirm_unknown": "yes"})
    assert "result=" in page.url
    assert len(directory.writes(subject)) == 1


def test_an_account_that_exists_is_not_made_twice(browser, directory):
    subject = directory.person("worker")
    sent = {**browser.form("/orgs/acme/accounts/assign/"), "subject_id": subject, "code": "worker"}
    page = browser.post("/orgs/acme/accounts/assign/", {**sent, "confirm_unknown": "yes"})
    assert page.status_code == 409
    assert directory.writes(subject) == []


def test_delete_that_the_directory_does_not_find_offers_the_next_step(browser, directory):
    subject = directory.person("gold")
    path = f"/orgs/acme/accounts/{subject}/gold/delete/"
    page = browser.post(path, browser.form(path))
    assert page.status_code == 404
    assert "Set status to deleted" in text_of(page)
    [sent] = directory.writes(subject)
    assert sent["body"].startswith('"'), "a JSON string always goes"


def test_methods(browser):
    assert browser.get("/orgs/acme/changes/0f9c1f3e-5a55-4f5e-9d5e-2b1c8f6f7a11/check/").status_code == 405
    assert browser.session.put(f"{browser.url}/orgs/acme/accounts/", timeout=30).status_code in (403, 405)
