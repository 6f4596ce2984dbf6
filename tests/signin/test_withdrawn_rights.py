"""A right that was withdrawn at the provider ends here soon, and a second sign-in revokes the tokens of the first."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs

import pytest

from console.sandbox import processes
from tests.servers import Browser
from tests.signin.conftest import forget_metadata
from tests.signin.ended_sessions import key_hash, key_of, rows
from tests.signin.hostile_provider import DISCOVERY, Attempt
from tests.signin.test_frame_signin import Frame

PAGE = "/orgs/acme/changes/"  # needs no directory, so it refreshes no token by itself
DIRECTORY_PAGE = "/orgs/acme/types/"
NOBODY = {"sub": "ada", "name": "Ada"}
MEMBER = {**NOBODY, "groups": ["acme-admins"]}


@pytest.fixture(scope="module")
def framed_console(start_console, rotating):
    settings = processes.portal_settings(9, mode="same-site")
    return start_console("sqlite", OIDC_ISSUER=rotating.issuer, OIDC_TIMEOUT="6", **settings)


@pytest.fixture
def someone(rotating_console, rotating, directory):
    """Sign in at a provider with these documents; the browser, with the primary key of its session."""

    def sign_in(*, userinfo, id_token=None):
        forget_metadata()
        rotating.behave()
        rotating.claims = id_token or {}
        rotating.answers["/userinfo"] = userinfo
        attempt = Attempt(rotating_console, rotating)
        assert attempt.run().status_code == 302
        browser = attempt.browser
        browser.key = key_hash(rotating_console, browser)
        assert browser.get(PAGE, follow=False).status_code == 200
        return browser

    return sign_in


def claims_are_old(console, browser, minutes=11):
    sql = f"UPDATE signin_session SET claims_read_at = datetime('now', '-{minutes} minutes') WHERE key_hash = ?"
    rows(console, sql, browser.key)


def token_has_expired(console, browser):
    sql = "UPDATE signin_session SET token_expires_at = datetime('now', '+30 seconds') WHERE key_hash = ?"
    rows(console, sql, browser.key)


def with_id_token(rotating, **claims):
    """Refresh with an ID token that carries these claims."""
    rotating.claims = {"nonce": None, **claims}
    rotating.refreshed = lambda answer: {**answer, "id_token": rotating.id_token()}


def userinfo_calls(rotating):
    return [path for path, _ in rotating.calls].count("/userinfo")


@pytest.mark.parametrize("withdrawn", [NOBODY, {**NOBODY, "groups": []}, {**NOBODY, "groups": ["others"]}])
def test_a_right_from_userinfo_ends_after_ten_minutes_of_use(rotating_console, rotating, someone, withdrawn):
    ada = someone(userinfo=MEMBER)
    rotating.answers["/userinfo"] = withdrawn
    assert ada.get(PAGE, follow=False).status_code == 200, "not yet"
    claims_are_old(rotating_console, ada)
    assert ada.get(PAGE, follow=False).status_code == 404
    assert rotating.used == [], "no refresh was needed"
    rotating.answers["/userinfo"] = MEMBER
    claims_are_old(rotating_console, ada)
    assert ada.get(PAGE, follow=False).status_code == 200, "given again"


def test_claims_are_read_once_in_ten_minutes(rotating_console, rotating, someone):
    ada = someone(userinfo=MEMBER)
    claims_are_old(rotating_console, ada)
    before = userinfo_calls(rotating)
    for _ in range(3):
        assert ada.get(PAGE, follow=False).status_code == 200
    assert userinfo_calls(rotating) == before + 1


def test_a_right_from_userinfo_ends_with_the_next_refresh(rotating_console, rotating, someone):
    ada = someone(userinfo=MEMBER)
    rotating.answers["/userinfo"] = NOBODY
    token_has_expired(rotating_console, ada)
    ada.get(DIRECTORY_PAGE, follow=False)
    assert rotating.used, "the token was refreshed; the directory, which does not know it, makes for a second time"
    assert ada.get(PAGE, follow=False).status_code == 404


def test_a_right_from_the_id_token_ends_and_userinfo_does_not_withdraw_it(rotating_console, rotating, someone):
    ada = someone(userinfo=NOBODY, id_token={"groups": ["acme-admins"]})
    with_id_token(rotating, groups=["acme-admins"])
    claims_are_old(rotating_console, ada)
    assert ada.get(PAGE, follow=False).status_code == 200, "userinfo never had the claim"
    assert len(rotating.used) == 1, "only a refresh brings a newer ID token"
    rotating.refreshed = lambda answer: answer
    claims_are_old(rotating_console, ada)
    assert ada.get(PAGE, follow=False).status_code == 200, "a refresh without an ID token says nothing"
    with_id_token(rotating, groups=[])
    claims_are_old(rotating_console, ada)
    assert ada.get(PAGE, follow=False).status_code == 404


def test_an_id_token_does_not_bring_back_what_userinfo_withdrew(rotating_console, rotating, someone):
    ada = someone(userinfo=MEMBER, id_token={"groups": ["acme-admins"]})
    rotating.answers["/userinfo"] = NOBODY
    with_id_token(rotating, groups=["acme-admins"])
    for _ in range(2):
        token_has_expired(rotating_console, ada)
        ada.get(DIRECTORY_PAGE, follow=False)
        assert ada.get(PAGE, follow=False).status_code == 404


def test_a_refused_refresh_ends_the_session(rotating_console, rotating, someone):
    ada = someone(userinfo=NOBODY, id_token={"groups": ["acme-admins"]})
    rotating.refreshed = lambda _: (400, {}, b'{"error": "invalid_grant"}')
    claims_are_old(rotating_console, ada)
    page = ada.get(PAGE, follow=False)
    assert page.status_code == 302
    assert page.headers["Location"].startswith("/signin/")


@pytest.mark.parametrize("answer", [(401, {}, b"{}"), (403, {}, b"{}"), {"sub": "eve", "groups": ["acme-admins"]}])
def test_userinfo_that_refuses_a_fresh_token_ends_the_session(rotating_console, rotating, someone, answer):
    ada = someone(userinfo=MEMBER)
    rotating.answers["/userinfo"] = answer
    claims_are_old(rotating_console, ada)
    assert ada.get(PAGE, follow=False).status_code == 302
    assert len(rotating.used) == 1, "the token was refreshed first"


def test_a_provider_that_does_not_answer_withdraws_nothing(rotating_console, rotating, someone):
    ada = someone(userinfo=MEMBER)
    rotating.answers["/userinfo"] = (503, {}, b"")
    claims_are_old(rotating_console, ada)
    assert ada.get(PAGE, follow=False).status_code == 200
    before = userinfo_calls(rotating)
    assert ada.get(PAGE, follow=False).status_code == 200
    assert userinfo_calls(rotating) == before, "asked again after a minute"


def revoked(rotating):
    return {parse_qs(body)["token"][0] for path, body in rotating.calls if path == "/revoke"}


@pytest.fixture
def revoking(rotating):
    """The provider, with a revocation endpoint."""
    forget_metadata()
    rotating.behave()
    rotating.answers[DISCOVERY] = rotating.discovery(revocation_endpoint=f"{rotating.issuer}/revoke")
    rotating.answers["/revoke"] = {}
    return rotating


def tokens_named(provider, name):
    """Let the provider issue these tokens for the next code."""
    provider.claims = {"at_hash": None}  # which is that of another access token
    provider.answers["/token"] = lambda: provider.token(access_token=f"at-{name}", refresh_token=f"rt-{name}")


def test_a_second_sign_in_revokes_the_tokens_of_the_first(framed_console, revoking, directory):
    """One browser waits in a frame for a window, and signs in by itself meanwhile."""
    frame = Frame(framed_console.url).ask()
    tokens_named(revoking, "window")
    window = Attempt(framed_console, revoking)
    window.start(f"/embed/window/alone/?for={frame.challenge}")
    assert window.finish().status_code == 200
    code = window.browser.soup.select_one("#frame-completed")["data-code"]

    tokens_named(revoking, "former")
    former = Attempt(framed_console, revoking)
    former.browser = frame
    assert former.run().status_code == 302
    former_key = key_of(frame)
    frame.token = frame.form(PAGE, "/signout/")["csrfmiddlewaretoken"]
    assert revoked(revoking) == set()

    assert frame.receive(code).status_code == 303
    assert revoked(revoking) == {"rt-former", "at-former"}
    assert frame.get(PAGE, follow=False).status_code == 200
    assert key_of(frame) != former_key
    thief = Browser(framed_console.url)
    thief.session.cookies["console-session"] = former_key
    assert thief.get(PAGE, follow=False).status_code == 302, "the former session has ended"


def test_a_callback_of_a_signed_in_browser_leaves_no_tokens_behind(rotating_console, revoking, directory):
    """The second of two tabs finds its browser signed in: no tokens are issued for its code, and none are revoked."""
    first = Attempt(rotating_console, revoking)
    second = Attempt(rotating_console, revoking)
    second.browser = first.browser
    first.start()
    second.start(f"/signin/?next={DIRECTORY_PAGE}")
    revoking.nonce = first.parameters["nonce"]
    assert first.finish().status_code == 302
    assert first.is_signed_in()
    key = key_of(first.browser)
    revoking.nonce = second.parameters["nonce"]
    assert second.finish().headers["Location"] == DIRECTORY_PAGE
    assert [path for path, _ in revoking.calls].count("/token") == 1
    assert revoked(revoking) == set()
    assert key_of(first.browser) == key
    assert second.is_signed_in()


def test_reading_claims_during_a_refresh_loses_no_token(rotating_console, rotating, someone):
    """With rotation, a refresh whose new token is lost ends the session at the next refresh."""
    ada = someone(userinfo=MEMBER)
    refreshing = threading.Event()

    def slowly(answer):
        refreshing.set()
        time.sleep(1.5)
        return answer

    rotating.refreshed = slowly
    token_has_expired(rotating_console, ada)
    with ThreadPoolExecutor(1) as pool:
        refresh = pool.submit(ada.session.get, ada.url + DIRECTORY_PAGE, timeout=60, allow_redirects=False)
        assert refreshing.wait(20)
        rows(
            rotating_console,
            "UPDATE signin_session SET token_expires_at = datetime('now', '+1 hours'),"
            " claims_read_at = datetime('now', '-11 minutes') WHERE key_hash = ?",
            ada.key,
        )
        assert ada.get(PAGE, follow=False).status_code == 200
        refresh.result()
    rotating.refreshed = lambda answer: answer
    token_has_expired(rotating_console, ada)
    ada.get(DIRECTORY_PAGE, follow=False)
    assert len(rotating.used) == len(set(rotating.used)), "each refresh token was used once"
    assert ada.get(PAGE, follow=False).status_code == 200
