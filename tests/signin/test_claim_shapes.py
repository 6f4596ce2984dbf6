"""The shapes in which providers send groups and roles, signed in over HTTP; and what a person without access reads."""

import html
import json

import pytest

from tests.servers import text_of
from tests.signin.hostile_provider import Attempt, HostileProvider

URL = "https://example.com/roles"
ZITADEL = "urn:zitadel:iam:org:project:roles"
RULES = {
    "keycloak": {"admins": {"realm_access.roles": ["admins"]}},
    "hydra": {"admins": {"ext.groups": ["admins"]}},
    "auth0": {"admins": {URL: ["admins"]}},
    "zitadel": {"admins": {ZITADEL: ["admins"]}},
    "objects": {"admins": {"teams": {"values": ["admins"], "key": "name"}}},
    "blanks": {"admins": {"roles": {"values": ["admins"], "split": " "}}},
    "ldap": {"admins": {"memberOf": {"values": ["cn=admins,ou=x"], "split": ";"}}},
    "json": {"admins": {"custom:roles": {"values": ["admins"], "split": "json"}}},
    "paths": {"admins": {"groups": {"values": ["admins"], "leading_slash": "ignore"}}},
    "slash": {"admins": {"groups": ["/admins"]}},
    "mail": {"admins": {"email": ["Ada@Acme.example"]}},
}
OTHER = {"email": "ada@other.example", "email_verified": True}

# Claims → the organizations that they open.
CLAIMS = {
    "Keycloak's roles of the realm": ({"realm_access": {"roles": ["x", "admins"]}}, ["keycloak"]),
    "Hydra's session": ({"ext": {"groups": ["admins"]}}, ["hydra"]),
    "the same name with a dot": ({"ext.groups": ["admins"]}, ["hydra"]),
    "an address as name": ({URL: ["admins"]}, ["auth0"]),
    "Zitadel's roles": ({ZITADEL: {"admins": {"1": "acme.example"}}}, ["zitadel"]),
    "a list of objects": ({"teams": [{"id": 1, "name": "x"}, {"id": 2, "name": "admins"}]}, ["objects"]),
    "a text with blanks": ({"roles": "user admins"}, ["blanks"]),
    "a text with commas is one value": ({"roles": "user,admins"}, []),
    "names with commas": ({"memberOf": "cn=users,ou=x;cn=admins,ou=x"}, ["ldap"]),
    "JSON in a text": ({"custom:roles": '["admins", "x"]'}, ["json"]),
    "a path": ({"groups": ["/admins"]}, ["paths", "slash"]),
    "a group": ({"groups": ["admins"]}, ["paths"]),
    "a path in a path": ({"groups": ["/x/admins"]}, []),
    "an address": ({"email": "ADA@acme.EXAMPLE", "email_verified": "true"}, ["mail"]),
    "nothing": ({}, []),
    # hostile
    "an address with a look-alike": ({"email": "ad\u0430@acme.example", "email_verified": True}, []),
    "a name of the language": ({"__proto__": {"roles": ["admins"]}, "constructor": ["admins"]}, []),
    "a deep object": ({"realm_access": json.loads('{"roles":' * 30 + '["admins"]' + "}" * 30)}, []),
    "numbers": ({"groups": [1e308, 10**300, -1], "roles": 7, "realm_access": {"roles": 0}}, []),
    "100,000 groups": ({"groups": [f"g{number}" for number in range(100_000)] + ["/admins"]}, ["paths", "slash"]),
    "10,000 keys": ({ZITADEL: {f"r{number}": {} for number in range(10_000)}}, []),
    "both names": ({"ext.groups": ["x"], "ext": {"groups": ["admins"]}}, []),
}  # fmt: skip


@pytest.fixture(scope="module")
def provider_of_shapes():
    provider = HostileProvider()
    yield provider
    provider.server.shutdown()
    provider.server.server_close()


@pytest.fixture(scope="module")
def console_of_shapes(start_console, provider_of_shapes):
    return start_console("sqlite", OIDC_ISSUER=provider_of_shapes.issuer, CONSOLE_ORGANIZATIONS=json.dumps(RULES))


