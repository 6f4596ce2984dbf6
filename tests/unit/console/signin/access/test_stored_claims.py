"""What is stored of a person's claims: short, and every rule decides on it as on the whole."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.signin.access import stored_claims
from console.signin.access.rules_parser import parse_organizations
from console.signin.access.stored_claims import relevant_claims

RULES = {
    "acme": {"admins": {"groups": ["acme-admins"], "email": ["admin@acme.example"]}},
    "*": {"auditors": {"groups": ["org-{organization}-audit"]}},
    "eu-*": {"auditors": {"roles": ["audit:{organization}"]}},
}
MANY = [f"group-{number}" for number in range(10_000)]


def test_of_long_claims_only_what_rules_accept_is_kept() -> None:
    organizations = parse_organizations(json.dumps(RULES))
    groups = [*MANY, "acme-admins", "org-alpha-audit", {"not": "text"}]
    claims = {"groups": groups, "email": "x" * 100_000, "roles": {"a": "b" * 10_000}, "picture": "y" * 100_000}
    relevant = relevant_claims(organizations, claims)
    assert relevant["groups"][:2] == ["acme-admins", "org-alpha-audit"]
    assert len(json.dumps(relevant)) < 1000
    assert organizations.open_to(relevant) == organizations.open_to(claims)
    assert len(organizations.open_to(claims)) == 2


def test_short_claims_are_kept_whole() -> None:
    claims = {"groups": ["a", 7, None], "email": "a@acme.example", "email_verified": True, "name": "Ada"}
    relevant = relevant_claims(parse_organizations(json.dumps(RULES)), claims)
    assert relevant == {"groups": ["a", 7, None], "email": "a@acme.example", "email_verified": True}


LONG: dict[str, tuple[Any, dict[str, Any]]] = {
    "a path": ({"r.roles": ["a"]}, {"r": {"roles": [*MANY, "a"], "x": "y" * 10_000}}),
    "an object": ({"roles": ["a"]}, {"roles": {**dict.fromkeys(MANY, "x"), "a": {"o": "p" * 10_000}}}),
    "an object that says no": ({"roles": ["a"]}, {"roles": {**dict.fromkeys(MANY, True), "a": False}}),
    "objects": ({"g": {"values": ["a"], "key": "n"}}, {"g": [*({"n": name} for name in MANY), {"n": "a"}]}),
    "one object": ({"g": {"values": ["a"], "key": "n"}}, {"g": {"n": [*MANY, "a"], "m": "x" * 10_000}}),
    "objects with two keys": (
        {"g": {"values": ["a"], "key": "n.m"}, "g.x": ["y"]},
        {"g": {"n": {"m": [*MANY, "a"]}, "x": ["y"]}},
    ),
    "a text with commas": ({"g": {"values": ["a"], "split": ","}}, {"g": ",".join([*MANY, "a"])}),
    "a text that is JSON": ({"g": {"values": ["a"], "split": "json"}}, {"g": json.dumps([*MANY, "a"])}),
    "a text that is JSON of objects": (
        {"g": {"values": ["a"], "split": "json", "key": "n"}},
        {"g": json.dumps([*({"n": name} for name in MANY[:9000]), {"n": "a"}])},
    ),
    "slashes": ({"g": {"values": ["a"], "leading_slash": "ignore"}}, {"g": [f"/{name}" for name in [*MANY, "a"]]}),
    "a name beside its path": ({"a.b": ["a"], "a": ["b"]}, {"a": {"b": [*MANY, "a"], "c": 1}}),
    "one long text": ({"g": ["a" * 9000]}, {"g": "a" * 9000}),
    "one other long text": ({"g": ["a"]}, {"g": "a" * 9000}),
}


@pytest.mark.parametrize("name", LONG)
def test_decisions_stay_the_same(name: str) -> None:
    rules, claims = LONG[name]
    documents = [{"acme": {"admins": {claim: rule}}} for claim, rule in rules.items()]
    together = parse_organizations(json.dumps({"acme": {"admins": rules}}))
    relevant = relevant_claims(together, claims)
    assert len(json.dumps(relevant)) < 10_000
    for document in documents:
        organizations = parse_organizations(json.dumps(document))
        assert organizations.open_to(relevant) == organizations.open_to(claims)


def test_two_separators_of_one_claim() -> None:
    rules = {f"o{number}": {"admins": {"g": {"values": ["a"], "split": split}}} for number, split in enumerate(",;")}
    organizations = parse_organizations(json.dumps(rules))
    claims = {"g": ",".join([*MANY[:5000], "a"])}
    assert [found.id for found, _ in organizations.open_to(relevant_claims(organizations, claims))] == ["o0"]
    huge = {"g": ",".join([*MANY * 2, "a"])}
    assert relevant_claims(organizations, huge) == {"g": ""}


def test_what_was_left_out_is_kept_without_addresses() -> None:
    organizations = parse_organizations(json.dumps(RULES))
    claims = {
        "_claim_names": {"groups": "src1"},
        "_claim_sources": {"src1": {"endpoint": "https://x"}},
        "hasgroups": True,
    }
    assert relevant_claims(organizations, claims) == {"_claim_names": {"groups": ""}, "hasgroups": True}
    for odd in ("text", 7, None, ["groups"]):
        assert relevant_claims(organizations, {"_claim_names": odd}) == {"_claim_names": False}


def test_the_original_is_never_changed() -> None:
    organizations = parse_organizations('{"acme": {"admins": {"a": ["x"], "a.b": ["y"]}}}')
    claims = {"a": {"b": MANY, "c": {"d": "e"}}}
    before = json.dumps(claims)
    relevant_claims(organizations, claims)
    assert json.dumps(claims) == before


def test_the_name_of_a_key_becomes_no_value() -> None:
    """One rule reads the object's keys, another one what is at the key ``x``, which the object has not."""
    rules = {"acme": {"admins": {"g": ["x"]}}, "globex": {"admins": {"g": {"values": ["y"], "key": "x"}}}}
    organizations = parse_organizations(json.dumps(rules))
    assert organizations.open_to(relevant_claims(organizations, {"g": dict.fromkeys(MANY, 1)})) == []
    claims = {"g": {**dict.fromkeys(MANY, 1), "x": "y"}}
    assert len(organizations.open_to(relevant_claims(organizations, claims))) == 2


