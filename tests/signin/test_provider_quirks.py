"""What providers differ in: the request, the client's authentication, userinfo, their errors, and signing out."""

import base64
import html
import json
from urllib.parse import parse_qs, parse_qsl, urlsplit

import jwt
import pytest

from tests.servers import Browser, form_of, text_of
from tests.signin.conftest import forget_metadata
from tests.signin.ended_sessions import key_hash, rows
from tests.signin.hostile_provider import CLIENT_ID, DISCOVERY, KEY, OTHER_KEY, Attempt, HostileProvider

SECRET = "aB+c/d=%41e~f ü:&€"
LONG_SECRET = "hush-hush-hush-0123456789"


@pytest.fixture(scope="module")
def odd():
    provider = HostileProvider()
    yield provider
    provider.server.shutdown()
    provider.server.server_close()


@pytest.fixture(autouse=True)
def behaving(odd, directory):
    forget_metadata()
    odd.behave()


@pytest.fixture(scope="module")
def plain(start_console, odd):
    """A console with the defaults of production, which the sandbox changes."""
    return start_console("sqlite", OIDC_ISSUER=odd.issuer, OIDC_PROMPT="", OIDC_TIMEOUT="2")


@pytest.fixture(scope="module")
def adjusted(start_console, odd):
    return start_console(
        "sqlite",
        OIDC_ISSUER=odd.issuer,
        OIDC_CLIENT_SECRET=SECRET,
        OIDC_CLIENT_ID=CLIENT_ID,
        OIDC_SCOPES="openid, groups",
        OIDC_PROMPT="select_account,consent",
        OIDC_AUTHORIZATION_PARAMETERS="access_type=offline,audience=https://api.example.org/?a=b%2Cc",
        OIDC_USERINFO="optional",
        OIDC_LOGIN_ORIGINS="https://sso.example.org:8443",
        OIDC_TIMEOUT="2",
    )


@pytest.fixture(scope="module")
def without_userinfo(start_console, odd):
    return start_console(
        "sqlite",
        OIDC_ISSUER=odd.issuer,
        OIDC_CLIENT_SECRET=SECRET,
        OIDC_CLIENT_AUTHENTICATION="client_secret_post",
        OIDC_USERINFO="off",
    )


# --- the request


def test_no_prompt_by_default(plain, odd):
    attempt = Attempt(plain, odd)
    attempt.start()
    assert "prompt" not in attempt.parameters
    assert attempt.parameters["scope"] == "openid profile email offline_access"


def test_the_operators_parameters(adjusted, odd):
    odd.answers[DISCOVERY] = odd.discovery(authorization_endpoint=f"{odd.issuer}/authorize?tenant=1")
    page = Attempt(adjusted, odd).start()
    address = urlsplit(page.headers["Location"])
    sent = parse_qsl(address.query)
    assert len(sent) == len(dict(sent)), "each parameter once"
    assert dict(sent) | {"access_type": "offline", "audience": "https://api.example.org/?a=b,c"} == dict(sent)
    assert dict(sent)["prompt"] == "select_account consent"
    assert dict(sent)["scope"] == "openid groups"
    assert dict(sent)["tenant"] == "1"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("OIDC_SCOPES", "profile email", "openid is missing"),
        ("OIDC_AUTHORIZATION_PARAMETERS", "redirect_uri=https://evil.example", "the console sets redirect_uri itself"),
        ("OIDC_AUTHORIZATION_PARAMETERS", "State=1", "the console sets State itself"),
        ("OIDC_AUTHORIZATION_PARAMETERS", "nonce=1", "the console sets nonce itself"),
        ("OIDC_PROMPT", "none", "nobody could sign in"),
        ("OIDC_CLIENT_AUTHENTICATION", "private_key_jwt", "client_secret_basic, client_secret_post"),
        ("OIDC_USERINFO", "maybe", "required, optional, off"),
        ("OIDC_LOGIN_ORIGINS", "https://a.example; script-src *", "is not an origin"),
    ],
)
def test_settings_that_stop_the_start(plain, name, value, words):
    done = plain.manage("check", env={name: value})
    assert done.returncode != 0
    assert name in done.stderr
    assert words in done.stderr


