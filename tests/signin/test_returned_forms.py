"""A form that is sent too late comes back after signing in: to the same person, filled in, unsent, one click from done."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.servers import form_of, outcome_of, text_of
from tests.signin.ended_sessions import ENDINGS, FORMS, HIDDEN, age, decision, end, filled, key_hash, rows, task

CSRF = "csrfmiddlewaretoken"


@pytest.fixture
def sqlite_console(own_consoles, directory):
    return own_consoles("sqlite")


def sign_in_again(browser, location, person):
    """On the way that the console shows, at a provider that asks who it is."""
    for cookie in [c for c in browser.session.cookies if c.name.startswith("sandbox-provider")]:
        browser.session.cookies.clear(cookie.domain, cookie.path, cookie.name)
    page = browser.get(location)
    assert "/pick/" in page.url, text_of(page)
    picked = {**form_of(page, "pick"), "person": person}
    return browser.session.post(page.url.split("?")[0], data=picked, timeout=60)


def send_too_late(browser, job, **headers):
    """Fill in the form; the returned function sends it. What was typed, with the hidden fields, and the sending."""
    fields = {**browser.form(job.page, job.action), **job.typed}

    def send():
        answer = browser.post(job.action, fields, follow=False, **headers)
        return answer.headers.get("HX-Redirect") or answer.headers["Location"]

    return {name: value for name, value in fields.items() if name not in HIDDEN}, send


def comes_back(browser, job, typed, page):
    assert page.status_code == 200, text_of(page)
    assert filled(page, job.action) == typed
    assert "so nothing was done" in text_of(page)


def one_click(browser, job, page):
    done = browser.post(job.action, {**filled(page, job.action), CSRF: form_of(page, job.action)[CSRF]})
    assert job.shows in done.url, text_of(done)
    assert outcome_of(done) == "applied"


@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.parametrize("how", ENDINGS)
@pytest.mark.parametrize("form", FORMS)
def test_a_form_comes_back(sqlite_console, sign_in, provider_again, directory, form, how, htmx):
    browser, job = sign_in(sqlite_console, "ada"), task(form, directory)
    typed, send = send_too_late(browser, job, **({"HX_Request": "true"} if htmx else {}))
    end(how, sqlite_console, browser, provider_again, directory)
    location = send()
    assert location.startswith("/signin/?next=")
    page = sign_in_again(browser, location, "ada")
    comes_back(browser, job, typed, page)
    comes_back(browser, job, typed, browser.get(page.url))  # reloading does not lose it
    assert directory.writes(job.subject) == []
    one_click(browser, job, page)
    assert len(directory.writes(job.subject)) == 1
    assert job.typed["message"] not in browser.get(page.url).text or form != "assign"


@pytest.mark.parametrize("how", ENDINGS)
@pytest.mark.parametrize("form", FORMS)
def test_another_persons_form_is_gone(sqlite_console, sign_in, provider_again, directory, form, how):
    browser, job = sign_in(sqlite_console, "ada"), task(form, directory, org="globex")
    _, send = send_too_late(browser, job)
    end(how, sqlite_console, browser, provider_again, directory)
    page = sign_in_again(browser, send(), "gil")
    assert page.status_code == 200
    way_back = page.url
    for address in (way_back, job.page):
        assert job.typed["message"] not in browser.get(address).text
    browser.post("/signout/", browser.form("/orgs/globex/types/", "/signout/"))
    browser.sign_in("ada")
    assert job.typed["message"] not in browser.get(way_back).text, "gone for good"
    assert directory.writes(job.subject) == []


@pytest.mark.parametrize("person", ["ada", "otto"])
def test_a_decision_comes_back(sqlite_console, sign_in, directory, person):
    browser = sign_in(sqlite_console, "ada")
    job = decision(directory, browser)
    time.sleep(4.1)  # two timeouts: until then it is not there to be decided
    typed, send = send_too_late(browser, job)
    age(sqlite_console, browser, "last_seen", 31)
    page = sign_in_again(browser, send(), person)
    assert page.status_code == 200
    if person == "otto":
        assert job.typed["message"] not in page.text
        return
    comes_back(browser, job, typed, page)
    one_click(browser, job, page)


def test_two_tabs_keep_a_form_each(sqlite_console, sign_in, directory):
    browser, jobs = sign_in(sqlite_console, "ada"), [task("assign", directory), task("assign", directory)]
    sent = [send_too_late(browser, job) for job in jobs]
    age(sqlite_console, browser, "last_seen", 31)
    ways_back = [send() for _, send in sent]
    pages = [sign_in_again(browser, ways_back[0], "ada"), browser.get(ways_back[1])]
    for job, (typed, _), page in zip(jobs, sent, pages, strict=True):
        comes_back(browser, job, typed, page)
        one_click(browser, job, page)
        assert len(directory.writes(job.subject)) == 1


def test_a_tab_that_only_looked_first(sqlite_console, sign_in, directory):
    """By the time the form is sent, another tab has replaced the dead session with a new, nameless one."""
    browser, job = sign_in(sqlite_console, "ada"), task("change_status", directory)
    typed, send = send_too_late(browser, job)
    age(sqlite_console, browser, "last_seen", 31)
    browser.get(browser.get("/orgs/acme/types/", follow=False).headers["Location"], follow=False)
    comes_back(browser, job, typed, sign_in_again(browser, send(), "ada"))


def test_a_tab_from_before_this_sign_in(sqlite_console, sign_in, directory):
    browser, job = sign_in(sqlite_console, "ada"), task("change_status", directory)
    fields = {**browser.form(job.page), **job.typed}
    typed = {name: value for name, value in fields.items() if name not in HIDDEN}
    age(sqlite_console, browser, "last_seen", 31)
    sign_in_again(browser, browser.get("/orgs/acme/types/", follow=False).headers["Location"], "ada")
    for origin in ("https://evil.example", "null"):
        page = browser.post(job.action, fields, Origin=origin)
        assert page.status_code == 403
        assert job.typed["message"] not in browser.get(job.page).text
    page = browser.post(job.action, fields, Origin=sqlite_console.url)
    comes_back(browser, job, typed, page)
    assert directory.writes(job.subject) == []
    one_click(browser, job, page)


def test_elsewhere_first(sqlite_console, sign_in, directory):
    browser, job = sign_in(sqlite_console, "ada"), task("delete", directory)
    typed, send = send_too_late(browser, job)
    age(sqlite_console, browser, "last_seen", 31)
    send()
    sign_in_again(browser, "/signin/", "ada")
    assert job.typed["message"] not in browser.get("/orgs/acme/accounts/").text
    comes_back(browser, job, typed, browser.get(job.page))


def test_an_explicit_yes_is_given_anew(sqlite_console, sign_in, directory):
    browser, job = sign_in(sqlite_console, "ada"), task("assign", directory)
    job.typed |= {"subject_id": "nobody-knows-me", "confirm_unknown": "yes"}
    typed, send = send_too_late(browser, job)
    age(sqlite_console, browser, "last_seen", 31)
    page = sign_in_again(browser, send(), "ada")
    del typed["confirm_unknown"]
    comes_back(browser, job, typed, page)
    page = browser.post(job.action, {**typed, CSRF: form_of(page, job.action)[CSRF]})
    assert page.status_code == 422
    assert "confirm_unknown" not in filled(page, job.action)
    assert directory.writes("nobody-knows-me") == []


@pytest.mark.parametrize("form", FORMS)
def test_a_form_that_was_sent_in_time_is_not_sent_again(sqlite_console, sign_in, directory, form):
    browser, job = sign_in(sqlite_console, "ada"), task(form, directory)
    typed, send = send_too_late(browser, job)
    assert "result=" in send()
    age(sqlite_console, browser, "last_seen", 31)
    page = sign_in_again(browser, send(), "ada")
    assert filled(page, job.action)["operation_id"] == typed["operation_id"]
    one_click(browser, job, page)
    assert len(directory.writes(job.subject)) == 1


def test_the_state_has_changed_before_it_comes_back(sqlite_console, sign_in, directory):
    browser, job = sign_in(sqlite_console, "ada"), task("change_status", directory)
    _, send = send_too_late(browser, job)
    age(sqlite_console, browser, "last_seen", 31)
    way_back = send()
    directory.set_status(job.subject, "worker", "pending")
    page = sign_in_again(browser, way_back, "ada")
    page = browser.post(job.action, {**filled(page, job.action), CSRF: form_of(page, job.action)[CSRF]})
    assert page.status_code == 409
    assert "pending now; it was active" in text_of(page)
    assert directory.writes(job.subject) == []
    one_click(browser, job, page)


@pytest.mark.parametrize("how", ["signed out", "rejected"])
@pytest.mark.parametrize("form", FORMS)
def test_the_session_ends_between_the_record_and_the_call(
    sqlite_console, sign_in, provider_again, directory, form, how
):
    browser, job = sign_in(sqlite_console, "ada"), task(form, directory)
    typed, send = send_too_late(browser, job)
    if how == "rejected":
        provider_again.control(refuse_refresh=True)
        directory.fault("token-expired", on=form)
        location = send()
    else:
        location = end_before_the_call(sqlite_console, browser, directory, send)
    page = sign_in_again(browser, location, "ada")
    [requested, concluded] = events_about(browser, job.subject)
    assert (requested["event"], concluded["event"]) == ("requested", "not_applied")
    assert requested["change_id"] == typed["operation_id"]
    assert f"/changes/{typed['operation_id']}/" in page.text, "the page links to the change"
    assert "recorded but not applied" in text_of(page)
    again = filled(page, job.action)
    assert again.pop("operation_id") != typed.pop("operation_id"), "a new attempt"
    assert again == typed
    assert not any(write["applied"] for write in directory.writes(job.subject))
    one_click(browser, job, page)
    assert [write["applied"] for write in directory.writes(job.subject)].count(True) == 1


def end_before_the_call(console, browser, directory, send):
    """The last read before the record is slow, and another tab signs out meanwhile."""
    directory.fault("stale", on="types", seconds=1)
    key = key_hash(console, browser)
    read = len([call for call in directory.journal() if call["operation"] == "types"])
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(send)
        while len([call for call in directory.journal() if call["operation"] == "types"]) == read:
            time.sleep(0.02)
        rows(console, "UPDATE signin_session SET ended_at = datetime('now'), secret = '' WHERE key_hash = ?", key)
        return sent.result()


def events_about(browser, subject):
    lines = browser.get(f"/orgs/acme/changes/export.jsonl?subject_id={subject}").text.splitlines()
    return [json.loads(line) for line in lines]


def test_forms_without_a_page_of_their_own_lead_to_theirs(sqlite_console, sign_in, directory):
    """The page of a mere button says that nothing was done. Staying signed in needs no such words."""
    browser = sign_in(sqlite_console, "ada")
    job = decision(directory, browser)
    time.sleep(4.1)
    check = job.page + "check/"
    for action, ends_at, is_unsent in ((check, job.page, True), ("/session/stay/", "/", False)):
        fields = browser.form(job.page, action)
        age(sqlite_console, browser, "last_seen", 31)
        page = sign_in_again(browser, browser.post(action, fields, follow=False).headers["Location"], "ada")
        assert page.status_code == 200
        address = urlsplit(page.url)
        assert address.path == ends_at
        assert list(parse_qs(address.query)) == (["returned"] if is_unsent else [])
        assert ("so nothing was done" in text_of(page)) is is_unsent


def test_nobody_saves_a_form_for_somebody_else(sqlite_console, sign_in, directory):
    """Whose form it is stands in a signed field: an invented, a missing or another person's one brings nothing back."""
    ada, gil = sign_in(sqlite_console, "ada"), sign_in(sqlite_console, "gil")
    job = task("assign", directory, org="globex")
    path = job.page
    owned = gil.form(path, job.action)["form_owner"]
    fields = {**ada.form(path, job.action), **job.typed}
    for owner in (owned, owned.split(":")[0], f"{owned}x", "", None):
        age(sqlite_console, ada, "last_seen", 31)
        sent = {name: value for name, value in {**fields, "form_owner": owner}.items() if value is not None}
        way_back = ada.post(job.action, sent, follow=False).headers["Location"]
        assert ("returned" in way_back) is (owner == owned)
        page = sign_in_again(ada, way_back, "ada")
        assert job.typed["message"] not in page.text
        assert job.typed["message"] not in ada.get(path).text
        fields[CSRF] = ada.form(path, job.action)[CSRF]
    assert directory.writes(job.subject) == []
