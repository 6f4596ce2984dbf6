"""Who may open which organization: exact entries, patterns, roles, and rules that are rejected."""

import json
from typing import Any

import pytest

from console.signin.access.rules import Role, is_organization_id, rule_claims
from console.signin.access.rules_parser import parse_organizations

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


ACME = parse_organizations(
    '{"acme": {"admins": {"groups": ["admins"], "email": ["A@acme.example"]}, "auditors": {"sub": ["s"]}}}'
).exact["acme"]
DECISIONS: dict[str, tuple[dict[str, Any], Role | None]] = {
    "one of several groups": ({"groups": ["x", "admins"]}, Role.ADMIN),
    "a claim that is one string": ({"groups": "admins"}, Role.ADMIN),
    "an admin who is an auditor as well": ({"groups": ["admins"], "sub": "s"}, Role.ADMIN),
    "an auditor": ({"sub": "s"}, Role.AUDITOR),
    "no claim": ({}, None),
    "another case": ({"groups": ["Admins"]}, None),
    "part of a value": ({"groups": ["admins2", "admin"]}, None),
    "values that are not strings": ({"groups": [1, None, {"admins": 1}, ["admins"]]}, None),
    "an object with the value as a key": ({"groups": {"admins": True}}, Role.ADMIN),
    "a verified address": ({"email": "a@acme.example", "email_verified": True}, Role.ADMIN),
    "an unverified address": ({"email": "a@acme.example", "email_verified": False}, None),
    "an address without the flag": ({"email": "a@acme.example"}, None),
    "a flag that is a text": ({"email": "a@acme.example", "email_verified": "true"}, Role.ADMIN),
    "a flag that is a text with a capital": ({"email": "a@acme.example", "email_verified": "True"}, Role.ADMIN),
    "a flag that says no as text": ({"email": "a@acme.example", "email_verified": "false"}, None),
    "a flag that is another text": ({"email": "a@acme.example", "email_verified": "yes"}, None),
    "a flag that is a number": ({"email": "a@acme.example", "email_verified": 1}, None),
    "an address in capitals": ({"email": "A@ACME.EXAMPLE", "email_verified": True}, Role.ADMIN),
    "an address with a look-alike letter": (
        {"email": "a@acme.example".replace("c", "\u0441"), "email_verified": True},
        None,
    ),
}


@pytest.mark.parametrize("name", DECISIONS)
def test_decisions(name: str) -> None:
    claims, role = DECISIONS[name]
    assert ACME.role_of(claims) == role


def test_the_claims_of_rules_bring_along_what_explains_them() -> None:
    organizations = parse_organizations(json.dumps(RULES))
    assert rule_claims(organizations) == {"groups", "roles", "email", "email_verified", "_claim_names", "hasgroups"}
    nested = parse_organizations('{"acme": {"admins": {"realm_access.roles": ["x"]}}}')
    assert rule_claims(nested) >= {"realm_access.roles", "realm_access"}


@pytest.mark.parametrize("organization_id", ["acme", "a b", "ä", "a.b", "x" * 255])
def test_valid_ids(organization_id: str) -> None:
    assert is_organization_id(organization_id)


def test_an_address_names_ids_in_lower_case_only() -> None:
    """Addresses have no case and ids may have: ``ACME`` and ``acme`` may be two organizations."""
    organizations = parse_organizations('{"*": {"admins": {"email": ["admin@{organization}.example"]}}}')
    claims = {"email": "Admin@ALPHA.example", "email_verified": True}
    assert [organization.id for organization, _ in organizations.open_to(claims)] == ["alpha"]
    for organization_id, role in (("alpha", Role.ADMIN), ("ALPHA", None), ("Alpha", None)):
        organization = organizations.find(organization_id)
        assert organization is not None
        assert organization.role_of(claims) == role


def test_a_look_alike_letter_is_another_letter() -> None:
    """The Kelvin sign is a ``k`` to case folding, and the long s an ``s``: only ASCII letters have a case here."""
    organizations = parse_organizations('{"acme": {"admins": {"email": ["kas@acme.example"]}}}')
    for address in ("\u212aas@acme.example", "ka\u017f@acme.example"):
        assert organizations.open_to({"email": address, "email_verified": True}) == []
