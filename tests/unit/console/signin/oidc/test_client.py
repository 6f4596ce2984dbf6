"""Token responses that can be used, and those that cannot; how the client's id and secret are sent."""

from typing import Any
from urllib.parse import unquote, unquote_plus

import pytest
from django.test import override_settings

from console.signin.errors import InvalidTokenResponse
from console.signin.oidc.client import basic_credentials, check_token_response

RESPONSE = {"access_token": "at-1", "token_type": "Bearer", "refresh_token": "rt 1"}


@pytest.mark.parametrize("changes", [{}, {"token_type": "bearer"}, {"refresh_token": None}, {"refresh_token": 7}])
def test_usable_responses(changes: dict[str, Any]) -> None:
    check_token_response({**RESPONSE, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"access_token": None},
        {"access_token": ""},
        {"access_token": 7},
        {"access_token": "a b"},
        {"access_token": "a\r\nX: y"},
        {"access_token": "ä"},
        {"refresh_token": "a\x00"},
        {"refresh_token": "\ud800"},
        {"token_type": None},
        {"token_type": "mac"},
        {"token_type": ["Bearer"]},
    ],
)
def test_unusable_responses(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidTokenResponse):
        check_token_response({**RESPONSE, **changes})


@pytest.mark.parametrize(
    "secret", ["aB+c/d=%41e~f", "simple-secret_0123456789.x", "with blank", "ü€𝄞", "a:b@c&d=e", "%25", "\"quoted\\'"]
)
def test_credentials(secret: str) -> None:
    with override_settings(OIDC_CLIENT_ID="console:1 ä", OIDC_CLIENT_SECRET=secret):
        client, encoded = basic_credentials()
    for decode in (unquote, unquote_plus):  # both are in use
        assert (decode(client), decode(encoded)) == ("console:1 ä", secret)
    assert (client + encoded).isascii()
    assert ":" not in client + encoded


def test_a_plain_secret_stays_as_it_is() -> None:
    with override_settings(OIDC_CLIENT_ID="console", OIDC_CLIENT_SECRET="simple-secret_0123456789.x"):
        assert basic_credentials() == ("console", "simple-secret_0123456789.x")
