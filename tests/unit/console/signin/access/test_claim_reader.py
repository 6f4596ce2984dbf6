"""How a rule reads a claim: by name, by path, objects, lists of objects, texts with several values."""

import json
from typing import Any

import pytest

from console.signin.access.claim_reader import (
    ClaimReader,
    ClaimReading,
    find_claim,
    is_verified,
    split_text,
    top_level_names,
)

URL = "https://example.com/roles"
READINGS: dict[str, tuple[ClaimReading, dict[str, Any], set[str]]] = {
    "a path": (ClaimReading("realm_access.roles"), {"realm_access": {"roles": ["a", "b"]}}, {"a", "b"}),
    "a path of three": (ClaimReading("a.b.c"), {"a": {"b": {"c": "x"}}}, {"x"}),
    "a name with dots": (ClaimReading("a.b"), {"a.b": ["x"]}, {"x"}),
    "a name with dots before a path": (ClaimReading("a.b"), {"a.b": ["x"], "a": {"b": ["y"]}}, {"x"}),
    "an address": (ClaimReading(URL), {URL: ["x"]}, {"x"}),
    "a path that begins with an address": (ClaimReading(f"{URL}.list"), {URL: {"list": ["x"]}}, {"x"}),
    "the longest beginning counts": (
        ClaimReading("a.b.c"),
        {"a": {"b": {"c": "x"}, "b.c": "y"}, "a.b": {"c": "z"}},
        {"z"},
    ),
    "a beginning that leads nowhere": (ClaimReading("a.b.c"), {"a.b": {"d": "x"}, "a": {"b.c": "y"}}, {"y"}),
    "a path through a list": (ClaimReading("a.b"), {"a": [{"b": "x"}]}, set()),
    "a path through a text": (ClaimReading("a.b"), {"a": "b"}, set()),
    "a name with a slash": (ClaimReading("a/b"), {"a/b": "x"}, {"x"}),
    "a name that a language gives objects": (ClaimReading("__proto__.keys"), {"groups": ["x"]}, set()),
    "an attribute is no claim": (ClaimReading("groups.__class__"), {"groups": {"a": 1}}, set()),
    "an object": (ClaimReading("roles"), {"roles": {"a": {"org": "1"}, "b": {}}}, {"a", "b"}),
    "an object that says no": (ClaimReading("roles"), {"roles": {"a": True, "b": False, "c": None}}, {"a"}),
    "an object with zeros and empty texts": (ClaimReading("roles"), {"roles": {"a": 0, "b": ""}}, {"a", "b"}),
    "a list of objects": (ClaimReading("g", key="name"), {"g": [{"name": "a"}, {"name": "b", "id": 7}]}, {"a", "b"}),
    "a list of objects with a path": (ClaimReading("g", key="group.name"), {"g": [{"group": {"name": "a"}}]}, {"a"}),
    "a list of objects with lists": (ClaimReading("g", key="names"), {"g": [{"names": ["a", "b"]}, {}]}, {"a", "b"}),
    "one object": (ClaimReading("g", key="name"), {"g": {"name": "a"}}, {"a"}),
    "a list of objects and no key": (ClaimReading("g"), {"g": [{"name": "a"}]}, set()),
    "a key and a list of texts": (ClaimReading("g", key="name"), {"g": ["name", "a"]}, set()),
    "a text is one value": (ClaimReading("g"), {"g": "cn=a,ou=b c"}, {"cn=a,ou=b c"}),
    "a text split at blanks": (ClaimReading("g", split=" "), {"g": " a  b "}, {"a", "b"}),
    "a text split at semicolons": (
        ClaimReading("g", split=";"),
        {"g": "cn=a,ou=b; cn=c,ou=b"},
        {"cn=a,ou=b", "cn=c,ou=b"},
    ),
    "a list is not split": (ClaimReading("g", split=" "), {"g": ["a b", "c"]}, {"a b", "c"}),
    "a text that is JSON": (ClaimReading("g", split="json"), {"g": '["a", "b"]'}, {"a", "b"}),
    "a text that is a JSON object": (ClaimReading("g", split="json", key="n"), {"g": '[{"n": "a"}]'}, {"a"}),
    "a text that is no JSON": (ClaimReading("g", split="json"), {"g": "a, b"}, set()),
    "a text that is deep JSON": (ClaimReading("g", split="json"), {"g": "[" * 100_000}, set()),
    "a text that is somewhat deep JSON": (ClaimReading("g", split="json"), {"g": "[" * 300 + '"a"' + "]" * 300}, set()),
    "a text that is a huge number": (ClaimReading("g", split="json"), {"g": "9" * 10_000}, set()),
    "a slash counts": (ClaimReading("g"), {"g": ["/a", "b"]}, {"/a", "b"}),
    "a slash is ignored": (ClaimReading("g", ignores_leading_slash=True), {"g": ["/a", "b", "//c"]}, {"a", "b", "/c"}),
    "numbers and such": (ClaimReading("g"), {"g": [1, 1.5, True, None, ["a"]]}, set()),
    "a number": (ClaimReading("g"), {"g": 7}, set()),
    "null": (ClaimReading("g"), {"g": None}, set()),
    "an address in capitals": (
        ClaimReading("email"),
        {"email": "A@B.example", "email_verified": "true"},
        {"a@b.example"},
    ),
    "an address in another composition": (
        ClaimReading("email"),
        {"email": "JOSE\u0301@B.example", "email_verified": True},
        {"josé@b.example"},
    ),
    "an address with the Kelvin sign": (
        ClaimReading("email"),
        {"email": "\u212aim@b.example", "email_verified": True},
        {"\u212aim@b.example"},
    ),
    "an unverified address": (ClaimReading("email"), {"email": "a@b.example"}, set()),
    "another claim keeps its case": (ClaimReading("upn"), {"upn": "A@B.example"}, {"A@B.example"}),
}


@pytest.mark.parametrize("name", READINGS)
def test_readings(name: str) -> None:
    reading, claims, values = READINGS[name]
    assert ClaimReader(claims).values(reading) == values


def test_a_path_into_a_deep_document_ends() -> None:
    document: dict[str, Any] = {"a": "x"}
    for _ in range(60):
        document = {"a": document, "a.a": document}
    path = ".".join(["a"] * 61)
    assert (found := find_claim(document, path)) is not None
    assert ".".join(found.location) == path


def test_where_a_path_looks() -> None:
    assert list(top_level_names("a.b.c")) == ["a.b.c", "a", "a.b"]
    assert list(top_level_names(".a")) == [".a"]


@pytest.mark.parametrize(
    ("flag", "verified"),
    [(True, True), ("true", True), (" TRUE ", True), (False, False), ("false", False), ("1", False), (1, False), (None, False), ([True], False)],
)  # fmt: skip
def test_the_flag_of_an_address(flag: Any, verified: bool) -> None:
    assert is_verified(flag) is verified


def test_parts_of_a_text() -> None:
    assert split_text("a||b|", "|") == ["a", "b"]
    assert split_text(json.dumps({"a": 1}), "json") == {"a": 1}
    assert split_text("{", "json") is None
