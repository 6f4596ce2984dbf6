"""The checks of the ID token's claims, and the choice of the key."""

import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from console.signin.errors import InvalidIdToken
from console.signin.oidc.id_token import (
    LEEWAY,
    MAX_AGE,
    check_age,
    check_at_hash,
    check_audience,
    check_subject_format,
    check_times,
    check_type,
    may_verify,
    select_key,
)

CLIENT = "console"
RSA_KEY = rsa.generate_private_key(65537, 2048)


def jwk(kid: str = "k1", **members: Any) -> dict[str, Any]:
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(RSA_KEY.public_key()))
    return {**public, "kid": kid, "use": "sig", **members}


@pytest.mark.parametrize("claims", [{"aud": CLIENT}, {"aud": [CLIENT]}, {"aud": [CLIENT, "b"], "azp": CLIENT}])
def test_an_audience_that_is_this_client(claims: dict[str, Any]) -> None:
    check_audience(claims, CLIENT)


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"aud": [CLIENT, "b"]}, "does not name the authorized one (azp)"),
        ({"aud": [CLIENT, "b"], "azp": "b"}, "authorized party (azp) is another client"),
        ({"aud": CLIENT, "azp": ""}, "authorized party (azp) is another client"),
    ],
)
def test_an_audience_that_is_another_client(claims: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidIdToken) as refused:
        check_audience(claims, CLIENT)
    assert message in refused.value.message


def test_a_token_is_accepted_for_ten_minutes() -> None:
    check_age({"iat": 1000}, 1000 + MAX_AGE + LEEWAY)
    with pytest.raises(InvalidIdToken):
        check_age({"iat": 1000}, 1001 + MAX_AGE + LEEWAY)


def test_at_hash_of_the_specification() -> None:
    """OpenID Connect Core 1.0, appendix A.3: the access token and its at_hash."""
    check_at_hash({"at_hash": "77QmUPtjPfzWtF2AnpK9RQ"}, "RS256", "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y")


@pytest.mark.parametrize("at_hash", ["", "AAAAAAAAAAAAAAAAAAAAAA", 7, "77QmUPtjPfzWtF2AnpK9RQ=="])
def test_a_wrong_at_hash_is_refused(at_hash: Any) -> None:
    with pytest.raises(InvalidIdToken):
        check_at_hash({"at_hash": at_hash}, "RS256", "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y")


def test_at_hash_is_optional() -> None:
    check_at_hash({}, "RS256", "any")


@pytest.mark.parametrize("subject", ["a", "x" * 255, "248289761001"])
def test_subjects(subject: str) -> None:
    check_subject_format({"sub": subject})


@pytest.mark.parametrize("subject", [None, "", 7, "x" * 256, "a\nb", "a\u202eb", "\ud800"])
def test_a_subject_that_cannot_be_shown_is_refused(subject: Any) -> None:
    with pytest.raises(InvalidIdToken):
        check_subject_format({"sub": subject})


def test_a_key_is_chosen_by_its_id() -> None:
    assert select_key([jwk("k1"), jwk("k2")], "k2", "RS256") is not None
    assert select_key([jwk("k1")], "k9", "RS256") is None


def test_without_a_key_id_the_only_key_is_taken() -> None:
    assert select_key([jwk("k1"), jwk("k2", use="enc")], None, "RS256") is not None
    assert select_key([jwk("k1"), jwk("k2")], None, "RS256") is None


def test_a_key_for_another_algorithm_is_not_taken() -> None:
    assert select_key([jwk(alg="RS512")], "k1", "RS256") is None
    assert select_key([jwk()], "k1", "ES256") is None


def test_curves() -> None:
    es256 = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key()))
    ed = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(ed25519.Ed25519PrivateKey.generate().public_key()))
    assert select_key([es256], None, "ES256") is not None
    assert select_key([ed], None, "EdDSA") is not None


def test_a_short_rsa_key_is_refused() -> None:
    short = rsa.generate_private_key(65537, 1024).public_key()
    key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(short))
    with pytest.raises(InvalidIdToken) as refused:
        select_key([key], None, "RS256")
    assert "less than 2048 bits" in refused.value.message


@pytest.mark.parametrize("key", [{}, {"kty": "RSA"}, {"kty": "oct"}, {"kty": 7}, {"kty": "RSA", "n": 1}])
def test_keys_that_are_none(key: dict[str, Any]) -> None:
    assert select_key([key], None, "RS256") is None


@pytest.mark.parametrize(
    "members", [{}, {"use": "sig"}, {"key_ops": ["verify"]}, {"use": "sig", "key_ops": ["sign", "verify"]}]
)
def test_keys_that_may_verify(members: dict[str, Any]) -> None:
    assert may_verify(members)


@pytest.mark.parametrize(
    "members",
    [{"use": "enc"}, {"use": ""}, {"use": None}, {"key_ops": []}, {"key_ops": ["sign"]}, {"key_ops": "verify"}],
)
def test_keys_that_must_not_verify(members: dict[str, Any]) -> None:
    assert not may_verify(members)


@pytest.mark.parametrize("header", [{}, {"typ": "JWT"}, {"typ": "application/JWT"}])
def test_types_of_an_id_token(header: dict[str, Any]) -> None:
    check_type(header)


@pytest.mark.parametrize("typ", ["at+jwt", "logout+jwt", "", None, 7, ["JWT"]])
def test_types_of_other_tokens(typ: Any) -> None:
    with pytest.raises(InvalidIdToken):
        check_type({"typ": typ})


@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
@pytest.mark.parametrize("value", ["1", True, None, [1], {}])
def test_times_that_are_no_numbers(name: str, value: Any) -> None:
    with pytest.raises(InvalidIdToken):
        check_times({"exp": 1, "iat": 1.5, name: value})


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
def test_a_key_with_a_private_part_is_refused(member: str) -> None:
    with pytest.raises(InvalidIdToken) as refused:
        select_key([jwk(**{member: "AQAB"})], "k1", "RS256")
    assert "private part" in refused.value.message
