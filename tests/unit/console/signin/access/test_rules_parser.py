"""Rules that are rejected, each with a message that names the place and says what to write."""

import json
import re
from typing import Any

import pytest

from console.signin.access.rules_parser import RulesError, parse_organizations

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
    "a placeholder in an object": (
        {"acme": {"admins": {"groups": {"values": ["{organization}"]}}}},
        "acme.admins.groups: {organization} can be used in patterns only",
    ),
    "a number": ({"acme": {"auditors": {"groups": 7}}}, "acme.auditors.groups: a list of non-empty strings"),
    "a number in the list": ({"acme": {"auditors": {"groups": [7]}}}, "acme.auditors.groups: a list of non-empty"),
    "an empty list": ({"acme": {"admins": {"groups": []}}}, "acme.admins.groups: a list of non-empty strings"),
    "no values": ({"acme": {"admins": {"groups": {"split": ","}}}}, "acme.admins.groups: the list of accepted values"),
    "a list as values": (
        {"acme": {"admins": {"groups": {"values": {"a": 1}}}}},
        "acme.admins.groups.values: a list of non-empty strings",
    ),
    "an unknown key": (
        {"acme": {"admins": {"groups": {"value": ["x"]}}}},
        "acme.admins.groups: unknown key 'value'; known are values, split, key, leading_slash",
    ),
    "a separator in words": (
        {"acme": {"admins": {"groups": {"values": ["x"], "split": "comma"}}}},
        'acme.admins.groups.split: write the separator itself, such as ","',
    ),
    "no separator": ({"acme": {"admins": {"groups": {"values": ["x"], "split": ""}}}}, "acme.admins.groups.split"),
    "a separator that is true": ({"acme": {"admins": {"g": {"values": ["x"], "split": True}}}}, "acme.admins.g.split"),
    "a value with the separator": (
        {"acme": {"admins": {"groups": {"values": ["cn=a,ou=b"], "split": ","}}}},
        "acme.admins.groups.values: 'cn=a,ou=b' has the separator ','",
    ),
    "no key": (
        {"acme": {"admins": {"groups": {"values": ["x"], "key": ""}}}},
        "acme.admins.groups.key: write the name",
    ),
    "a key that is a list": ({"acme": {"admins": {"g": {"values": ["x"], "key": ["a"]}}}}, "acme.admins.g.key: write"),
    "a slash that is true": (
        {"acme": {"admins": {"groups": {"values": ["x"], "leading_slash": True}}}},
        'acme.admins.groups.leading_slash: the only value is "ignore"',
    ),
    "only a slash": (
        {"acme": {"admins": {"groups": {"values": ["/"], "leading_slash": "ignore"}}}},
        "acme.admins.groups.values: '/' is only a slash",
    ),
    "a claim without a name": ({"acme": {"admins": {"": ["x"]}}}, "acme.admins: '' is not the name of a claim"),
    "a claim of dots": ({"acme": {"admins": {"." * 40: ["x"]}}}, "is not the name of a claim"),
    "a role that is text": ({"acme": {"admins": "groups"}}, "acme.admins: an object that maps claims to lists"),
    "an organization that is a list": ({"acme": []}, "acme: an object with name, admins and auditors"),
    "a name in two lines": ({"acme": {"name": "A\nB", "admins": {"groups": ["x"]}}}, "acme.name: name must be"),
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
    for text in ("acme=admins", "organizations.json", "{'acme': {}}", '{"acme": {},}'):
        with pytest.raises(RulesError, match=r"not JSON.*the absolute path of a file"):
            parse_organizations(text)


def test_a_document_that_is_too_deep_is_rejected() -> None:
    with pytest.raises(RulesError, match="not JSON"):
        parse_organizations("[" * 100_000)
