"""Many organizations: rules in a file, patterns, the home page, and the command that explains a decision."""

import json
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.servers import Browser, text_of
from tests.signin.hostile_provider import HostileProvider

RULES = {
    "acme": {"name": "Acme GmbH", "admins": {"groups": ["acme-admins"]}, "auditors": {"groups": ["acme-audit"]}},
    "*": {
        "admins": {"groups": ["org-{organization}-admins"], "email": ["admin@{organization}.example"]},
        "auditors": {"groups": ["org-{organization}-audit"]},
    },
    "eu-*": {"name": "Europe: {organization}", "auditors": {"roles": ["audit:{organization}"]}},
}


THOUSAND = [f"org-unit-{number:04}-admins" for number in range(1000)]


@pytest.fixture(scope="module")
def provider_of_many():
    provider = HostileProvider()
    provider.answers["/userinfo"] = {"sub": "ada", "name": "Ada", "groups": [*THOUSAND, "org-acme-admins"]}
    yield provider
    provider.server.shutdown()
    provider.server.server_close()


@pytest.fixture(scope="module")
def many(start_console, provider_of_many, tmp_path_factory):
    path = tmp_path_factory.mktemp("rules") / "organizations.json"
    path.write_text(json.dumps(RULES))
    return start_console("sqlite", OIDC_ISSUER=provider_of_many.issuer, CONSOLE_ORGANIZATIONS=str(path))


@pytest.fixture
def ada(many, provider_of_many, directory):
    browser = Browser(many.url)
    sent = parse_qs(urlsplit(browser.get("/signin/", follow=False).headers["Location"]).query)
    provider_of_many.nonce = sent["nonce"][0]
    answer = {"code": "c", "state": sent["state"][0], "iss": provider_of_many.issuer}
    page = browser.get(f"/signin/callback/?{urlencode(answer)}")
    assert page.status_code == 200, text_of(page)
    return browser


def cards(browser, where=""):
    return [card["data-org"] for card in browser.soup.select(f".cards{where} a[data-org]")]


def test_a_thousand_organizations_are_paged_and_searched(ada):
    ada.get("/")
    assert cards(ada) == [f"unit-{number:04}" for number in range(60)]
    assert ada.soup.select_one("[data-total]")["data-total"] == "1000"
    assert len(ada.last.content) < 60_000
    ada.get("/?page=17")
    assert cards(ada) == [f"unit-{number:04}" for number in range(960, 1000)]
    ada.get("/?q=UNIT+77")
    assert cards(ada) == [org for org in (f"unit-{number:04}" for number in range(1000)) if "77" in org]
    page = ada.get("/?q=nothing-like-it", htmx=True)
    assert "<html" not in page.text
    assert cards(ada) == []
    for odd in ("/?page=-1", "/?page=x", "/?q=%00", f"/?q={'x' * 3000}"):
        assert ada.get(odd).status_code == 200, odd


def test_what_was_opened_last_comes_first(ada):
    for org in ("unit-0500", "unit-0100"):
        assert ada.get(f"/orgs/{org}/changes/").status_code == 200
    ada.get("/")
    assert cards(ada, "[data-recent]")[:2] == cards(ada)[:2] == ["unit-0100", "unit-0500"]
    ada.get("/orgs/unit-0500/changes/")
    ada.get("/")
    assert cards(ada)[:2] == ["unit-0500", "unit-0100"]


def test_the_gate_knows_patterns(ada):
    assert ada.get("/orgs/unit-0001/changes/").status_code == 200
    for foreign in ("acme", "unit-1000", "unit-0001-admins"):
        page = ada.get(f"/orgs/{foreign}/accounts/")
        assert page.status_code == 404
        assert "Page not found" in text_of(page)


def test_what_claims_name_and_the_directory_does_not_know(start_console, sign_in, directory):
    rules = {"*": {"admins": {"groups": ["{organization}s"]}}}  # acme-admin, globex-admin
    console = start_console("sqlite", CONSOLE_ORGANIZATIONS=json.dumps(rules))
    page = sign_in(console, "ada").get("/orgs/acme-admin/accounts/")
    assert page.status_code == 404
    assert "The directory does not know this organization" in text_of(page)


CASES = {
    "a pattern": ("unit-7", {"groups": ["org-unit-7-audit"]}, 0, ["by a pattern", "✗ admin    groups is one of: org-unit-7-admins: No rule accepts one of the values of the claim groups.", "✗ admin    email is one of: admin@unit-7.example: The provider sent no claim email.", "✓ auditor  groups is one of: org-unit-7-audit", "auditor: the first"]),
    "an entry": ("acme", {"groups": ["org-acme-admins"]}, 1, ["Acme GmbH (acme), by its own entry", "✗ auditor", "no access"]),
    "unverified": ("unit-7", {"email": "admin@unit-7.example"}, 1, ["Rules on email need the claim email_verified beside it"]),
    "no id": ("a/b", {}, 1, ["is not a valid organization id"]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_who_may_explains(many, name, tmp_path):
    org, claims, code, lines = CASES[name]
    path = tmp_path / "claims.json"
    path.write_text(json.dumps(claims))
    done = many.manage("who_may", org, "--claims", str(path))
    assert done.returncode == code, done.stderr
    for words in lines:
        assert words in done.stdout + done.stderr


def test_a_file_that_is_not_there_stops_the_start(many):
    done = many.manage("check", env={"CONSOLE_ORGANIZATIONS": "/nowhere/rules.json"})
    assert "CONSOLE_ORGANIZATIONS: /nowhere/rules.json cannot be read: FileNotFoundError" in done.stderr
