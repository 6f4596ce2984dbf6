"""Who may open which organization: exact entries, patterns, roles, and rules that are rejected."""

import json
import re
from typing import Any

import pytest

from console.signin.access.rules import Organization, Role, is_organization_id, relevant_claims, rule_claims
from console.signin.access.rules_parser import RulesError, parse_organizations

RULES = {
    "acme": {"name": "Acme GmbH", "admins": {"groups": ["acme-admins"]}, "auditors": {"groups": ["acme-audit"]}},
    "*": {
        "admins": {"groups": ["org-{organization}-admins"], "email": ["admin@{organization}.example"]},
        "auditors": {"groups": ["org-{organization}-audit"]},
    },
    "eu-*": {"name": "Europe: {organization}", "auditors": {"roles": ["audit:{organization}"]}},
}


def roles(**claims: Any) -> dict[str, str]:
    """The ids of the organizations that the claims give access to, each with the role."""
    organizations = parse_organizations(json.dumps(RULES))
    return {organization.id: role.value for organization, role in organizations.open_to(claims)}


def test_patterns_give_access_to_the_ids_in_the_claims() -> None:
    groups = ["org-alpha-admins", "org-beta-audit", "org-beta-admins", "acme-admins", "org--admins", "staff"]
    assert roles(groups=groups) == {"acme": "admin", "alpha": "admin", "beta": "admin"}
    assert roles(groups="org-alpha-audit") == {"alpha": "auditor"}, "a claim can be one text"
    assert roles(roles=["audit:eu-nord", "audit:us-east"]) == {"eu-nord": "auditor"}, "of the pattern's ids only"
    assert roles(email="admin@alpha.example", email_verified=True) == {"alpha": "admin"}
    assert roles(email="admin@alpha.example") == {}
    assert roles(groups=["org-acme-admins"]) == {}, "an organization with an entry of its own follows that alone"


@pytest.mark.parametrize("odd", ["..", ".", "a/b", "a\\b", "a%2fb", " a", "a\u202eb", "a\x00b", "a" * 256, "a\nb", ""])
def test_an_invalid_id_gives_no_access(odd: str) -> None:
    assert roles(groups=[f"org-{odd}-admins"]) == {}
    assert parse_organizations(json.dumps(RULES)).find(odd) is None


INVALID: dict[str, tuple[Any, str]] = {
    "no placeholder": ({"*": {"admins": {"groups": ["everybody"]}}}, "must contain {organization} exactly once"),
    "two placeholders": ({"*": {"admins": {"groups": ["{organization}{organization}"]}}}, "exactly once"),
    "a placeholder without a pattern": ({"acme": {"admins": {"groups": ["{organization}"]}}}, "in patterns only"),
    "two stars": ({"*-*": {"admins": {"groups": ["{organization}"]}}}, "use exactly one"),
    "a pattern for no id": ({"../*": {"admins": {"groups": ["{organization}"]}}}, "not a pattern"),
    "nobody": ({"*": {}}, "nobody has access"),
    "no name": ({"acme": {"name": "", "admins": {"groups": ["x"]}}}, "name must be a non-empty string"),
    "an unknown field": ({"acme": {"admin": {"groups": ["x"]}}}, "unknown field 'admin'"),
    "rules that are a list": ({"acme": {"admins": ["x"]}}, "an object that maps claims to lists"),
    "an empty value": ({"acme": {"admins": {"groups": [""]}}}, "a list of non-empty strings"),
    "no organization": ({}, "without a rule, nobody has access"),
    "a list": ([], "without a rule, nobody has access"),
    "an id that is none": ({"a/b": {"admins": {"groups": ["x"]}}}, "not an organization id"),
}


@pytest.mark.parametrize("name", INVALID)
def test_invalid_rules_are_rejected(name: str) -> None:
    rules, message = INVALID[name]
    with pytest.raises(RulesError, match=re.escape(message)):
        parse_organizations(json.dumps(rules))