def sign_in_with(console, provider, claims, *, in_token=False):
    provider.behave()
    provider.claims = claims if in_token else {}
    provider.answers["/userinfo"] = {"sub": "ada", "name": "Ada", **({} if in_token else claims)}
    attempt = Attempt(console, provider)
    assert attempt.run().status_code == 302, text_of(attempt.browser.last)
    return attempt.browser


@pytest.mark.parametrize("name", CLAIMS)
def test_shapes(console_of_shapes, provider_of_shapes, directory, name):
    claims, organizations = CLAIMS[name]
    browser = sign_in_with(console_of_shapes, provider_of_shapes, claims)
    opened = [org for org in RULES if browser.get(f"/orgs/{org}/changes/").status_code == 200]
    assert opened == organizations
    home = browser.get("/", follow=False)
    assert home.status_code == {0: 403, 1: 302}.get(len(organizations), 200)


@pytest.mark.parametrize(
    "name", ["Keycloak's roles of the realm", "Zitadel's roles", "a list of objects", "an address"]
)
def test_shapes_in_the_id_token(console_of_shapes, provider_of_shapes, directory, name):
    claims, [organization] = CLAIMS[name]
    browser = sign_in_with(console_of_shapes, provider_of_shapes, claims, in_token=True)
    assert browser.get(f"/orgs/{organization}/changes/").status_code == 200


WITHOUT_ACCESS = {
    "Entra's overage": ({"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://graph"}}}, "groups that are assigned to this application"),
    "no flag": ({"email": "ada@acme.example"}, "Rules on email need the claim email_verified beside it"),
    "an unverified address": ({"email": "ada@acme.example", "email_verified": "false"}, "has not verified the e-mail"),
    "one text": ({"groups": "x admins"}, "is one text with several values"),
    "markup": ({"groups": ["<b>x</b>"], "roles": {"<script>": 1}}, "No rule accepts one of the values"),
}  # fmt: skip


@pytest.mark.parametrize("name", WITHOUT_ACCESS)
def test_page_and_command_say_the_same(console_of_shapes, provider_of_shapes, directory, tmp_path, name):
    claims, words = WITHOUT_ACCESS[name]
    page = sign_in_with(console_of_shapes, provider_of_shapes, claims).get("/")
    assert page.status_code == 403
    text = html.unescape(page.text)
    assert words in text
    assert "Details for the operator" in text
    assert "<script>" not in page.text.partition("<main")[2].replace("<script nonce", "")
    (tmp_path / "claims.json").write_text(json.dumps(claims))
    organization = "mail" if "email" in claims else "paths"
    command = console_of_shapes.manage("who_may", organization, "--claims", str(tmp_path / "claims.json"))
    assert command.returncode == 1
    [sentence] = [line.split(": ", 2)[2] for line in command.stdout.splitlines() if "✗" in line]
    assert sentence in text


def test_who_may_names_the_way_a_claim_is_read(console_of_shapes, tmp_path):
    (tmp_path / "claims.json").write_text(json.dumps({"roles": "x admins"}))
    command = console_of_shapes.manage("who_may", "blanks", "--claims", str(tmp_path / "claims.json"))
    assert command.returncode == 0, command.stderr
    assert "✓ admin    roles (split at ' ') is one of: admins" in command.stdout


@pytest.mark.parametrize("text", ["[" * 100_000, "{", '["x"]', "9" * 10_000, ""])
def test_who_may_refuses_what_is_no_document(console_of_shapes, tmp_path, text):
    (tmp_path / "claims.json").write_text(text)
    command = console_of_shapes.manage("who_may", "blanks", "--claims", str(tmp_path / "claims.json"))
    assert command.returncode == 1
    assert "CommandError: The claims" in command.stderr
    assert "Traceback" not in command.stderr


def test_a_mistake_in_the_rules_stops_the_start(console_of_shapes):
    rules = {"acme": {"admins": {"groups": {"values": ["x"], "split": "comma"}}}}
    done = console_of_shapes.manage("check", env={"CONSOLE_ORGANIZATIONS": json.dumps(rules)})
    assert done.returncode != 0
    assert "CONSOLE_ORGANIZATIONS: acme.admins.groups.split: write the separator itself" in done.stderr
