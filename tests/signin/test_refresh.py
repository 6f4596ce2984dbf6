"""Refreshing the access token: another person's ID token, slow providers, and who may end the session."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest

from tests.signin.conftest import forget_metadata
from tests.signin.ended_sessions import key_hash, rows
from tests.signin.hostile_provider import CLIENT_ID, DISCOVERY, KEY, OTHER_KEY, Attempt

SLOW = 5.8  # seconds that the slow provider takes; it may take 6
PAGE = "/orgs/acme/types/"


def has_ended(console, browser) -> bool:
    sql = "SELECT secret <> '', ended_at FROM signin_session WHERE key_hash = ?"
    [(has_secret, ended_at)] = rows(console, sql, browser.key)
    assert bool(has_secret) == (ended_at is None)
    return ended_at is not None


ID_TOKENS = {
    "another person": ({"sub": "eve"}, KEY),
    "another issuer": ({"iss": "https://evil.example"}, KEY),
    "another client": ({"aud": "another-client"}, KEY),
    "a further client": ({"aud": [CLIENT_ID, "another-client"], "azp": CLIENT_ID}, KEY),
    "another key": ({}, OTHER_KEY),
    "expired": ({"exp": 1}, KEY),
}


@pytest.mark.parametrize("name", ID_TOKENS)
def test_a_foreign_id_token_ends_the_session(rotating_console, rotating, ada, name):
    claims, key = ID_TOKENS[name]
    rotating.claims = {"nonce": None, **claims}
    rotating.signed = lambda claims: jwt.encode(claims, key, "RS256", headers={"kid": "k1"})
    rotating.refreshed = lambda answer: {**answer, "id_token": rotating.id_token()}
    page = ada.get(PAGE, follow=False)
    assert page.status_code == 302
    assert page.headers["Location"].startswith("/signin/")
    assert has_ended(rotating_console, ada)
    assert "A session ended: the provider refused to refresh the token" in rotating_console.log()


def test_an_id_token_that_is_no_token_ends_the_session(rotating_console, rotating, ada):
    rotating.refreshed = lambda answer: {**answer, "id_token": ["x"]}
    assert ada.get(PAGE, follow=False).status_code == 302
    assert has_ended(rotating_console, ada)


@pytest.mark.parametrize("with_token", [True, False])
def test_ones_own_id_token_or_none_keeps_the_session(rotating_console, rotating, ada, with_token):
    rotating.claims = {"nonce": None}
    rotating.refreshed = lambda answer: {**answer, "id_token": rotating.id_token()} if with_token else answer
    ada.get(PAGE, follow=False)
    assert rotating.used[0] == "rt-0"
    assert not has_ended(rotating_console, ada)


def test_a_slow_refresh_happens_once(rotating_console, rotating, ada):
    """The lease covers all calls that are made under it, so nobody sends the same refresh token a second time."""
    forget_metadata()
    document = rotating.discovery()

    def slowly(answer):
        time.sleep(SLOW)
        return answer

    rotating.answers[DISCOVERY] = lambda: slowly(document)
    rotating.refreshed = slowly
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: ada.session.get(ada.url + PAGE, timeout=60, allow_redirects=False), range(2)))
    assert len(rotating.used) == len(set(rotating.used))
    assert not has_ended(rotating_console, ada)


def refusing(change):
    """An answer that refuses, after the session was changed."""

    def answer(_):
        change()
        return 400, {}, b'{"error": "invalid_grant"}'

    return answer


def test_a_refused_refresh_ends_the_session(rotating_console, rotating, ada):
    rotating.refreshed = refusing(lambda: None)
    assert ada.get(PAGE, follow=False).status_code == 302
    assert has_ended(rotating_console, ada)


def test_only_the_owner_of_the_lease_ends_the_session(rotating_console, rotating, ada):
    sql = "UPDATE signin_session SET refresh_owner = ? WHERE key_hash = ?"
    rotating.refreshed = refusing(lambda: rows(rotating_console, sql, uuid.uuid4().hex, ada.key))
    assert ada.get(PAGE, follow=False).status_code != 302
    assert not has_ended(rotating_console, ada)


def test_a_refusal_of_former_tokens_does_not_end_the_session(rotating_console, rotating, ada):
    other = Attempt(rotating_console, rotating)
    assert other.run().status_code == 302
    newer = "SELECT secret FROM signin_session WHERE key_hash = ?"
    [(secret,)] = rows(rotating_console, newer, key_hash(rotating_console, other.browser))
    sql = "UPDATE signin_session SET secret = ?, token_expires_at = datetime('now', '+1 hours') WHERE key_hash = ?"
    rotating.refreshed = refusing(lambda: rows(rotating_console, sql, secret, ada.key))
    ada.get("/", follow=False)
    ada.get("/orgs/acme/users/nobody/", follow=False)
    [(stored, ended_at)] = rows(
        rotating_console, "SELECT secret, ended_at FROM signin_session WHERE key_hash = ?", ada.key
    )
    assert rotating.used, "the token was refreshed"
    assert (stored, ended_at) == (secret, None)