def test_a_missing_refresh_token_is_explained(plain, odd):
    attempt = Attempt(plain, odd)
    assert attempt.run().status_code == 302
    line = next(line for line in plain.log().splitlines()[::-1] if "No refresh token came" in line)
    assert "OIDC_PROMPT=consent, which some providers require" in line
    findings = json.loads(plain.manage("doctor", "--json").stdout)["findings"]
    [finding] = [finding for finding in findings if finding["check"] == "refresh token"]
    assert finding["level"] == "warning"
    assert "the last sign-in brought no refresh token" in finding["message"]
    assert "OIDC_PROMPT=consent" in finding["fix"]


# --- the client's authentication


def basic_of(provider):
    """What the token endpoint got: id and secret as a provider decodes them (RFC 6749, section 2.3.1)."""
    [header] = [headers["Authorization"] for path, headers in provider.headers if path == "/token"]
    scheme, _, encoded = header.partition(" ")
    assert scheme == "Basic"
    client, _, secret = base64.b64decode(encoded).decode("ascii").partition(":")
    return tuple(parse_qs(f"v={text}")["v"][0] for text in (client, secret))


def test_id_and_secret_are_form_encoded(adjusted, odd):
    attempt = Attempt(adjusted, odd)
    assert attempt.run().status_code == 302, text_of(attempt.browser.last)
    assert basic_of(odd) == (CLIENT_ID, SECRET)


def test_id_and_secret_in_the_form(without_userinfo, odd):
    attempt = Attempt(without_userinfo, odd)
    assert attempt.run().status_code == 302, text_of(attempt.browser.last)
    sent = dict(parse_qsl(dict(odd.calls)["/token"]))
    assert (sent["client_id"], sent["client_secret"]) == (CLIENT_ID, SECRET)
    assert not any("Authorization" in headers for path, headers in odd.headers if path == "/token")


# --- userinfo

GROUPS = {"groups": ["acme-admins"]}


def test_userinfo_that_is_off_is_never_called(without_userinfo, odd):
    odd.claims = GROUPS
    attempt = Attempt(without_userinfo, odd)
    assert attempt.run().status_code == 302
    assert attempt.browser.get("/orgs/acme/changes/").status_code == 200
    assert not [path for path, _ in odd.calls if path == "/userinfo"]


OPTIONAL = {
    "refused": (401, {"WWW-Authenticate": 'Bearer error="invalid_token"'}, b""),
    "forbidden": (403, {}, b'{"error": "insufficient_scope"}'),
    "broken": (500, {}, b""),
    "HTML": (200, {"Content-Type": "text/html"}, b"<html>"),
    "encrypted": (200, {"Content-Type": "application/jwt"}, b"eyJh.b.c.d.e"),
}


@pytest.mark.parametrize("name", OPTIONAL)
def test_optional_userinfo_is_done_without(adjusted, odd, name):
    odd.claims = GROUPS
    odd.answers["/userinfo"] = OPTIONAL[name]
    attempt = Attempt(adjusted, odd)
    assert attempt.run().status_code == 302
    assert attempt.browser.get("/orgs/acme/changes/").status_code == 200
    assert "Userinfo is optional, and is done without" in adjusted.log()


def test_optional_userinfo_of_another_person_is_refused(adjusted, odd):
    odd.claims = GROUPS
    odd.answers["/userinfo"] = {"sub": "eve"}
    page = Attempt(adjusted, odd).run()
    assert page.status_code == 502
    assert 'data-code="invalid_userinfo"' in page.text


def test_a_right_that_optional_userinfo_gave_ends_with_it(adjusted, odd):
    odd.answers["/userinfo"] = {"sub": "ada", **GROUPS}
    attempt = Attempt(adjusted, odd)
    assert attempt.run().status_code == 302
    assert attempt.browser.get("/orgs/acme/changes/").status_code == 200
    odd.answers["/userinfo"] = (401, {}, b"")
    rows(
        adjusted,
        "UPDATE signin_session SET claims_read_at = datetime('now', '-11 minutes') WHERE key_hash = ?",
        key_hash(adjusted, attempt.browser),
    )
    assert attempt.browser.get("/orgs/acme/changes/", follow=False).status_code == 302


