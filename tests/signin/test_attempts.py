"""Many tabs sign in at once: each has an attempt of its own, and all of them end signed in where they wanted to be."""

import random
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import requests
from django.utils.crypto import salted_hmac

from tests.servers import Browser, form_of, text_of
from tests.signin.ended_sessions import rows

PLACES = [f"/orgs/acme/types/?q=tab-{number}" for number in range(15)]


@pytest.fixture
def browser(sqlite_console, directory):
    return Browser(sqlite_console.url)


def begin(browser, place) -> str:
    """Ask for a page as a tab does: where the console sends it to sign in."""
    signin = browser.get(place, follow=False).headers["Location"]
    return browser.get(signin, follow=False).headers["Location"]


def begin_at_once(browser, places) -> list[str]:
    """Ask for all the pages before the browser has a cookie; it keeps every cookie that comes."""

    def first(place):
        return requests.get(f"{browser.url}/signin/?next={quote(place)}", allow_redirects=False, timeout=60)

    with ThreadPoolExecutor(len(places)) as pool:
        answers = list(pool.map(first, places))
    for answer in answers:
        browser.session.cookies.update(answer.cookies)
    return [answer.headers["Location"] for answer in answers]


def go_on(browser, location, person="ada"):
    """Follow the way to the provider and back, choosing a person if the provider asks."""
    page = browser.get(location)
    if "/pick/" in page.url:
        page = browser.session.post(
            page.url.split("?")[0], data={**form_of(page, "pick"), "person": person}, timeout=60
        )
    return page


def make_stale(console, location, minutes=16) -> None:
    [state] = parse_qs(urlsplit(location).query)["state"]
    secret = console.server.env["SECRET_KEY"]
    key = salted_hmac("console.signin.encryption.state", state, secret=secret, algorithm="sha256").hexdigest()
    sql = f"UPDATE signin_signinattempt SET started_at = datetime('now', '-{minutes} minutes') WHERE state_hash = ?"
    rows(console, sql, key)


def token_calls(provider) -> int:
    return provider.control()["token_calls"]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("start", ["at once", "one by one"])
def test_many_tabs_in_any_order(sqlite_console, browser, provider, start, seed):
    """One of them is stale. Only the first that comes back redeems its code."""
    ways = begin_at_once(browser, PLACES) if start == "at once" else [begin(browser, place) for place in PLACES]
    tabs = list(zip(ways, PLACES, strict=True))
    random.Random(seed).shuffle(tabs)
    make_stale(sqlite_console, tabs[(0, 7, 14)[seed]][0])
    calls = token_calls(provider)
    for way, place in tabs:
        page = go_on(browser, way)
        assert page.status_code == 200, text_of(page)
        assert page.url == sqlite_console.url + place
        assert "Ada Admin" in text_of(page)
    assert token_calls(provider) == calls + 1


def test_tabs_that_come_back_at_once(sqlite_console, browser):
    ways = begin_at_once(browser, PLACES[:6])
    go_on(browser, begin(browser, "/"))  # the provider knows the person; this console is to forget the session
    browser.session.cookies.pop("console-session")
    with ThreadPoolExecutor(6) as pool:
        pages = list(pool.map(lambda way: browser.session.get(way, timeout=60), ways))
    assert [page.url for page in pages] == [sqlite_console.url + place for place in PLACES[:6]]
    assert [page.status_code for page in pages] == [200] * 6
    assert browser.get("/sessions/", follow=False).status_code == 200


def test_an_attempt_outlives_a_whole_session(sqlite_console, browser):
    way = begin(browser, PLACES[3])
    go_on(browser, begin(browser, "/"))
    browser.post("/signout/", browser.form("/signout/", "/signout/"))
    assert browser.get("/", follow=False).status_code == 302
    assert go_on(browser, way, "otto").url == sqlite_console.url + PLACES[3]
    assert "Otto Auditor" in text_of(browser.get("/"))


def test_a_stale_attempt_starts_again_by_itself(sqlite_console, browser):
    way = begin(browser, PLACES[5])
    make_stale(sqlite_console, way)
    page = go_on(browser, way)
    assert any("/signin/?next=" in step.url for step in page.history), "its own code is redeemed by nobody"
    for _ in range(2):  # the provider asks once more in the attempt that replaces it, if it keeps nobody signed in
        if "/pick/" in page.url:
            sent = {**form_of(page, "pick"), "person": "ada"}
            page = browser.session.post(page.url.split("?")[0], data=sent, timeout=60)
    assert page.url == sqlite_console.url + PLACES[5]


def test_a_forgotten_attempt_is_none(sqlite_console, browser):
    way = begin(browser, PLACES[5])
    make_stale(sqlite_console, way, minutes=25 * 60)
    assert sqlite_console.manage("clearsessions").returncode == 0
    page = go_on(browser, way)
    assert page.status_code == 400
    assert 'data-code="invalid_state"' in page.text


def test_a_refused_callback_ends_its_own_attempt_only(sqlite_console, browser):
    refused, kept = begin(browser, PLACES[0]), begin(browser, PLACES[1])
    [state] = parse_qs(urlsplit(refused).query)["state"]
    [issuer] = [sqlite_console.server.env["OIDC_ISSUER"]]
    address = f"/signin/callback/?error=access_denied&state={state}&iss={quote(issuer)}"
    assert browser.get(address, follow=False).status_code == 403
    assert browser.get(address, follow=False).status_code == 400, "each callback works once"
    assert browser.get(f"/signin/callback/?code=x&state={'y' * 43}", follow=False).status_code == 400
    assert go_on(browser, kept).url == sqlite_console.url + PLACES[1]


def test_a_callback_that_is_loaded_again_leads_home(sqlite_console, browser):
    go_on(browser, begin(browser, PLACES[0]))
    for query in ("?code=c&state=s", "?error=access_denied&state=s", "", "?state=a&state=b"):
        page = browser.get(f"/signin/callback/{query}", follow=False)
        assert (page.status_code, page.headers["Location"]) == (302, "/")
    assert browser.get(PLACES[0], follow=False).status_code == 200


def test_the_person_of_this_session_stays_if_another_tab_comes_back(sqlite_console, browser):
    """The code of the second callback is redeemed by nobody: a session is not exchanged behind anybody's back."""
    way = begin(browser, PLACES[2])
    go_on(browser, begin(browser, "/"))
    for cookie in [c for c in browser.session.cookies if c.name.startswith("sandbox-provider")]:
        browser.session.cookies.clear(cookie.domain, cookie.path, cookie.name)
    page = go_on(browser, way, "otto")
    assert page.url == sqlite_console.url + PLACES[2]
    assert "Ada Admin" in text_of(page)


def test_a_browser_keeps_few_cookies(sqlite_console, browser):
    begin(browser, "/")
    names = set(browser.session.cookies.keys())
    for place in PLACES:
        begin(browser, place)
    assert set(browser.session.cookies.keys()) == names, "one cookie is for all attempts"
