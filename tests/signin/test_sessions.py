"""Sessions and tokens: limits, refreshing, the form that comes back, signing out."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.servers import form_of, text_of


def rows(console, sql, *values):
    path = console.server.env["DATABASE_URL"].removeprefix("sqlite:///")
    with sqlite3.connect(path, timeout=20) as connection:
        found = connection.execute(sql, values).fetchall()
        connection.commit()
    connection.close()
    return found


def age(console, browser, column, minutes):
    key = browser.session.cookies["console-session"]
    at = f"datetime('now', '-{minutes} minutes')"
    rows(console, f"UPDATE signin_session SET {column} = {at} WHERE session_key = ?", key)


@pytest.mark.parametrize(("column", "minutes"), [("last_seen", 31), ("expire_date", 1)])
def test_idle_and_absolute_limit(sqlite_console, sign_in, column, minutes):
    browser = sign_in(sqlite_console, "ada")
    assert browser.get("/", follow=False).status_code == 200
    age(sqlite_console, browser, column, minutes)
    page = browser.get("/orgs/acme/types/", follow=False)
    assert page.status_code == 302
    assert page.headers["Location"] == "/signin/?next=%2Forgs%2Facme%2Ftypes%2F"


def test_activity_counts_and_a_poll_does_not(sqlite_console, sign_in):
    browser = sign_in(sqlite_console, "ada")
    key = browser.session.cookies["console-session"]
    age(sqlite_console, browser, "last_seen", 20)
    before = rows(sqlite_console, "SELECT last_seen FROM signin_session WHERE session_key = ?", key)
    browser.get("/", X_Console_Poll="1")
    assert rows(sqlite_console, "SELECT last_seen FROM signin_session WHERE session_key = ?", key) == before
    browser.get("/")
    assert rows(sqlite_console, "SELECT last_seen FROM signin_session WHERE session_key = ?", key) != before


def test_tokens_are_encrypted_and_not_in_the_cookie(sqlite_console, sign_in):
    browser = sign_in(sqlite_console, "ada")
    key = browser.session.cookies["console-session"]
    [(secret, data)] = rows(
        sqlite_console, "SELECT secret, session_data FROM signin_session WHERE session_key = ?", key
    )
    assert secret.startswith("gAAAA")
    assert "access_token" not in data
    assert all(len(cookie.value) < 200 for cookie in browser.session.cookies)


def expire_token(console, browser):
    key = browser.session.cookies["console-session"]
    rows(
        console,
        "UPDATE signin_session SET token_expires_at = datetime('now', '+30 seconds') WHERE session_key = ?",
        key,
    )


def test_refreshed_once_by_many(sqlite_console, sign_in, provider):
    browser = sign_in(sqlite_console, "ada")
    expire_token(sqlite_console, browser)
    before = provider.control()["token_calls"]
    with ThreadPoolExecutor(6) as pool:
        pages = list(
            pool.map(lambda _: browser.session.get(f"{sqlite_console.url}/orgs/acme/types/", timeout=60), range(6))
        )
    assert [page.status_code for page in pages] == [200] * 6
    assert provider.control()["token_calls"] == before + 1


def test_refused_refresh_brings_the_form_back(sqlite_console, sign_in, provider, directory):
    subject = directory.person("worker")
    browser = sign_in(sqlite_console, "ada")
    path = f"/orgs/acme/accounts/{subject}/worker/status/"
    sent = {**browser.form(path), "status": "disabled", "message": "typed by hand"}
    expire_token(sqlite_console, browser)
    provider.control(refuse_refresh=True)
    try:
        page = browser.post(path, sent, follow=False)
    finally:
        provider.control(refuse_refresh=False)
    assert page.status_code == 303
    assert page.headers["Location"].startswith("/signin/?next=")
    assert directory.writes(subject) == []
    page = browser.get(page.headers["Location"])
    if "/pick/" in page.url:
        page = browser.session.post(page.url.split("?")[0], data={**form_of(page, "pick"), "person": "ada"}, timeout=60)
    assert "typed by hand" in page.text
    assert 'value="disabled" required checked' in page.text
    assert directory.writes(subject) == [], "it must come back unsent"
    fields = {**form_of(page, path), "status": "disabled"}
    assert "result=" in browser.post(path, fields).url


def test_form_of_another_person_is_gone(sqlite_console, sign_in, directory):
    subject = directory.person("worker")
    browser = sign_in(sqlite_console, "ada")
    path = f"/orgs/acme/accounts/{subject}/worker/status/"
    sent = {**browser.form(path), "status": "disabled", "message": "a secret of ada"}
    age(sqlite_console, browser, "last_seen", 31)
    assert browser.post(path, sent, follow=False).status_code == 303
    provider_cookies = [c for c in browser.session.cookies if c.name.startswith("sandbox-provider")]
    for cookie in provider_cookies:
        browser.session.cookies.clear(cookie.domain, cookie.path, cookie.name)
    browser.sign_in("otto")
    assert "a secret of ada" not in browser.get(path).text
    assert "a secret of ada" not in browser.get("/orgs/acme/accounts/").text


def test_signing_out_revokes_and_ends(sqlite_console, sign_in, directory):
    browser = sign_in(sqlite_console, "ada")
    key = browser.session.cookies["console-session"]
    page = browser.post("/signout/", browser.form("/orgs/acme/types/", "/signout/"))
    assert "You are signed out" in text_of(page)
    assert page.url == f"{sqlite_console.url}/signout/", "the provider sends the browser back"
    assert rows(sqlite_console, "SELECT secret FROM signin_session WHERE session_key = ?", key) == [("",)]
    browser.session.cookies.set("console-session", key)
    assert browser.get("/orgs/acme/types/", follow=False).status_code == 302
    assert "/pick/" in browser.get("/signin/").url, "the provider's own session has ended too"


@pytest.mark.parametrize(
    "address", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/signout/"]
)
def test_next_stays_here(sqlite_console, sign_in, address):
    browser = sign_in(sqlite_console, "ada")
    page = browser.session.get(
        f"{sqlite_console.url}/signin/", params={"next": address}, allow_redirects=False, timeout=30
    )
    assert page.headers["Location"] == "/"