def test_duplicate_keys_are_rejected() -> None:
    entry = '{"admins": {"groups": ["x"]}}'
    with pytest.raises(RulesError, match="'acme' occurs twice"):
        parse_organizations(f'{{"acme": {entry}, "acme": {entry}}}')


def test_text_that_is_not_json_is_rejected() -> None:
    with pytest.raises(RulesError, match="not JSON"):
        parse_organizations("acme=admins")


ACME = Organization(
    "acme", "Acme", {"groups": frozenset({"admins"}), "email": frozenset({"a@acme.example"})}, {"sub": frozenset({"s"})}
)
DECISIONS: dict[str, tuple[dict[str, Any], Role | None]] = {
    "one of several groups": ({"groups": ["x", "admins"]}, Role.ADMIN),
    "a claim that is one string": ({"groups": "admins"}, Role.ADMIN),
    "an admin who is an auditor as well": ({"groups": ["admins"], "sub": "s"}, Role.ADMIN),
    "an auditor": ({"sub": "s"}, Role.AUDITOR),
    "no claim": ({}, None),
    "another case": ({"groups": ["Admins"]}, None),
    "part of a value": ({"groups": ["admins2", "admin"]}, None),
    "values that are not strings": ({"groups": [1, None, {"admins": 1}, ["admins"]]}, None),
    "a claim that is an object": ({"groups": {"admins": True}}, None),
    "a verified address": ({"email": "a@acme.example", "email_verified": True}, Role.ADMIN),
    "an unverified address": ({"email": "a@acme.example", "email_verified": False}, None),
    "an address without the flag": ({"email": "a@acme.example"}, None),
    "a flag that is a string": ({"email": "a@acme.example", "email_verified": "true"}, None),
    "a flag that is a number": ({"email": "a@acme.example", "email_verified": 1}, None),
}


@pytest.mark.parametrize("name", DECISIONS)
def test_decisions(name: str) -> None:
    claims, role = DECISIONS[name]
    assert ACME.role_of(claims) == role


def test_each_rule_explains_why_it_does_not_match() -> None:
    checks = {check.claim: check.mismatch for check in ACME.explain({"groups": [7], "email": "a@acme.example"})}
    assert checks == {
        "groups": "it contains no text",
        "email": "email_verified is not true",
        "sub": "the claim is missing",
    }
    [groups, *_] = ACME.explain({"groups": "others"})
    assert groups.mismatch == "none of its values is accepted"


def test_the_claims_of_rules_bring_email_verified_along() -> None:
    organizations = parse_organizations(json.dumps(RULES))
    assert rule_claims(organizations) == {"groups", "roles", "email", "email_verified"}
    assert rule_claims(parse_organizations('{"acme": {"admins": {"groups": ["x"]}}}')) == {"groups"}


@pytest.mark.parametrize("organization_id", ["acme", "a b", "ä", "a.b", "x" * 255])
def test_valid_ids(organization_id: str) -> None:
    assert is_organization_id(organization_id)


def test_of_long_claims_only_what_rules_accept_is_kept() -> None:
    organizations = parse_organizations(json.dumps(RULES))
    groups = [*(f"group-{number}" for number in range(10_000)), "acme-admins", "org-alpha-audit", {"not": "text"}]
    claims = {"groups": groups, "email": "x" * 100_000, "roles": {"a": "b"}, "picture": "y" * 100_000}
    relevant = relevant_claims(organizations, claims)
    assert relevant["groups"][:2] == ["acme-admins", "org-alpha-audit"]
    assert len(json.dumps(relevant)) < 1000
    assert organizations.open_to(relevant) == organizations.open_to(claims)


def test_short_claims_are_kept_whole() -> None:
    claims = {"groups": ["a", 7, None], "email": "a@acme.example", "email_verified": True, "name": "Ada"}
    relevant = relevant_claims(parse_organizations(json.dumps(RULES)), claims)
    assert relevant == {"groups": ["a", 7, None], "email": "a@acme.example", "email_verified": True}
