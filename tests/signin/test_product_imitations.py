"""Providers as their public documents describe them, with the settings and rules of ``console/docs/providers.md``.

What cannot be installed here is imitated: its issuer, the scopes that it refuses, where it puts claims, which tokens it
sends and revokes, and what it needs for signing out. Canaille is in ``test_products.py``.
"""

import base64
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote_plus, urlsplit

import pytest

from tests.servers import form_of, text_of
from tests.signin.hostile_provider import Attempt, HostileProvider
from tests.signin.providers_page import SECTIONS, rules_of, settings_of

pytestmark = pytest.mark.long

STANDARD = {"openid", "profile", "email"}
SECRET = "aB+c/d=%41e~f-0123456789"
REVOKED, NOT_CONFIRMED, CANNOT = "tokens were revoked", "did not confirm", "cannot revoke tokens"


@dataclass(frozen=True)
class Imitation:
    """What is particular about a product.

    Attributes:
        path: of the issuer, with the slash at its end if it has one.
        scopes: those that it knows; others are refused.
        id_token: claims of a person in the ID token.
        userinfo: those of userinfo; ``None``: it refuses the token (401).
        refreshes: whether a request with these parameters brings a refresh token.
        signed_out: what the page says of the tokens.
        revokes: the kinds of tokens that it can revoke.
        end: the parameters that its logout needs; ``None``: it has no logout.
        discovery: further changes.

    """

    path: str
    scopes: set[str]
    signed_out: str
    id_token: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] | None = field(default_factory=dict)
    refreshes: Any = lambda query: "offline_access" in query["scope"].split()
    revokes: tuple[str, ...] | None = ("refresh_token", "access_token")
    end: tuple[str, ...] | None = ("id_token_hint", "post_logout_redirect_uri")
    discovery: dict[str, Any] = field(default_factory=dict)


def always(query):
    return True


IMITATIONS = {
    "Keycloak": Imitation(
        "/realms/example", STANDARD | {"offline_access"}, REVOKED, refreshes=always,
        userinfo={"groups": ["/acme-admins", "/staff"], "email_verified": False, "email": "a@acme.example"},
    ),
    "Entra ID": Imitation(
        "/00000000-0000-0000-0000-000000000000/v2.0", STANDARD | {"offline_access", "api://directory/Accounts.Manage"},
        CANNOT, id_token={"roles": ["Acme.Admin"], "oid": "1", "tid": "2", "ver": "2.0"}, userinfo=None, revokes=None,
        end=("post_logout_redirect_uri",), discovery={"token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"], "claims_supported": ["sub", "iss", "name"]},
    ),
    "Okta": Imitation(
        "/oauth2/default", STANDARD | {"offline_access", "groups"}, REVOKED, userinfo={"groups": ["Everyone", "acme-admins"]},
    ),
    "Auth0": Imitation(
        "/", STANDARD | {"offline_access"}, NOT_CONFIRMED, revokes=("refresh_token",),
        userinfo={"https://example.org/roles": ["acme-admins"], "email_verified": True},
        refreshes=lambda query: "offline_access" in query["scope"] and query["audience"] == "https://directory.example.org",
    ),
    "Google": Imitation(
        "", STANDARD, REVOKED, end=None,
        userinfo={"email": "Ada@acme.example", "email_verified": True, "hd": "acme.example"},
        refreshes=lambda query: query["access_type"] == "offline" and query["prompt"] == "consent",
    ),
    "Cognito": Imitation(
        "/eu-central-1_EXAMPLE", STANDARD, NOT_CONFIRMED, refreshes=always, revokes=("refresh_token",), end=(),
        id_token={"cognito:groups": ["acme-admins"], "cognito:username": "ada"},
        userinfo={"username": "ada", "email": "ada@acme.example", "email_verified": "true"},
    ),
    "Zitadel": Imitation(
        "", STANDARD | {"offline_access"}, REVOKED,
        userinfo={"urn:zitadel:iam:org:project:roles": {"acme-admin": {"1234": "acme.example"}}},
        discovery={"token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"]},
    ),
    "authentik": Imitation(
        "/application/o/console/", STANDARD | {"offline_access"}, REVOKED,
        userinfo={"groups": ["acme-admins", "authentik Admins"], "email_verified": False, "nickname": "ada"},
        discovery={"token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"]},
    ),
    "Ory Hydra": Imitation(
        "/", {"openid", "offline_access"}, REVOKED, id_token={"ext": {"groups": ["acme-admins"]}},
        userinfo={"ext": {"groups": ["acme-admins"]}, "aud": ["org-accounts-console"], "iss": "https://hydra.example.org/"},
    ),
    "ADFS": Imitation(
        "/adfs", STANDARD | {"allatclaims"}, CANNOT, id_token={"group": "EXAMPLE\\acme-admins", "upn": "ada@example.org"},
        userinfo=None, revokes=None, refreshes=lambda query: query["resource"] == "https://directory.example.org",
        discovery={"token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic", "private_key_jwt", "windows_client_authentication"], "access_token_issuer": "http://adfs.example.org/adfs/services/trust"},
    ),
    "LemonLDAP::NG": Imitation(
        "", STANDARD | {"offline_access", "groups"}, CANNOT, revokes=None, userinfo={"groups": "staff; acme-admins"},
    ),
}  # fmt: skip


