"""Session secrets are encrypted, and the life of a token is read as the provider meant it."""

from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.test import override_settings
from django.utils import timezone

from console.signin.tokens import SessionSecrets, decrypt_secrets, encrypt_secrets, token_expiry

SECRETS = SessionSecrets("access-1", "refresh-1", "id-1", {"groups": ["acme-admins"]}, ["console"], ["groups"])
NEW_KEY, OLD_KEY = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def test_secrets_survive_encryption_and_do_not_show() -> None:
    text = encrypt_secrets(SECRETS)
    assert decrypt_secrets(text) == SECRETS
    for secret in ("access-1", "refresh-1", "id-1", "acme-admins"):
        assert secret not in text
        assert secret not in repr(SECRETS)


def test_a_former_key_decrypts_and_an_unknown_one_does_not() -> None:
    with override_settings(TOKEN_ENCRYPTION_KEYS=[OLD_KEY]):
        text = encrypt_secrets(SECRETS)
    with override_settings(TOKEN_ENCRYPTION_KEYS=[NEW_KEY, OLD_KEY]):
        assert decrypt_secrets(text) == SECRETS
    with override_settings(TOKEN_ENCRYPTION_KEYS=[NEW_KEY]):
        assert decrypt_secrets(text) is None


@pytest.mark.parametrize("text", ["", "gAAAA", "not encrypted"])
def test_text_that_is_not_encrypted_is_refused(text: str) -> None:
    assert decrypt_secrets(text) is None


@pytest.mark.parametrize(("expires_in", "seconds"), [(300, 300), ("300", 300), (0, 0), (1.5, 1.5)])
def test_the_life_of_a_token(expires_in: Any, seconds: float) -> None:
    expiry = token_expiry({"expires_in": expires_in})
    assert expiry is not None
    assert abs(expiry - timezone.now() - timedelta(seconds=seconds)) < timedelta(seconds=5)


@pytest.mark.parametrize("expires_in", [None, True, -1, 1e400, 10**400, "9" * 5000, "1e3", "٣", [300], {}])
def test_a_life_that_cannot_be_read_is_unknown(expires_in: Any) -> None:
    assert token_expiry({"expires_in": expires_in}) is None
