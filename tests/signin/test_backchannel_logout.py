"""OpenID Connect Back-Channel Logout 1.0: the provider ends sessions; nobody else does."""

import json
import threading
import time

import jwt
import pytest
import requests

from tests.faults.fleet import Redis
from tests.signin import hostile_provider
from tests.signin.conftest import forget_metadata
from tests.signin.ended_sessions import key_hash, rows
from tests.signin.hostile_provider import CLIENT_ID, KEY, OTHER_KEY, Attempt

EVENT = "http://schemas.openid.net/event/backchannel-logout"
PAGE = "/orgs/acme/changes/"


def logout_token(provider, *, key=KEY, algorithm="RS256", header=None, **changed):
    """A good logout token of the provider, changed; ``None`` removes a claim."""
    now = int(time.time())
    claims = {
        "iss": provider.issuer,
        "aud": CLIENT_ID,
        "sub": "ada",
        "iat": now,
        "exp": now + 120,
        "jti": f"jti-{time.time_ns()}",
        "events": {EVENT: {}},
        **changed,
    }
    headers = {"kid": "k1", "typ": "logout+jwt", **(header or {})}
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, key, algorithm, headers)


def send(console, *tokens, method="POST", **fields):
    data = [("logout_token", token) for token in tokens] + list(fields.items())
    return requests.request(method, f"{console.url}/signin/backchannel-logout/", data=data, timeout=30)


@pytest.fixture
def person(rotating_console, rotating, directory):
    """Sign in, in a session of the provider's; the browser."""
    forget_metadata()
    rotating.behave()

    def sign_in(sid="s-1", sub="ada"):
        rotating.claims = {"sid": sid, "sub": sub}
        rotating.answers["/userinfo"] = {"sub": sub, "name": "Ada", "groups": ["acme-admins"]}
        attempt = Attempt(rotating_console, rotating)
        assert attempt.run().status_code == 302
        assert is_signed_in(attempt.browser)
        return attempt.browser

    return sign_in


def is_signed_in(browser) -> bool:
    return browser.get(PAGE, follow=False).status_code == 200


def test_by_subject_all_sessions_of_the_person_end(rotating_console, rotating, person):
    browsers, other = [person("s-1"), person("s-2")], person("s-3", sub="otto")
    key = key_hash(rotating_console, browsers[0])
    answer = send(rotating_console, logout_token(rotating))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert [is_signed_in(browser) for browser in browsers] == [False, False]
    assert is_signed_in(other)
    assert "The provider ended 2 sessions." in rotating_console.log()
    assert rows(rotating_console, "SELECT secret, session_data FROM signin_session WHERE key_hash = ?", key) == [
        ("", "")
    ]


@pytest.mark.parametrize("sub", ["ada", None])
def test_by_the_providers_session_only_its_sessions_end(rotating_console, rotating, person, sub):
    here, elsewhere = person("s-1"), person("s-2")
    assert send(rotating_console, logout_token(rotating, sid="s-1", sub=sub)).status_code == 200
    assert not is_signed_in(here)
    assert is_signed_in(elsewhere)


def test_the_providers_session_of_another_person_does_not_count(rotating_console, rotating, person):
    ada = person("s-1")
    assert send(rotating_console, logout_token(rotating, sid="s-1", sub="eve")).status_code == 200
    assert is_signed_in(ada)


def test_a_person_without_a_session_is_no_error(rotating_console, rotating, person):
    assert send(rotating_console, logout_token(rotating, sub="nobody")).status_code == 200


def test_a_token_counts_once(rotating_console, rotating, person):
    person()
    token = logout_token(rotating)
    assert send(rotating_console, token).status_code == 200
    again = person()
    assert send(rotating_console, token).status_code == 400
    assert is_signed_in(again)


def test_a_token_counts_once_while_the_cache_is_down(start_console, rotating, directory, tmp_path):
    cache = Redis(tmp_path)
    console = start_console("sqlite", OIDC_ISSUER=rotating.issuer, CACHE_URL=cache.url)
    rotating.behave()
    rotating.claims = {"sub": "ada"}
    rotating.answers["/userinfo"] = {"sub": "ada", "name": "Ada", "groups": ["acme-admins"]}

    def sign_in():
        attempt = Attempt(console, rotating)
        assert attempt.run().status_code == 302
        return attempt.browser

    first = sign_in()
    cache.kill()
    token = logout_token(rotating)
    assert send(console, token).status_code == 200
    assert not is_signed_in(first)
    again = sign_in()
    assert send(console, token).status_code == 400
    assert is_signed_in(again)


def test_what_is_remembered_of_old_tokens_is_deleted(rotating_console, rotating):
    assert send(rotating_console, logout_token(rotating, sub="nobody")).status_code == 200
    rows(rotating_console, "UPDATE signin_usedlogouttoken SET used_at = datetime('now', '-12 minutes')")
    assert send(rotating_console, logout_token(rotating, sub="nobody")).status_code == 200
    assert rotating_console.manage("clearsessions").returncode == 0
    assert rows(rotating_console, "SELECT count(*) FROM signin_usedlogouttoken") == [(1,)]


