"""Session secrets are encrypted, and do not show."""

import pytest
from cryptography.fernet import Fernet
from django.test import override_settings

from console.signin.session_secrets import SessionSecrets, decrypt_secrets, encrypt_secrets

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
