"""Each wrong answer of a provider is refused with a page that names the reason; none is a 500, none leaves a session."""

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
import redis
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from tests import servers
from tests.servers import Browser, Console, form_of
from tests.signin.hostile_provider import (
    CLIENT_ID,
    DISCOVERY,
    KEY,
    OTHER_KEY,
    SHORT_KEY,
    Attempt,
    HostileProvider,
    public,
    raw_drip,
    raw_drip_headers,
    raw_garbage,
    raw_huge,
    raw_reset,
    signed_with_short_key,
)

HTML = (200, {"Content-Type": "text/html"}, b"<html>Sign in</html>")
MOVED = (302, {"Location": "http://127.0.0.1:9/elsewhere"}, b"")


@pytest.fixture(scope="module")
def provider_of_lies() -> Iterator[HostileProvider]:
    provider = HostileProvider()
    yield provider
    provider.server.shutdown()
    provider.server.server_close()


@pytest.fixture(scope="module")
def lied_to(start_console: Callable[..., Console], provider_of_lies: HostileProvider) -> Console:
    return start_console("sqlite", OIDC_ISSUER=provider_of_lies.issuer, OIDC_TIMEOUT="1.5")


@pytest.fixture
def hostile_provider(provider_of_lies: HostileProvider) -> HostileProvider:
    with redis.from_url(servers.REDIS) as cache:
        cache.flushdb()
    provider_of_lies.behave()
    return provider_of_lies


@pytest.fixture
def attempt(lied_to: Console, hostile_provider: HostileProvider) -> Attempt:
    return Attempt(lied_to, hostile_provider)


def test_it_works(attempt):
    page = attempt.run()
    assert page.status_code == 302
    assert page.headers["Location"] == "/"
    assert attempt.is_signed_in()


@pytest.mark.parametrize(
    "address", [{}, {"email": "ada@acme.example", "email_verified": True}, {"email": None}, {"email": ["a@b", 5]}]
)
def test_an_address_is_neither_needed_nor_anybodys_own(attempt, address):
    assert attempt.run().status_code == 302
    attempt.provider.claims["sub"] = f"bo-{len(str(address))}"
    other = Attempt(attempt.browser, attempt.provider)
    other.browser = Browser(attempt.browser.url)
    attempt.provider.answers["/userinfo"] = {"sub": attempt.provider.claims["sub"], "name": "Bo", **address}
    assert other.run().status_code == 302
    assert other.is_signed_in()


def test_what_is_asked(attempt):
    attempt.start()
    assert attempt.parameters["code_challenge_method"] == "S256"
    assert attempt.parameters["response_type"] == "code"
    attempt.finish()
    verifier = parse_qs(dict(attempt.provider.calls)["/token"])["code_verifier"][0]
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    assert attempt.parameters["code_challenge"] == challenge


def test_the_address_sets_nothing(attempt):
    page = attempt.browser.get(
        "/signin/?scope=admin&prompt=none&client_id=x&redirect_uri=http://evil&state=1", follow=False
    )
    parameters = parse_qs(urlsplit(page.headers["Location"]).query)
    assert parameters["scope"] == ["openid profile email offline_access"]
    assert parameters["client_id"] == [CLIENT_ID]
    assert parameters["prompt"] == ["consent"]
    assert "evil" not in page.headers["Location"]


def test_the_session_gets_a_new_key(attempt, lied_to):
    planted = "0123456789abcdefghijklmnopqrstuv"
    attempt.browser.session.cookies.set("console-session", planted, domain="127.0.0.1", path="/")
    attempt.start()
    attempt.finish()
    assert attempt.is_signed_in()
    assert planted not in attempt.browser.session.cookies.values()
    other = Browser(lied_to.url)
    other.session.cookies.set("console-session", planted)
    assert other.get("/", follow=False).status_code == 302


