"""Discovery documents and key sets: what is accepted, and what is refused."""

from typing import Any

import pytest
from django.test import override_settings

from console.signin.errors import InvalidDiscovery, InvalidKeys
from console.signin.oidc.discovery import (
    parse_cached_configuration,
    parse_cached_keys,
    parse_configuration,
    parse_keys,
)

ISSUER = "https://login.example.org"
DOCUMENT = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/jwks",
}


def test_a_minimal_document_is_accepted() -> None:
    configuration = parse_configuration(DOCUMENT, ISSUER)
    assert configuration.token_endpoint == f"{ISSUER}/token"
    assert configuration.userinfo_endpoint == ""
    assert configuration.basic_auth, "client_secret_basic is the default (OpenID Connect Discovery 1.0, section 3)"
    assert not configuration.sends_iss


def test_the_secret_is_sent_in_the_form_if_the_provider_wants_it_there() -> None:
    document = {**DOCUMENT, "token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert not parse_configuration(document, ISSUER).basic_auth


INVALID: dict[str, tuple[dict[str, Any], str]] = {
    "another issuer": (
        {"issuer": "https://evil.example"},
        "Its issuer is https://evil.example, and OIDC_ISSUER is https://login.example.org.",
    ),
    "the issuer with a slash": ({"issuer": f"{ISSUER}/"}, "they differ by the slash at the end"),
    "no issuer": ({"issuer": None}, "It names no issuer, and OIDC_ISSUER is https://login.example.org."),
    "an issuer that is a number": ({"issuer": 7}, "It names no issuer"),
    "the issuer of all tenants": ({"issuer": "https://login.example/{tenantid}/v2.0"}, "has to name your own tenant"),
    "an endpoint that is missing": ({"jwks_uri": None}, "Its jwks_uri is not an https:// address."),
    "an endpoint that is a number": ({"token_endpoint": 7}, "Its token_endpoint is not an https:// address."),
    "plain http": ({"token_endpoint": "http://login.example.org/"}, "Its token_endpoint is not"),
    "a script": ({"authorization_endpoint": "javascript:alert(1)"}, "Its authorization_endpoint is not"),
    "no host": ({"token_endpoint": "https:///token"}, "Its token_endpoint is not"),
    "a fragment": ({"token_endpoint": f"{ISSUER}/token#x"}, "Its token_endpoint is not"),
    "a user": ({"token_endpoint": "https://user@login.example.org/"}, "Its token_endpoint is not"),
    "half an IPv6 address": ({"token_endpoint": "https://[::1/token"}, "Its token_endpoint is not"),
    "an optional endpoint": ({"userinfo_endpoint": ""}, "Its userinfo_endpoint is not"),
    "no way to send the secret": (
        {"token_endpoint_auth_methods_supported": ["private_key_jwt", 7]},
        "It accepts the client secret neither",
    ),
    "methods that are no list": ({"token_endpoint_auth_methods_supported": 7}, "It accepts the client secret neither"),
    "no S256": ({"code_challenge_methods_supported": ["plain"]}, "It does not support PKCE with S256."),
}


@pytest.mark.parametrize("name", INVALID)
def test_invalid_documents_are_refused(name: str) -> None:
    changes, message = INVALID[name]
    with pytest.raises(InvalidDiscovery) as refused:
        parse_configuration({**DOCUMENT, **changes}, ISSUER)
    assert message in refused.value.message


def test_a_private_address_needs_the_operators_permission() -> None:
    document = {**DOCUMENT, "token_endpoint": "https://169.254.169.254/token"}
    with pytest.raises(InvalidDiscovery) as refused:
        parse_configuration(document, ISSUER)
    assert "OIDC_ALLOW_PRIVATE_ADDRESSES" in refused.value.message
    with override_settings(OIDC_ALLOW_PRIVATE_ADDRESSES=True):
        assert parse_configuration(document, ISSUER).token_endpoint == document["token_endpoint"]


def test_a_key_set_without_what_is_no_object() -> None:
    assert parse_keys({"keys": [7, {"kid": "k1"}, None]}) == [{"kid": "k1"}]


@pytest.mark.parametrize("document", [{}, {"keys": None}, {"keys": "all"}, {"keys": {}}])
def test_a_key_set_without_a_list_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(InvalidKeys):
        parse_keys(document)


@pytest.mark.parametrize("name", INVALID)
def test_a_cached_document_is_validated_like_a_fresh_one(name: str) -> None:
    assert parse_cached_configuration(DOCUMENT, ISSUER) == parse_configuration(DOCUMENT, ISSUER)
    assert parse_cached_configuration({**DOCUMENT, **INVALID[name][0]}, ISSUER) is None


@pytest.mark.parametrize("document", [None, 5, "text", [], [DOCUMENT], {}, True, {"issuer": ISSUER}])
def test_a_cached_document_of_another_type_counts_as_absent(document: Any) -> None:
    assert parse_cached_configuration(document, ISSUER) is None


@pytest.mark.parametrize(
    "document",
    [
        *(None, 5, "text", [], {}, {"keys": []}, {"at": 1}),
        *({"keys": keys, "at": 1} for keys in ({}, 7, None)),
        *({"keys": [], "at": at} for at in ("1", True, None, [])),
    ],
)
def test_cached_keys_of_another_type_count_as_absent(document: Any) -> None:
    assert parse_cached_keys(document) is None
    assert parse_cached_keys({"keys": [{"kty": "RSA"}, 7], "at": 1.5}) == ([{"kty": "RSA"}], 1.5)
