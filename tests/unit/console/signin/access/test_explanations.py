"""Why a rule does not match, in sentences that say what helps."""

import json
from typing import Any

import pytest

from console.signin.access.explanations import explain_no_access, explain_organization
from console.signin.access.rules_parser import parse_organizations

LEFT_OUT = "The provider left out the claim groups, because it has too many values for one token"

SENTENCES: dict[str, tuple[Any, dict[str, Any], str]] = {
    "a missing claim": ({"groups": ["a"]}, {}, "The provider sent no claim groups."),
    "a missing path": ({"x.y": ["a"]}, {"x": {"z": "a"}}, "The provider sent no claim x.y."),
    "Entra's overage": ({"groups": ["a"]}, {"_claim_names": {"groups": "src1"}}, LEFT_OUT),
    "Entra's short overage": ({"groups": ["a"]}, {"hasgroups": True}, LEFT_OUT),
    "the overage of another claim": ({"groups": ["a"]}, {"_claim_names": {"x": "s"}}, "sent no claim groups"),
    "an overage that is text": (
        {"groups": ["a"]},
        {"_claim_names": "groups", "hasgroups": "x"},
        "sent no claim groups",
    ),
    "no flag": ({"email": ["a@b.example"]}, {"email": "a@b.example"}, "Rules on email need the claim email_verified"),
    "an unverified address": (
        {"email": ["a@b.example"]},
        {"email": "a@b.example", "email_verified": "false"},
        "has not verified the e-mail address",
    ),
    "no address": ({"email": ["a@b.example"]}, {"email_verified": True}, "The provider sent no claim email."),
    "another value": ({"groups": ["a"]}, {"groups": ["b"]}, "No rule accepts one of the values of the claim groups."),
    "no value": ({"groups": ["a"]}, {"groups": []}, "The claim groups contains no text."),
    "numbers": ({"groups": ["1"]}, {"groups": [1]}, "The claim groups contains no text."),
    "objects without a key": ({"groups": ["a"]}, {"groups": [{"name": "a"}]}, "The rule has to name the key"),
    "objects with another key": (
        {"groups": {"values": ["a"], "key": "id"}},
        {"groups": [{"name": "a"}]},
        "Nothing in the claim groups has a text under the key id.",
    ),
    "a text with blanks": ({"groups": ["a"]}, {"groups": "b a"}, '"split": " "'),
    "a text with commas": ({"groups": ["a"]}, {"groups": "b,a"}, '"split": ","'),
    "a text that is JSON": ({"groups": ["a"]}, {"groups": '["b", "a"]'}, '"split": "json"'),
    "a text that is not JSON": (
        {"groups": {"values": ["a"], "split": "json"}},
        {"groups": "a b"},
        'The claim groups is not JSON, although its rule says "split": "json".',
    ),
    "a slash": ({"groups": ["a"]}, {"groups": ["/a"]}, '"leading_slash": "ignore"'),
}


@pytest.mark.parametrize("name", SENTENCES)
def test_both_say_the_same(name: str) -> None:
    rule, claims, words = SENTENCES[name]
    organizations = parse_organizations(json.dumps({"acme": {"admins": rule}}))
    [check] = explain_organization(organizations.exact["acme"], claims)
    assert words in check.mismatch
    assert explain_no_access(organizations, claims) == [check.mismatch]
    assert check.mismatch.parts, "it can be translated"


def test_a_rule_that_matches_needs_no_explanation() -> None:
    organizations = parse_organizations('{"acme": {"admins": {"groups": ["a"]}, "auditors": {"sub": ["s"]}}}')
    checks = explain_organization(organizations.exact["acme"], {"groups": ["a"]})
    assert [check.mismatch for check in checks] == ["", "The provider sent no claim sub."]


def test_who_has_no_access_learns_no_accepted_value() -> None:
    rules = {
        "acme": {"admins": {"groups": ["secret-admins"]}},
        "globex": {"admins": {"groups": ["hidden"], "email": ["boss@globex.example"]}},
        "*": {"auditors": {"roles": ["audit-{organization}"]}},
    }
    claims = {"groups": ["staff"], "email": "eve@evil.example", "email_verified": True, "roles": "x"}
    sentences = explain_no_access(parse_organizations(json.dumps(rules)), claims)
    assert len(sentences) == 3
    text = " ".join(sentences)
    for hidden in ("secret-admins", "hidden", "boss@globex.example", "audit-", "acme", "globex"):
        assert hidden not in text


def test_patterns_are_explained() -> None:
    organizations = parse_organizations('{"*": {"admins": {"groups": ["org-{organization}-admins"]}}}')
    assert '"split": ","' in explain_no_access(organizations, {"groups": "staff,org-a-admins"})[0]