def test_sign_ins_that_wait_for_a_frame_are_discarded(rotating_console, rotating):
    code = """if True:
        import datetime
        from django.utils import timezone
        from console.signin.encryption import hash_provider_session, hash_subject
        from console.signin.models import FrameSignIn
        soon = timezone.now() + datetime.timedelta(minutes=2)
        for number, (subject, sid) in enumerate([("ada", "s-1"), ("ada", "s-2"), ("eve", "s-1"), ("eve", "s-3")]):
            FrameSignIn.objects.create(
                challenge=f"{subject} {sid}", code_hash="x", secret="x", is_proven=True, expires_at=soon,
                subject_hash=hash_subject(subject), provider_session_hash=hash_provider_session(sid),
            )
    """
    done = rotating_console.manage("shell", "--no-imports", "-v", "0", "-c", code)
    assert done.returncode == 0, done.stderr

    def waiting():
        return [one for (one,) in rows(rotating_console, "SELECT challenge FROM signin_framesignin ORDER BY challenge")]

    assert send(rotating_console, logout_token(rotating, sid="s-1")).status_code == 200
    assert waiting() == ["ada s-2", "eve s-1", "eve s-3"], "subject and session together"
    assert send(rotating_console, logout_token(rotating)).status_code == 200
    assert waiting() == ["eve s-1", "eve s-3"]
    assert send(rotating_console, logout_token(rotating, sub=None, sid="s-3")).status_code == 200
    assert waiting() == ["eve s-1"]


def unsigned(provider):
    return logout_token(provider, key="", algorithm="none")


def with_the_client_secret(provider):
    return logout_token(provider, key="client-secret-of-the-console-0123456789", algorithm="HS256")


def tampered(provider):
    head, _, signature = logout_token(provider, sub="eve").split(".")
    return ".".join([head, logout_token(provider).split(".")[1], signature])


REFUSED = {
    "another key": lambda provider: logout_token(provider, key=OTHER_KEY),
    "not signed": unsigned,
    "a symmetric key": with_the_client_secret,
    "tampered": tampered,
    "an unknown kid": lambda provider: logout_token(provider, header={"kid": "k9"}),
    "critical headers": lambda provider: logout_token(provider, header={"crit": ["b64"]}),
    "an access token": lambda provider: logout_token(provider, header={"typ": "at+jwt"}),
    "another issuer": lambda provider: logout_token(provider, iss="https://evil.example"),
    "no issuer": lambda provider: logout_token(provider, iss=None),
    "another client": lambda provider: logout_token(provider, aud="another"),
    "no audience": lambda provider: logout_token(provider, aud=None),
    "no iat": lambda provider: logout_token(provider, iat=None),
    "an old iat": lambda provider: logout_token(provider, iat=int(time.time()) - 3600),
    "an iat in the future": lambda provider: logout_token(provider, iat=int(time.time()) + 3600),
    "an iat as text": lambda provider: logout_token(provider, iat="now"),
    "no exp": lambda provider: logout_token(provider, exp=None),
    "expired": lambda provider: logout_token(provider, exp=int(time.time()) - 60),
    "no jti": lambda provider: logout_token(provider, jti=None),
    "a jti that is a list": lambda provider: logout_token(provider, jti=["x"]),
    "a long jti": lambda provider: logout_token(provider, jti="x" * 1001),
    "no events": lambda provider: logout_token(provider, events=None),
    "events as a list": lambda provider: logout_token(provider, events=[EVENT]),
    "another event": lambda provider: logout_token(provider, events={"https://example.org/": {}}),
    "an event that is no object": lambda provider: logout_token(provider, events={EVENT: True}),
    "a nonce": lambda provider: logout_token(provider, nonce="n"),
    "neither sub nor sid": lambda provider: logout_token(provider, sub=None),
    "a sub that is a list": lambda provider: logout_token(provider, sub=["ada"]),
    "an empty sub": lambda provider: logout_token(provider, sub=""),
    "a sid that is a number": lambda provider: logout_token(provider, sid=5),
    "no token at all": lambda provider: "x",
    "empty": lambda provider: "",
    "an ID token": lambda provider: provider.id_token(),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(rotating_console, rotating, person, name):
    ada = person()
    answer = send(rotating_console, REFUSED[name](rotating))
    assert answer.status_code == 400
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json() == {"error": "invalid_request"}
    assert is_signed_in(ada)


def test_exactly_one_token_in_the_body(rotating_console, rotating, person):
    ada = person()
    assert send(rotating_console).status_code == 400
    assert send(rotating_console, logout_token(rotating), logout_token(rotating)).status_code == 400
    address = f"{rotating_console.url}/signin/backchannel-logout/"
    assert requests.post(address, params={"logout_token": logout_token(rotating)}, timeout=30).status_code == 400
    body = json.dumps({"logout_token": logout_token(rotating)})
    headers = {"Content-Type": "application/json"}
    assert requests.post(address, data=body, headers=headers, timeout=30).status_code == 400
    assert send(rotating_console, logout_token(rotating), method="GET").status_code == 405
    assert is_signed_in(ada)


def test_keys_that_cannot_be_read_are_not_the_tokens_fault(rotating_console, rotating, person):
    ada = person()
    forget_metadata()
    rotating.answers[hostile_provider.DISCOVERY] = (503, {}, b"")
    assert send(rotating_console, logout_token(rotating)).status_code == 503
    assert is_signed_in(ada)


def test_strangers_do_not_occupy_the_console_while_the_provider_hangs(rotating_console, rotating, person):
    """A token with an unknown key makes the console ask the provider, and nobody has to sign in to send one."""
    ada = person()
    forget_metadata()
    at_once, released = [], threading.Event()

    def raw_hang(_handler):
        at_once.append(None)
        released.wait(30)

    rotating.answers[hostile_provider.DISCOVERY] = raw_hang
    answers = []
    strangers = [
        threading.Thread(target=lambda: answers.append(send(rotating_console, "e30.e30.e30").status_code))
        for _ in range(20)
    ]
    for stranger in strangers:
        stranger.start()
    assert is_signed_in(ada)
    assert len(at_once) <= 3, "more of the eight threads wait for the provider"
    for stranger in strangers:
        stranger.join()
    released.set()
    assert set(answers) == {503}
    assert "requests wait for the provider already" in rotating_console.log()
