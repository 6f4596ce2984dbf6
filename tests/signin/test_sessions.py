"""Sessions and tokens: limits, refreshing, signing out."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.servers import text_of
from tests.signin.ended_sessions import age, expire_token, key_hash, rows


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
    key = key_hash(sqlite_console, browser)
    age(sqlite_console, browser, "last_seen", 20)
    before = rows(sqlite_console, "SELECT last_seen FROM signin_session WHERE key_hash = ?", key)
    browser.get("/", X_Console_Poll="1")
    assert rows(sqlite_console, "SELECT last_seen FROM signin_session WHERE key_hash = ?", key) == before
    browser.get("/")
    assert rows(sqlite_console, "SELECT last_seen FROM signin_session WHERE key_hash = ?", key) != before


def test_tokens_are_encrypted_and_not_in_the_cookie(sqlite_console, sign_in):
    browser = sign_in(sqlite_console, "ada")
    key = key_hash(sqlite_console, browser)
    [(secret, data)] = rows(sqlite_console, "SELECT secret, session_data FROM signin_session WHERE key_hash = ?", key)
    assert secret.startswith("gAAAA")
    assert "access_token" not in data
    assert all(len(cookie.value) < 200 for cookie in browser.session.cookies)


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


def test_signing_out_revokes_and_ends(sqlite_console, sign_in, directory):
    browser = sign_in(sqlite_console, "ada")
    key = browser.session.cookies["console-session"]
    page = browser.post("/signout/", browser.form("/orgs/acme/types/", "/signout/"))
    assert "You are signed out" in text_of(page)
    assert page.url == f"{sqlite_console.url}/signout/", "the provider sends the browser back"
    assert rows(
        sqlite_console, "SELECT secret FROM signin_session WHERE key_hash = ?", key_hash(sqlite_console, key)
    ) == [("",)]
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
