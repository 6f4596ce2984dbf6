"""What the database of sign-in holds: ciphertext and HMACs."""

import pytest
from cryptography.fernet import Fernet
from django.test import override_settings

from console.signin.encryption import (
    decrypt_json,
    encrypt_json,
    hash_code,
    hash_provider_session,
    hash_session_key,
    hash_subject,
)


def test_what_is_encrypted_can_be_decrypted_with_the_same_keys_only() -> None:
    text = encrypt_json({"form": "typed by hand"})
    assert "typed" not in text
    assert decrypt_json(text) == {"form": "typed by hand"}
    with (
        override_settings(TOKEN_ENCRYPTION_KEYS=[Fernet.generate_key().decode()]),
        pytest.raises(ValueError, match="fits"),
    ):
        decrypt_json(text)


@pytest.mark.parametrize("text", ["", "gAAAA", "not encrypted", "é"])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="fits"):
        decrypt_json(text)


def test_each_hash_has_a_purpose_and_depends_on_the_secret_key() -> None:
    hashes = {function("same") for function in (hash_code, hash_provider_session, hash_session_key, hash_subject)}
    assert len(hashes) == 4
    with override_settings(SECRET_KEY="another-secret-key-of-enough-length-0123456789"):
        assert hash_session_key("same") not in hashes


@pytest.mark.parametrize("sid", [None, "", 5, ["x"]])
def test_a_sid_that_is_no_text_is_none(sid: object) -> None:
    assert hash_provider_session(sid) == ""
