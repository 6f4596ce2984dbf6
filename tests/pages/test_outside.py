"""What the directory shows and this console did not do is marked, everywhere, and never written into the log."""

import pytest

from tests import markup
from tests.faults.lost import lose
from tests.servers import outcome_of, text_of

CODE = "worker"
WORDS = "changed outside this console"


@pytest.fixture
def ada(sqlite_console, sign_in):
    return sign_in(sqlite_console, "ada")


def act(browser, action: str, subject: str, **more: str) -> str:
    rest = "assign" if action == "assign" else f"{subject}/{CODE}/{action}"
    path = f"/orgs/acme/accounts/{rest}/"
    more |= {"subject_id": subject, "code": CODE} if action == "assign" else {}
    fields = {**browser.form(path), **more}
    page = browser.post(path, fields)
    assert outcome_of(page) == "applied", text_of(page)
    return fields["operation_id"]


def mark(browser, path: str, subject: str) -> str | None:
    """The mark in the row of the account, or on whatever the page shows of it."""
    soup = markup.parse(browser.get(path).text)
    found = soup.select(f'tr[data-subject-id="{subject}"][data-code="{CODE}"][data-outside]') or soup.select(
        "main [data-outside]"
        if subject in path or "/changes/" in path
        else f'tr[data-subject-id="{subject}"] [data-outside]'
    )
    for one in found:
        assert WORDS in one.get_text(" ").casefold(), one
    return found[0]["data-outside"] if found else None


def marks(browser, subject: str, change: str) -> list[str | None]:
    paths = (f"accounts/?q={subject}", f"users/{subject}/", f"changes/{change}/")
    return [mark(browser, f"/orgs/acme/{path}", subject) for path in paths]


def test_a_status_that_somebody_else_set(console, directory, sign_in):
    ada = sign_in(console, "ada")
    subject = directory.person(CODE)
    change = act(ada, "status", subject, status="disabled")
    assert marks(ada, subject, change) == [None, None, None]
    directory.set_status(subject, CODE, "pending")
    before = ada.get("/orgs/acme/changes/export.jsonl").text
    assert marks(ada, subject, change) == ["changed"] * 3
    for form in ("status", "delete"):
        assert mark(ada, f"/orgs/acme/accounts/{subject}/{CODE}/{form}/", subject) == "changed"
    page = text_of(ada.get(f"/orgs/acme/changes/{change}/"))
    assert "Since then changed outside this console: listed as pending, read at" in page
    assert ada.get("/orgs/acme/changes/export.jsonl").text == before, "no event"
    newer = act(ada, "status", subject, status="active")
    assert marks(ada, subject, newer) == [None, None, None], "what we apply now is ours"
    assert mark(ada, f"/orgs/acme/changes/{change}/", subject) is None, "an older change is not what is held against"


def test_a_delete_of_ours_is_ours_whatever_it_left(ada, directory):
    subject = directory.person(CODE)
    directory.server.control("add", org="acme", subject_id=subject, code="visitor")
    change = act(ada, "delete", subject)
    for status in ("disabled", "deleted"):
        directory.set_status(subject, CODE, status)
        assert marks(ada, subject, change) == [None, None, None], status
    directory.server.control("remove", org="acme", subject_id=subject, code=CODE)
    assert marks(ada, subject, change) == [None, None, None], "gone"


def test_an_account_that_we_deleted_and_that_is_in_use_again(ada, directory):
    subject = directory.person(CODE)
    change = act(ada, "delete", subject)
    directory.set_status(subject, CODE, "active")
    assert marks(ada, subject, change) == ["back"] * 3
    assert "in use again" in text_of(ada.get(f"/orgs/acme/users/{subject}/"))
    directory.set_status(subject, CODE, "disabled")
    directory.server.control("add", org="acme", subject_id=subject, code=CODE, status="active")
    assert marks(ada, subject, change) == ["back"] * 3, "a second account, beside the one that we deleted"


@pytest.mark.parametrize("shape", ["mixed", "account"])
def test_an_account_that_is_gone_from_a_list_that_tells(ada, directory, shape):
    directory.reset(shape)
    subject = directory.person("visitor")
    change = act(ada, "assign", subject)
    directory.server.control("remove", org="acme", subject_id=subject, code=CODE)
    assert mark(ada, f"/orgs/acme/users/{subject}/", subject) == "gone"
    assert mark(ada, f"/orgs/acme/changes/{change}/", subject) == "gone"
    page = ada.get("/orgs/acme/accounts/?per_page=500")
    assert 'data-outside="gone"' in page.text
    assert "gone from the directory" in text_of(page)
    page = ada.get(f"/orgs/acme/accounts/{subject}/{CODE}/status/")
    assert page.status_code == 404
    assert WORDS in page.text


def test_a_list_that_does_not_tell_marks_nothing(ada, directory):
    directory.reset("reference")
    subject = directory.person()
    change = act(ada, "assign", subject)
    assert marks(ada, subject, change) == [None, None, None]


@pytest.mark.parametrize(("ends", "kind"), [("2026-01-01T00:00:00Z", "expired"), ("2999-01-01T00:00:00Z", "changed")])
def test_an_account_whose_time_is_over(ada, directory, ends, kind):
    subject = directory.person(CODE)
    change = act(ada, "status", subject, status="disabled")
    directory.server.control("status", org="acme", subject_id=subject, code=CODE, status="expired", expires=ends)
    assert marks(ada, subject, change) == [kind] * 3
    assert "expired" in text_of(ada.get(f"/orgs/acme/changes/{change}/"))


def test_while_a_change_is_open_nothing_is_marked(ada, directory):
    subject = directory.person(CODE)
    change = act(ada, "status", subject, status="disabled")
    lose(ada, directory, "change_status", subject=subject)
    directory.set_status(subject, CODE, "pending")
    assert marks(ada, subject, change) == [None, None, None], "it may be ours"


def test_a_change_is_shown_while_the_directory_is_down(ada, directory):
    subject = directory.person(CODE)
    change = act(ada, "status", subject, status="disabled")
    directory.fault("status-503", on="list", times=3)
    page = ada.get(f"/orgs/acme/changes/{change}/")
    assert page.status_code == 200
    assert "could not be read just now" in text_of(page)