def _hs256(claims):
    def part(document):
        return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=")

    text = part({"alg": "HS256", "typ": "JWT", "kid": "k1"}) + b"." + part(claims)
    signature = hmac.new(b"secret", text, hashlib.sha256).digest()
    return (text + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


NOW = int(time.time())

CLAIMS = {
    "nonce": {"nonce": "another"},
    "no nonce": {"nonce": None},
    "iss": {"iss": "https://evil.example"},
    "no iss": {"iss": None},
    "aud": {"aud": "another-client"},
    "no aud": {"aud": None},
    "aud list without us": {"aud": ["a", "b"]},
    "several aud, no azp": {"aud": [CLIENT_ID, "b"]},
    "azp": {"azp": "another-client"},
    "expired": {"exp": NOW - 3600},
    "no exp": {"exp": None},
    "exp is text": {"exp": "tomorrow"},
    "exp is a number in quotes": {"exp": str(NOW + 3600)},
    "exp is true": {"exp": True},
    "exp is a list": {"exp": [NOW + 3600]},
    "iat is a number in quotes": {"iat": str(NOW)},
    "iat is true": {"iat": True},
    "iat is a list": {"iat": [NOW]},
    "nbf is a number in quotes": {"nbf": str(NOW - 60)},
    "not yet valid": {"nbf": NOW + 3600},
    "issued tomorrow": {"iat": NOW + 86400},
    "issued yesterday": {"iat": NOW - 86400, "exp": NOW + 3600},
    "no sub": {"sub": None},
    "sub is a number": {"sub": 7},
    "sub too long": {"sub": "x" * 256},
    "sub with a line break": {"sub": "ada\nadmin"},
    "at_hash": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    "deep groups": {"groups": json.loads("[" * 300 + "]" * 300)},
    "deep roles": {"realm_access": json.loads('{"a":' * 400 + "1" + "}" * 400)},
}


@pytest.mark.parametrize("name", CLAIMS)
def test_claims(attempt, name):
    attempt.provider.claims = CLAIMS[name]
    refused(attempt, attempt.run(), 502, "invalid_id_token")


TOKENS = {
    "alg none": lambda claims: jwt.encode(claims, None, "none"),
    "HS256 with the secret": _hs256,
    "unknown kid": lambda claims: jwt.encode(claims, KEY, "RS256", headers={"kid": "k9"}),
    "bad signature": lambda claims: jwt.encode(claims, OTHER_KEY, "RS256", headers={"kid": "k1"}),
    "critical header": lambda claims: jwt.encode(claims, KEY, "RS256", headers={"kid": "k1", "crit": ["x"], "x": 1}),
    "access token": lambda claims: jwt.encode(claims, KEY, "RS256", headers={"kid": "k1", "typ": "at+jwt"}),
    "logout token": lambda claims: jwt.encode(claims, KEY, "RS256", headers={"kid": "k1", "typ": "logout+jwt"}),
    "not a token": lambda claims: "not.a.token",
    "cut": lambda claims: jwt.encode(claims, KEY, "RS256", headers={"kid": "k1"})[:-20],
    "empty": lambda claims: "",
}


@pytest.mark.parametrize("name", TOKENS)
def test_id_tokens(attempt, name):
    attempt.provider.signed = TOKENS[name]
    refused(attempt, attempt.run(), 502, "invalid_id_token")


def test_short_key(attempt):
    attempt.provider.answers["/jwks"] = {"keys": [public(SHORT_KEY)]}
    attempt.provider.signed = signed_with_short_key
    refused(attempt, attempt.run(), 502, "invalid_id_token")


def _private(key):
    return {**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key)), "kid": "k1", "use": "sig"}


def _curve(key, algorithm):
    return {**json.loads(algorithm.to_jwk(key)), "kid": "k1"}


EC_KEY, ED_KEY = ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()
KEY_SETS = {
    "a private RSA key": ("RS256", KEY, _private(KEY)),
    "a private EC key": ("ES256", EC_KEY, _curve(EC_KEY, jwt.algorithms.ECAlgorithm)),
    "a private Ed25519 key": ("EdDSA", ED_KEY, _curve(ED_KEY, jwt.algorithms.OKPAlgorithm)),
    "a key to sign with": ("RS256", KEY, public(KEY, key_ops=["sign"])),
    "a key for nothing": ("RS256", KEY, public(KEY, key_ops=[])),
    "operations that are no list": ("RS256", KEY, public(KEY, key_ops="verify")),
    "a key to encrypt with": ("RS256", KEY, {**public(KEY), "use": "enc"}),
    "an empty use": ("RS256", KEY, {**public(KEY), "use": ""}),
    "a use that is a list": ("RS256", KEY, {**public(KEY), "use": ["sig"]}),
}


@pytest.mark.parametrize("name", KEY_SETS)
def test_keys_that_must_not_verify(attempt, name):
    algorithm, key, published = KEY_SETS[name]
    attempt.provider.answers["/jwks"] = {"keys": [published]}
    attempt.provider.signed = lambda claims: jwt.encode(
        {**claims, "at_hash": None}, key, algorithm, headers={"kid": "k1"}
    )
    refused(attempt, attempt.run(), 502, "invalid_id_token")


@pytest.mark.parametrize("typ", ["JWT", "jwt", "application/jwt"])
def test_spellings_of_the_type(attempt, typ):
    attempt.provider.signed = lambda claims: jwt.encode(claims, KEY, "RS256", headers={"kid": "k1", "typ": typ})
    assert attempt.run().status_code == 302


def test_an_issuer_parameter_that_occurs_twice(attempt):
    attempt.start()
    sent = [
        ("code", "c-1"),
        ("state", attempt.parameters["state"]),
        ("iss", "https://evil.example"),
        ("iss", attempt.provider.issuer),
    ]
    page = attempt.browser.get(f"/signin/callback/?{urlencode(sent)}", follow=False)
    refused(attempt, page, 400, "invalid_issuer_parameter")