class ImitatedProvider(HostileProvider):
    """Behaves as the imitation says."""

    def __init__(self, imitation):
        self.imitation = imitation
        super().__init__()
        self.base = self.issuer
        self.issuer = self.base + imitation.path
        self.behave()

    def behave(self):
        super().behave()
        self.claims, self.query = dict(self.imitation.id_token), {}
        if not hasattr(self, "base"):
            return
        end = {"end_session_endpoint": f"{self.base}/logout"} if self.imitation.end is not None else {}
        revoke = {"revocation_endpoint": f"{self.base}/revoke"} if self.imitation.revokes is not None else {}
        endpoints = {f"{name}_endpoint": f"{self.base}/{name}" for name in ("token", "userinfo")}
        changes = {"authorization_endpoint": f"{self.base}/authorize", "jwks_uri": f"{self.base}/jwks", **endpoints}
        document = self.discovery(
            **changes,
            **end,
            **revoke,
            **{"authorization_response_iss_parameter_supported": None, **self.imitation.discovery},
        )
        path = self.imitation.path.rstrip("/")
        self.answers[f"{path}/.well-known/openid-configuration"] = document
        self.answers["/token"] = self.issue
        self.answers["/revoke"] = self.revoke
        person = self.imitation.userinfo
        self.answers["/userinfo"] = (
            (401, {"WWW-Authenticate": "Bearer"}, b"") if person is None else {"sub": "ada", "name": "Ada", **person}
        )

    def is_client(self):
        """Both ways, decoded as the standard says."""
        _, headers = self.headers[-1]
        form = dict(parse_qsl(self.calls[-1][1]))
        if "Authorization" in headers:
            text = base64.b64decode(headers["Authorization"].partition(" ")[2]).decode()
            return [unquote_plus(part) for part in text.split(":")][1] == SECRET
        return form.get("client_secret") == SECRET

    def issue(self):
        if not self.is_client():
            return 401, {}, b'{"error": "invalid_client"}'
        refresh = {"refresh_token": "rt-0123456789"} if self.imitation.refreshes(self.query) else {}
        return self.token(**refresh)

    def revoke(self):
        form = dict(parse_qsl(self.calls[-1][1]))
        if form["token_type_hint"] in self.imitation.revokes:
            return 200, {}, b""
        return 400, {}, b'{"error": "unsupported_token_type"}'


@pytest.fixture(scope="module", params=IMITATIONS)
def imitated(request, start_console):
    name = request.param
    provider = ImitatedProvider(IMITATIONS[name])
    settings = {**settings_of(name), "OIDC_ISSUER": provider.issuer, "OIDC_CLIENT_SECRET": SECRET}
    settings.setdefault("OIDC_PROMPT", "")  # the sandbox sends one
    console = start_console("sqlite", CONSOLE_ORGANIZATIONS=rules_of(name), **settings)
    yield name, provider, console
    provider.server.shutdown()
    provider.server.server_close()


def test_the_settings_of_the_page_work(imitated, directory):
    name, provider, console = imitated
    imitation = IMITATIONS[name]
    attempt = Attempt(console, provider)
    page = attempt.start()
    provider.query = attempt.parameters
    assert set(provider.query["scope"].split()) <= imitation.scopes, "an unknown scope is refused"
    assert provider.query["code_challenge_method"] == "S256"
    assert page.status_code == 302
    page = attempt.finish(iss=None)
    assert page.status_code == 302, text_of(page)
    browser = attempt.browser
    assert browser.get("/orgs/acme/changes/").status_code == 200, "the rule of the page matches"
    assert browser.get("/orgs/acme/accounts/assign/", follow=False).status_code != 403, "as admin"
    assert "No refresh token came" not in console.log()

    sent = form_of(browser.get("/orgs/acme/changes/"), "/signout/")
    page = browser.post("/signout/", sent, follow=False, Sec_Fetch_Mode="navigate")
    text = text_of(page)
    assert imitation.signed_out in text
    assert ("You are still signed in at" in text) == (imitation.end is None)
    if imitation.end is not None:
        address = page.headers["Refresh"].removeprefix("0; url=")
        assert set(imitation.end) <= parse_qs(urlsplit(address).query).keys()


def test_doctor_accuses_nobody_wrongly(imitated):
    name, provider, console = imitated
    provider.answers["/token"] = lambda: (
        (400, {}, b'{"error": "invalid_grant"}') if provider.is_client() else (401, {}, b'{"error": "invalid_client"}')
    )
    done = console.manage("doctor", "--json", "--url", console.url)
    findings = json.loads(done.stdout)["findings"]
    provider.behave()
    ours = {"provider", "keys", "client", "redirect URI", "sign-out", "refresh token"}
    errors = [finding for finding in findings if finding["check"] in ours and finding["level"] == "error"]
    assert errors == []
    signs = " ".join(finding["message"] for finding in findings if finding["check"] == "sign-out")
    assert ("no end_session_endpoint" in signs) == (IMITATIONS[name].end is None)
    assert ("no revocation_endpoint" in signs) == (IMITATIONS[name].revokes is None)
    [redirect] = [finding for finding in findings if finding["check"] == "redirect URI"]
    assert redirect["message"].startswith("cannot tell"), "this provider has no page for prompt=none"


def test_every_product_of_the_page_is_tried():
    assert set(SECTIONS) == {*IMITATIONS, "Canaille"}
