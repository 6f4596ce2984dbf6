"""The life of a token is read as the provider meant it."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from console.signin.tokens import token_expiry


@pytest.mark.parametrize(("expires_in", "seconds"), [(300, 300), ("300", 300), (0, 0), (1.5, 1.5)])
def test_the_life_of_a_token(expires_in: Any, seconds: float) -> None:
    expiry = token_expiry({"expires_in": expires_in})
    assert expiry is not None
    assert abs(expiry - timezone.now() - timedelta(seconds=seconds)) < timedelta(seconds=5)


@pytest.mark.parametrize("expires_in", [None, True, -1, 1e400, 10**400, "9" * 5000, "1e3", "٣", [300], {}])
def test_a_life_that_cannot_be_read_is_unknown(expires_in: Any) -> None:
    assert token_expiry({"expires_in": expires_in}) is None
