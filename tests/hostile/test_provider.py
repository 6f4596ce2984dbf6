"""What the provider may answer: any JSON in any place of discovery, keys, token, userinfo and ID token, any callback.

Never a 500, and never a session unless all is right.
"""

import json
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
import redis
from hypothesis import example, given
from hypothesis import strategies as st

from tests import servers
from tests.hostile.checks import check_answer, check_json_log
from tests.hostile.examples import Tally, hostile
from tests.hostile.texts import nasty
from tests.hostile.wire import Wire
from tests.signin.hostile_provider import CLIENT_ID, KEY, OTHER_KEY, HostileProvider, public

pytestmark = pytest.mark.long

DISCOVERY = "/.well-known/openid-configuration"
RULES = {  # every way to read a claim
    "acme": {"admins": {"groups": ["acme-admins"], "email": ["boss@acme.example"]}},
    "paths": {"admins": {"roles.a": ["x"]}, "auditors": {"roles": {"values": ["x"], "leading_slash": "ignore"}}},
    "texts": {"admins": {"groups": {"values": ["x"], "split": "json", "key": "name"}}},
    "*": {"auditors": {"roles": {"values": ["{organization}-audit"], "split": ","}}},
}

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), nasty, st.sampled_from([1e400, 10**400])
)
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(nasty, inner, max_size=3)),
    max_leaves=6,
)
value = st.one_of(
    anything, nasty, st.sampled_from(["9" * 5000, [CLIENT_ID], [CLIENT_ID, "x"], -1, 0, 1e308, "ada", "Bearer"])
)


def fields(*names):
    return st.one_of(st.just({}), st.dictionaries(st.sampled_from(names), value, min_size=1, max_size=2))


discoveries = fields(
    "issuer", "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "end_session_endpoint",
    "revocation_endpoint", "authorization_response_iss_parameter_supported", "token_endpoint_auth_methods_supported",
    "code_challenge_methods_supported",
)  # fmt: skip
tokens = fields("access_token", "token_type", "expires_in", "id_token", "refresh_token", "scope")
claims = fields(
    "iss", "aud", "sub", "iat", "exp", "nbf", "nonce", "at_hash", "azp", "email", "name", "groups", "roles",
    "_claim_names", "hasgroups",
)  # fmt: skip
people = fields(
    "sub", "name", "email", "email_verified", "groups", "preferred_username", "given_name", "picture", "roles",
    "roles.a", "_claim_names",
)  # fmt: skip
keys = fields("kty", "kid", "use", "alg", "n", "e", "key_ops", "x5c", "crv")
bodies = st.one_of(st.none(), st.none(), st.none(), st.none(), st.none(), st.none(), st.binary(max_size=40))
paths = st.sampled_from([DISCOVERY, "/token", "/jwks", "/userinfo"])
callbacks = st.one_of(
    st.just({}),
    st.just({}),
    st.dictionaries(
        st.sampled_from(["state", "iss", "code", "error", "error_description", "scope", "id_token"]), nasty, max_size=2
    ),
)


@pytest.fixture(scope="module")
def liar():
    provider = HostileProvider()
    yield provider
    provider.server.shutdown()
    provider.server.server_close()


@pytest.fixture(scope="module")
def wire(start_console, liar):
    settings = {"OIDC_ISSUER": liar.issuer, "OIDC_TIMEOUT": "1", "LOG_FORMAT": "json"}
    console = start_console("postgresql", CONSOLE_ORGANIZATIONS=json.dumps(RULES), **settings)
    wire = Wire(console, person="")
    yield wire
    wire.close()


class SignIn:
    """One attempt, with a cookie jar."""

    def __init__(self, wire, provider):
        self.wire, self.provider = wire, provider
        self.cookies: dict[str, str] = {}

    def get(self, target):
        held = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = [("Cookie", held)] if held else []
        answer = self.wire.send("GET", target, headers=headers, signed_in=False)
        for name, text in answer.headers:
            if name.lower() == "set-cookie":
                cookie, _, value = text.split(";")[0].partition("=")
                self.cookies[cookie] = value
        return answer

    def run(self, callback):
        first = self.get("/signin/")
        if first.status != 302:
            return first, {}
        asked = {name: found[0] for name, found in parse_qs(urlsplit(first.header("Location")).query).items()}
        self.provider.nonce = asked["nonce"]
        sent = {"code": "c-1", "state": asked["state"], "iss": self.provider.issuer, **callback}
        query = urlencode(sent, errors="surrogatepass")
        return self.get(f"/signin/callback/?{query}"), {**sent, "asked": asked}


