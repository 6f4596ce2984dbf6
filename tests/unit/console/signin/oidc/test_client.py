"""Token responses that can be used, and those that cannot."""

from typing import Any

import pytest

from console.signin.errors import InvalidTokenResponse
from console.signin.oidc.client import check_token_response

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
