"""The rules by which ID token and userinfo are merged."""

from typing import Any

import pytest

from console.signin.oidc.claims import ID_TOKEN_ONLY, VOUCHED, merge_claims, reread_claims, userinfo_claims

A, B = "a@acme.example", "b@acme.example"
VOUCHED_CASES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "flag in userinfo only": ({"email": A}, {"email_verified": True}, {"email": A}),
    "flag in the ID token only": ({"email_verified": True}, {"email": A}, {"email": A}),
    "two addresses, one vouched": (
        {"email": A, "email_verified": True},
        {"email": B},
        {"email": A, "email_verified": True},
    ),
    "both vouch": (
        {"email": A, "email_verified": True},
        {"email": B, "email_verified": False},
        {"email": B, "email_verified": False},
    ),
    "empty in userinfo": (
        {"email": A, "email_verified": True},
        {"email": None, "email_verified": True},
        {"email": A, "email_verified": True},
    ),
    "flags alone": ({"email_verified": True}, {"email_verified": True}, {}),
}


@pytest.mark.parametrize("name", VOUCHED_CASES)
def test_a_claim_and_its_flag_come_from_one_document(name: str) -> None:
    id_token, userinfo, merged = VOUCHED_CASES[name]
    assert merge_claims(id_token, userinfo) == merged


@pytest.mark.parametrize("claim", sorted(ID_TOKEN_ONLY))
def test_userinfo_does_not_describe_the_sign_in(claim: str) -> None:
    assert merge_claims({claim: "signed"}, {claim: "not signed"}) == {claim: "signed"}
    assert merge_claims({}, {claim: "not signed"}) == {}


def test_userinfo_is_newer() -> None:
    assert merge_claims({"groups": ["a"], "name": "Ada"}, {"groups": []}) == {"groups": [], "name": "Ada"}


def test_every_flag_of_the_specification_is_known() -> None:
    assert set(VOUCHED.values()) == {"email_verified", "phone_number_verified"}


ADMIN = {"groups": ["admins"]}


@pytest.mark.parametrize(
    ("claims", "from_userinfo", "id_token", "userinfo", "expected"),
    [
        # carried by userinfo: userinfo alone withdraws it
        (ADMIN, {"groups"}, None, {"groups": ["admins"]}, ADMIN),
        (ADMIN, {"groups"}, None, {}, {}),
        (ADMIN, {"groups"}, {}, None, ADMIN),
        (ADMIN, {"groups"}, ADMIN, {}, {}),
        # carried by the ID token: a newer ID token alone withdraws it
        (ADMIN, set(), None, {}, ADMIN),
        (ADMIN, set(), {}, {}, {}),
        (ADMIN, set(), {}, None, {}),
        (ADMIN, set(), None, None, ADMIN),
        # userinfo comes first if it begins to carry the claim
        (ADMIN, set(), None, {"groups": []}, {"groups": []}),
        # an address and its flag stay together
        (
            {"email": "a@b", "email_verified": True},
            {"email", "email_verified"},
            None,
            {"email": "a@b"},
            {"email": "a@b"},
        ),
        (
            {"email": "a@b", "email_verified": True},
            set(),
            None,
            {"email": "c@d"},
            {"email": "a@b", "email_verified": True},
        ),
    ],
)
def test_claims_that_are_read_again(claims, from_userinfo, id_token, userinfo, expected) -> None:  # type: ignore[no-untyped-def]
    current, _ = reread_claims(claims, from_userinfo, id_token=id_token, userinfo=userinfo)
    assert current == expected


def test_a_claim_remembers_its_document_after_it_was_withdrawn() -> None:
    current, names = reread_claims(ADMIN, {"groups"}, id_token=None, userinfo={})
    current, names = reread_claims(current, names, id_token=ADMIN, userinfo={})
    assert current == {}
    assert userinfo_claims(ADMIN, ADMIN) == {"groups"}
    assert userinfo_claims({"email": "a@b", "email_verified": True}, {"email": "a@b"}) == set()