def all_is_right(provider, used, sent, key_changed):
    """What a session needs, told from what was really answered."""
    token, claims, person = used["token"], used["claims"], used["person"]
    audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    # A discovery document without userinfo is one that has no such endpoint.
    assert used["discovery"]["issuer"] == provider.issuer
    assert sent["iss"] == provider.issuer
    assert sent["state"] == sent["asked"]["state"]
    assert "error" not in sent
    assert str(token["token_type"]).lower() == "bearer"
    assert token["access_token"]
    assert claims["iss"] == provider.issuer
    assert CLIENT_ID in audience
    assert len(audience) == 1 or claims["azp"] == CLIENT_ID
    assert claims["nonce"] == provider.nonce
    assert float(claims["exp"]) > 1_700_000_000
    assert isinstance(claims["sub"], str)
    assert claims["sub"].isprintable()
    assert used["discovery"].get("userinfo_endpoint") is None or person["sub"] == claims["sub"]
    assert not used["forged"]
    assert not key_changed.keys() & {"kty", "n", "e"}, "such a key verifies nothing"


def test_answers_and_callbacks(wire, liar):
    provider = liar
    tally, opened, start = Tally("provider"), [0], len(wire.console.log())
    with redis.from_url(servers.REDIS) as cache:

        @hostile("provider")
        @given(
            discovery=discoveries, token=tokens, claim=claims, person=people, key=keys, callback=callbacks,
            path=paths, body=bodies, forged=st.sampled_from([False] * 7 + [True]),
        )  # fmt: skip
        @example({}, {"expires_in": "9" * 5000}, {}, {}, {}, {}, DISCOVERY, None, False)
        @example({}, {"refresh_token": "\ud800"}, {}, {}, {}, {}, DISCOVERY, None, False)
        @example({}, {}, {}, {"groups": ["\ud800\u202e"]}, {}, {}, DISCOVERY, None, False)
        @example({}, {}, {}, {}, {}, {}, DISCOVERY, None, False)
        def run(discovery, token, claim, person, key, callback, path, body, forged):
            tally.one()
            cache.flushdb()
            provider.behave()
            used = {"forged": forged}

            def id_token(given):
                used["claims"] = given
                return jwt.encode(given, OTHER_KEY if forged else KEY, "RS256", headers={"kid": "k1"})

            def answer_token():
                used["token"] = {**provider.token(), **token}
                return used["token"]

            provider.claims, provider.signed = claim, lambda given: sign(id_token, given)
            used["discovery"] = provider.answers[DISCOVERY] = {**provider.discovery(), **discovery}
            provider.answers["/jwks"] = {"keys": [{**public(KEY), **key}]}
            used["person"] = provider.answers["/userinfo"] = {**provider.answers["/userinfo"], **person}
            provider.answers["/token"] = answer_token
            if body is not None:
                provider.answers[path] = (200, {}, body)
            attempt = SignIn(wire, provider)
            answer, sent = attempt.run(callback)
            check_answer(answer, may_fail=(502, 503))
            home = attempt.get("/")
            signed_in = home.status != 302 or "/signin/" not in home.header("Location")
            check_answer(home)
            if signed_in:
                opened[0] += 1
                all_is_right(provider, used, sent, key)
                assert (
                    body is None
                    or path == DISCOVERY
                    or (path == "/userinfo" and not discovery.get("userinfo_endpoint", 1))
                )
                check_answer(attempt.get("/orgs/acme/changes/"))

        run()
    print(f"provider: {opened[0]} sessions opened")
    assert opened[0] > 3, "right answers have to be among them"
    check_json_log(wire.console.log()[start:])
    tally.done()


def sign(id_token, given):
    """PyJWT refuses to make some tokens; those are signed as they are."""
    try:
        return id_token(given)
    except (TypeError, ValueError):
        return json.dumps(given)