names = st.sampled_from(["a", "b", "a.b", "a.b.c", "b.c", "x", "email", "email_verified", "_claim_names"])
texts = st.sampled_from(["x", "y", "/x", "x,y", "x y", "", "org-q-a", "Q@Z.example", '["x"]', '[{"a":"x"}]', "true"])
values = st.recursive(
    st.one_of(texts, st.none(), st.booleans(), st.integers(-2, 2)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.one_of(names, texts), inner, max_size=4)),
    max_leaves=12,
)
ways = st.fixed_dictionaries(
    {"values": st.lists(st.sampled_from(["x", "y"]), min_size=1)},
    optional={
        "split": st.sampled_from(["json", ",", " "]),
        "key": st.sampled_from(["a", "b", "a.b", "x"]),
        "leading_slash": st.just("ignore"),
    },
)
accepted = st.lists(st.sampled_from(["x", "/x", "q@z.example", "x y", "org-q-a"]), min_size=1)
rule_sets = st.dictionaries(st.sampled_from(["a", "b", "a.b", "x", "email"]), st.one_of(accepted, ways), min_size=1)


@settings(max_examples=300, deadline=None)
@given(
    claims=st.dictionaries(names, values, max_size=5),
    rules=st.lists(rule_sets, min_size=1, max_size=3),
    longest=st.sampled_from([0, 10, 40]),
)
def test_any_claim_decides_the_same_when_it_is_shortened(
    claims: dict[str, Any], rules: list[dict[str, Any]], longest: int
) -> None:
    document = {f"org-{number}": {"admins": rule_set} for number, rule_set in enumerate(rules)}
    organizations = parse_organizations(json.dumps(document))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stored_claims, "_MAX_WHOLE", longest)
        relevant = relevant_claims(organizations, claims)
    assert organizations.open_to(relevant) == organizations.open_to(claims)