def signed(claims, key=KEY, algorithm="RS256"):
    def answer():
        token = jwt.encode(claims, key, algorithm, headers={"kid": "k1"})
        return 200, {"Content-Type": "application/jwt; charset=utf-8"}, token.encode()

    return answer


def person(provider, **changes):
    claims = {"iss": provider.issuer, "aud": CLIENT_ID, "sub": "ada", "name": "Ada", **GROUPS, **changes}
    return {name: value for name, value in claims.items() if value is not None}


@pytest.mark.parametrize("changes", [{}, {"iss": None, "aud": None}, {"aud": ["x", CLIENT_ID]}])
def test_signed_userinfo(plain, odd, changes):
    odd.answers["/userinfo"] = signed(person(odd, **changes))
    attempt = Attempt(plain, odd)
    assert attempt.run().status_code == 302, text_of(attempt.browser.last)
    assert attempt.browser.get("/orgs/acme/changes/").status_code == 200


WRONG = {
    "another key": ({}, OTHER_KEY, "RS256", "Its signature is wrong."),
    "unsigned": ({}, None, "none", "It is signed with none, which is not accepted."),
    "signed with the secret": ({}, LONG_SECRET * 2, "HS256", "It is signed with HS256"),
    "another issuer": ({"iss": "https://evil.example"}, KEY, "RS256", "Its issuer is https://evil.example, and"),
    "another client": ({"aud": "x"}, KEY, "RS256", "aud is x, and OIDC_CLIENT_ID is org-accounts-console"),
    "another person": ({"sub": "eve"}, KEY, "RS256", "It describes another person"),
    "nobody": ({"sub": None}, KEY, "RS256", "It lacks the claim sub."),
    "expired": ({"exp": 1_000_000_000}, KEY, "RS256", "It has expired"),
}


@pytest.mark.parametrize("name", WRONG)
def test_signed_userinfo_that_is_refused(plain, odd, name):
    changes, key, algorithm, words = WRONG[name]
    odd.answers["/userinfo"] = signed(person(odd, **changes), key, algorithm)
    refused(Attempt(plain, odd).run(), plain, words, code="invalid_userinfo")


# --- errors


def refused(page, console, *words, status=502, code):
    assert page.status_code == status, text_of(page)
    assert f'data-code="{code}"' in page.text
    line = next(line for line in console.log().splitlines()[::-1] if "Sign-in refused" in line)
    for word in words:
        assert word in html.unescape(page.text)
        assert word in line
    return line


ERRORS = {
    "invalid_scope": ("The scope 'x' is unknown", "one of the scopes of OIDC_SCOPES (invalid_scope)"),
    "access_denied": ("User cancelled", "declined (access_denied)"),
    "account_selection_required": ("", "the error account_selection_required"),
    "urn:vendor:error/17": ("AADSTS50105: not assigned\r\nto a role", "the error urn:vendor:error/17"),
    "<script>alert(1)</script>": ("<img src=x onerror=alert(1)>", "the error <script>alert(1)</script>"),
    "unauthorized_client": ("Token eyJhbGciOiJub25lIn0.e30.abc", "grants authorization code and refresh token"),
}


@pytest.mark.parametrize("error", ERRORS)
def test_errors_of_the_callback(plain, odd, error):
    description, words = ERRORS[error]
    attempt = Attempt(plain, odd)
    page = attempt.run(code=None, error=error, error_description=description)
    line = refused(page, plain, words, status=403, code="provider_declined")
    assert "<script>alert" not in page.text
    assert "<img" not in page.text
    shown = str(attempt.browser.soup.select_one(".problem"))
    assert "eyJhbGciOiJub25lIn0" not in shown + line, "the page's forms have its own address"
    if description.startswith("AADSTS"):
        assert "It says: “AADSTS50105: not assigned to a role”" in html.unescape(page.text)


def test_a_description_of_a_megabyte_is_cut(plain, odd):
    odd.answers["/token"] = (
        400,
        {},
        json.dumps({"error": "x" * 10_000, "error_description": "y" * 1_000_000}).encode(),
    )
    page = Attempt(plain, odd).run()
    assert page.status_code == 403
    assert len(page.text) < 20_000