MANY = [str(uuid.UUID(int=number)) for number in range(10_000)]


@pytest.mark.parametrize(
    "claims", [{"groups": [*MANY, "acme-admins"]}, {"groups": ["acme-admins"], "picture": "x" * 100_000}]
)
def test_large_claims(attempt, claims):
    provider = attempt.provider
    provider.answers[DISCOVERY] = provider.discovery(end_session_endpoint=f"{provider.issuer}/logout")
    provider.claims = claims
    provider.answers["/userinfo"] = {"sub": "ada", "name": "Ada", **claims}
    assert attempt.run().status_code == 302
    page = attempt.browser.get("/orgs/acme/changes/")
    assert page.status_code == 200
    sent = form_of(page, "/signout/")
    page = attempt.browser.post("/signout/", sent, follow=False)
    assert page.headers["Location"].startswith(f"{provider.issuer}/logout?")
    assert len(page.headers["Location"]) < 8000
    assert not attempt.is_signed_in()


CALLBACKS = {
    "wrong state": ({"state": "x" * 43}, 400, "invalid_state"),
    "no state": ({"state": None}, 400, "invalid_state"),
    "wrong iss parameter": ({"iss": "https://evil.example"}, 400, "invalid_issuer_parameter"),
    "iss parameter missing though promised": ({"iss": None}, 400, "invalid_issuer_parameter"),
    "no code": ({"code": None}, 400, "missing_code"),
    "error": ({"code": None, "error": "access_denied"}, 403, "provider_declined"),
    "odd error": ({"code": None, "error": "<script>alert(1)</script>"}, 403, "provider_declined"),
}


@pytest.mark.parametrize("name", CALLBACKS)
def test_callbacks(attempt, name):
    changed, status, code = CALLBACKS[name]
    page = attempt.run(**changed)
    refused(attempt, page, status, code)
    assert "<script>alert" not in page.text


def test_replayed_callback(attempt):
    attempt.start()
    assert attempt.finish().status_code == 302
    tokens_before = len([path for path, _ in attempt.provider.calls if path == "/token"])
    page = attempt.finish()
    assert (page.status_code, page.headers["Location"]) == (302, "/")
    assert len([path for path, _ in attempt.provider.calls if path == "/token"]) == tokens_before
    assert attempt.is_signed_in(), "a stranger's link must not sign anybody out"


def test_a_wrong_id_token_ends_its_own_attempt_only(attempt, lied_to):
    kept = Attempt(lied_to, attempt.provider)
    kept.browser = attempt.browser
    kept.start()
    nonce = attempt.provider.nonce
    attempt.start()
    attempt.provider.nonce = "another"
    refused(attempt, attempt.finish(), 502, "invalid_id_token")
    attempt.provider.nonce = nonce
    assert kept.finish().status_code == 302
    assert kept.is_signed_in()


def test_callback_in_another_browser(attempt, lied_to):
    attempt.start()
    stolen = Attempt(lied_to, attempt.provider)
    stolen.parameters = attempt.parameters
    refused(stolen, stolen.finish(), 400, "invalid_state")


ENDPOINTS = {
    "token endpoint redirects": ("/token", MOVED, 502, "invalid_token_response"),
    "token endpoint sends HTML": ("/token", HTML, 502, "invalid_token_response"),
    "token endpoint sends a list": ("/token", [1], 502, "invalid_token_response"),
    "token endpoint refuses": ("/token", (400, {}, b'{"error": "invalid_grant"}'), 403, "code_rejected"),
    "token endpoint refuses in HTML": ("/token", (403, {}, b"<h1>no</h1>"), 403, "code_rejected"),
    "token endpoint fails": ("/token", (500, {}, b"oops"), 503, "provider_unreachable"),
    "token endpoint sends 50 MB": ("/token", raw_huge, 502, "invalid_token_response"),
    "token endpoint drips": ("/token", raw_drip, 503, "provider_unreachable"),
    "token endpoint drips headers": ("/token", raw_drip_headers, 503, "provider_unreachable"),
    "token endpoint resets": ("/token", raw_reset, 503, "provider_unreachable"),
    "token endpoint is no HTTP": ("/token", raw_garbage, 502, "invalid_token_response"),
    "keys are none": ("/jwks", {"keys": []}, 502, "invalid_id_token"),
    "keys are no list": ("/jwks", {"keys": "all"}, 502, "invalid_keys"),
    "keys are nonsense": ("/jwks", {"keys": [7, {"kid": "k1"}, {"kid": "k1", "kty": "RSA"}]}, 502, "invalid_id_token"),
    "keys send HTML": ("/jwks", HTML, 502, "invalid_keys"),
    "keys redirect": ("/jwks", MOVED, 502, "invalid_keys"),
    "userinfo of another": ("/userinfo", {"sub": "eve", "groups": ["acme-admins"]}, 502, "invalid_userinfo"),
    "userinfo without sub": ("/userinfo", {"groups": ["acme-admins"]}, 502, "invalid_userinfo"),
    "userinfo redirects": ("/userinfo", MOVED, 502, "invalid_userinfo"),
    "userinfo sends HTML": ("/userinfo", HTML, 502, "invalid_userinfo"),
    "userinfo refuses": ("/userinfo", (401, {}, b""), 502, "invalid_userinfo"),
    "userinfo says sub twice": ("/userinfo", (200, {}, b'{"sub": "eve", "sub": "ada"}'), 502, "invalid_userinfo"),
    "discovery redirects": (DISCOVERY, MOVED, 502, "invalid_discovery"),
    "discovery sends HTML": (DISCOVERY, HTML, 502, "invalid_discovery"),
    "discovery sends 50 MB": (DISCOVERY, raw_huge, 502, "invalid_discovery"),
    "discovery drips": (DISCOVERY, raw_drip, 503, "provider_unreachable"),
    "discovery is missing": (DISCOVERY, (404, {}, b""), 502, "invalid_discovery"),
    "discovery is deep": (DISCOVERY, (200, {}, b"[" * 100_000), 502, "invalid_discovery"),
}