TOKEN_ERRORS = {
    "a wrong secret": (401, {"error": "invalid_client", "error_description": "AADSTS7000215: wrong"}, "client_rejected", ["does not accept this console’s client id and secret", "AADSTS7000215", "OIDC_CLIENT_AUTHENTICATION"]),
    "401 without a word": (401, "", "client_rejected", ["OIDC_CLIENT_SECRET", "Its token endpoint answered 401"]),
    "a wrong secret with 400": (400, {"error": "invalid_client"}, "client_rejected", ["OIDC_CLIENT_ID"]),
    "a wrong code": (400, {"error": "invalid_grant", "error_description": "Code not valid"}, "code_rejected", ["already used or expired (invalid_grant)", "Code not valid"]),
    "a target": (400, {"error": "invalid_target", "error_description": "No resource"}, "code_rejected", ["the error invalid_target", "No resource"]),
    "a list": (400, ["x"], "code_rejected", ["answered 400"]),
    "an error with 200": (
        200,
        {"error": "bad_verification_code", "error_description": "The code is incorrect"},
        "code_rejected",
        ["the error bad_verification_code", "The code is incorrect"],
    ),
    "a redirect": (302, {"x": 1}, "invalid_token_response", ["Its token endpoint answered 302."]),
    "an error that is an object": (400, {"error": {"code": 7}}, "code_rejected", ["answered 400"]),
}  # fmt: skip


@pytest.mark.parametrize("name", TOKEN_ERRORS)
def test_errors_of_the_token_endpoint(plain, odd, name):
    status, document, code, words = TOKEN_ERRORS[name]
    odd.answers["/token"] = (status, {}, json.dumps(document).encode() if document else b"")
    refused(Attempt(plain, odd).run(), plain, *words, status=403 if code == "code_rejected" else 502, code=code)


def test_an_error_that_repeats_the_secret(plain, odd):
    secret = plain.server.env["OIDC_CLIENT_SECRET"]
    odd.answers["/token"] = (400, {}, json.dumps({"error": "x", "error_description": f"got {secret}"}).encode())
    page = Attempt(plain, odd).run()
    assert secret not in page.text + plain.log()


@pytest.mark.parametrize("claim", ["iss", "aud", "exp", "iat", "sub", "nonce"])
def test_a_missing_claim_is_named(plain, odd, claim):
    odd.claims = {claim: None}
    refused(Attempt(plain, odd).run(), plain, f"It lacks the claim {claim}.", code="invalid_id_token")


def test_issuers_are_named_to_the_slash(plain, odd):
    odd.claims = {"iss": f"{odd.issuer}/"}
    words = f"Its issuer is {odd.issuer}/, and OIDC_ISSUER is {odd.issuer}: they differ by the slash at the end."
    refused(Attempt(plain, odd).run(), plain, words, code="invalid_id_token")
    forget_metadata()
    odd.answers[DISCOVERY] = odd.discovery(issuer=f"{odd.issuer}/")
    refused(Attempt(plain, odd).run(), plain, words, code="invalid_discovery")
    forget_metadata()
    odd.behave()
    page = Attempt(plain, odd).run(iss="https://other.example")
    words = f"Its issuer is https://other.example, and OIDC_ISSUER is {odd.issuer}."
    refused(page, plain, words, status=400, code="invalid_issuer_parameter")


def test_an_encrypted_token_is_named(plain, odd):
    odd.signed = lambda claims: "eyJhbGciOiJSU0EtT0FFUCJ9.a.b.c.d"
    refused(
        Attempt(plain, odd).run(),
        plain,
        "It is encrypted, which this console does not support",
        code="invalid_id_token",
    )


def test_userinfo_that_refuses_the_token_is_explained(plain, odd):
    odd.answers["/userinfo"] = (401, {"WWW-Authenticate": 'Bearer error="invalid_token", error_description="aud"'}, b"")
    words = [
        "Its userinfo endpoint answered 401.",
        "meant for another service",
        "OIDC_USERINFO=optional",
        "invalid_token",
    ]
    refused(Attempt(plain, odd).run(), plain, *words, code="invalid_userinfo")


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"error": "insufficient_scope", "error_description": "No profile"}, ["the error insufficient_scope", "No profile"]),
        ({"groups": ["acme-admins"]}, ["It lacks the claim sub."]),
        ({"sub": None}, ["It lacks the claim sub."]),
    ],
)  # fmt: skip
def test_userinfo_without_a_person(plain, odd, document, words):
    odd.answers["/userinfo"] = document
    refused(Attempt(plain, odd).run(), plain, *words, code="invalid_userinfo")


# --- signing out

NAVIGATES = {"Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
REVOKED = "your tokens were revoked."

SIGN_OUTS = {
    "revoked": ({"revocation_endpoint": "/revoke"}, {}, [REVOKED]),
    "revoked already": ({"revocation_endpoint": "/revoke"}, (400, {}, b'{"error": "invalid_token"}'), [REVOKED]),
    "no endpoint": ({}, None, ["cannot revoke tokens"]),
    "refused": (
        {"revocation_endpoint": "/revoke"},
        (400, {}, b'{"error": "unsupported_token_type"}'),
        ["did not confirm"],
    ),
    "broken": ({"revocation_endpoint": "/revoke"}, (500, {}, b""), ["did not confirm"]),
    "redirected": ({"revocation_endpoint": "/revoke"}, (302, {"Location": "/"}, b""), ["did not confirm"]),
}


@pytest.mark.parametrize("name", SIGN_OUTS)
@pytest.mark.parametrize("has_end", [True, False], ids=["ends there", "stays there"])
def test_signing_out_tells_the_truth(plain, odd, name, has_end):
    endpoints, answer, words = SIGN_OUTS[name]
    endpoints = {**endpoints, **({"end_session_endpoint": "/logout"} if has_end else {})}
    odd.answers[DISCOVERY] = odd.discovery(**{key: odd.issuer + path for key, path in endpoints.items()})
    odd.answers["/revoke"] = answer
    attempt = Attempt(plain, odd)
    assert attempt.run().status_code == 302
    browser = attempt.browser
    page = browser.post(
        "/signout/", form_of(browser.get("/orgs/acme/changes/"), "/signout/"), follow=False, **NAVIGATES
    )
    for text in (text_of(page), text_of(browser.get("/signout/"))) if has_end else (text_of(page),):
        assert "You are signed out" in text
        assert (REVOKED in text) == name.startswith("revoked")
        assert all(word in text for word in words)
        assert ("You are still signed in at" in text) == (not has_end)
    refresh = page.headers.get("Refresh", "")
    assert refresh.startswith(f"0; url={odd.issuer}/logout?") if has_end else not refresh
    assert REVOKED not in text_of(browser.get("/signout/")), "told once"
    assert not attempt.is_signed_in()


def test_signing_out_while_the_provider_is_away(plain, odd):
    attempt = Attempt(plain, odd)
    assert attempt.run().status_code == 302
    sent = form_of(attempt.browser.get("/orgs/acme/changes/"), "/signout/")
    forget_metadata()
    odd.answers[DISCOVERY] = (503, {}, b"")
    text = text_of(attempt.browser.post("/signout/", sent, **NAVIGATES))
    assert "You are signed out" in text
    assert "did not confirm that your tokens were revoked" in text
    assert "does not answer, so you may still be signed in there" in text
    assert not attempt.is_signed_in()


def test_a_visitor_is_not_told_of_tokens(plain):
    text = text_of(Browser(plain.url).get("/signout/"))
    assert "You have no session here." in text
    assert "revoked" not in text


# --- where forms may lead


def form_action(page):
    policy = page.headers["Content-Security-Policy"]
    return next(part.split()[1:] for part in policy.split("; ") if part.startswith("form-action"))


def test_form_action_names_the_providers_origins(adjusted, odd):
    elsewhere = {
        "authorization_endpoint": "https://login.elsewhere.example/a",
        "end_session_endpoint": "https://out.example:8443/o",
    }
    odd.answers[DISCOVERY] = odd.discovery(**elsewhere)
    browser = Attempt(adjusted, odd).browser
    browser.get("/signin/", follow=False)
    expected = [
        "'self'",
        odd.issuer,
        "https://login.elsewhere.example",
        "https://out.example:8443",
        "https://sso.example.org:8443",
    ]
    assert form_action(browser.get("/signout/")) == expected
    forget_metadata()
    odd.answers[DISCOVERY] = (503, {}, b"")
    assert form_action(browser.get("/signout/")) == expected, "a provider that is away changes nothing"