@pytest.mark.parametrize("name", ENDPOINTS)
def test_endpoints(attempt, name):
    path, answer, status, code = ENDPOINTS[name]
    attempt.provider.answers[path] = answer
    refused(attempt, attempt.run(), status, code)


DISCOVERIES = {
    "another issuer": {"issuer": "https://evil.example"},
    "issuer with a slash": {"issuer": "http://127.0.0.1/"},
    "no issuer": {"issuer": None},
    "http endpoint": {"token_endpoint": "http://login.evil.example/token"},
    "script endpoint": {"authorization_endpoint": "javascript:alert(1)"},
    "an empty user": {"token_endpoint": "http://@127.0.0.1:9/token"},
    "a user": {"jwks_uri": "https://user@login.example/jwks"},
    "a port that no host has": {"token_endpoint": "http://127.0.0.1:65536/token"},
    "a port with a sign": {"userinfo_endpoint": "https://login.example:+443/userinfo"},
    "a port that is a word": {"jwks_uri": "https://login.example:https/jwks"},
    "a line feed": {"token_endpoint": "http://127.0.0.1:9\n/token"},
    "a trailing line feed": {"authorization_endpoint": "http://127.0.0.1:9/authorize\n"},
    "a scheme in capitals": {"end_session_endpoint": "HTTPS://login.example/logout"},
    "a backslash": {"token_endpoint": "https://login.example\\@evil.example/token"},
    "an address in octal": {"token_endpoint": "https://0177.0.0.1/token"},
    "no keys": {"jwks_uri": None},
    "endpoint is a number": {"token_endpoint": 7},
    "no way to send the secret": {"token_endpoint_auth_methods_supported": ["private_key_jwt"]},
    "no S256": {"code_challenge_methods_supported": ["plain"]},
}


@pytest.mark.parametrize("name", DISCOVERIES)
def test_discovery(attempt, name):
    attempt.provider.answers[DISCOVERY] = attempt.provider.discovery(**DISCOVERIES[name])
    refused(attempt, attempt.run(), 502, "invalid_discovery")


def test_a_refused_document_is_not_cached(attempt):
    attempt.provider.answers[DISCOVERY] = attempt.provider.discovery(token_endpoint="http://@127.0.0.1:9/token")
    assert attempt.run().status_code == 502
    attempt.provider.answers[DISCOVERY] = attempt.provider.discovery()
    assert attempt.run().status_code == 302
    assert attempt.is_signed_in()


ANSWERS = {
    "not Bearer": {"token_type": "mac"},
    "no token_type": {"token_type": None},
    "no access token": {"access_token": None},
    "access token with a line break": {"access_token": "a\r\nX: y"},
}


@pytest.mark.parametrize("name", ANSWERS)
def test_token_answers(attempt, name):
    provider = attempt.provider
    provider.answers["/token"] = lambda: provider.token(**ANSWERS[name])
    refused(attempt, attempt.run(), 502, "invalid_token_response")


def test_no_id_token(attempt):
    provider = attempt.provider
    provider.answers["/token"] = lambda: provider.token(id_token=None)
    refused(attempt, attempt.run(), 502, "invalid_id_token")


def refused(attempt, page, status, code):
    assert page.status_code == status, page.text
    assert f'data-code="{code}"' in page.text
    assert 'role="alert"' in page.text
    assert not attempt.is_signed_in()
