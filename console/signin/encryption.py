"""What protects the database of sign-in from its reader: secrets are encrypted, and keys and codes are stored as HMACs.

Text that the console needs again (tokens, saved forms, PKCE and frame verifiers) is encrypted under
``TOKEN_ENCRYPTION_KEYS``. What it only compares (session keys, states, one-time codes) is stored as an HMAC under a key
derived from ``SECRET_KEY``: whoever reads the database can present none of these values.
"""

import json
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac


def encrypt_json(value: Any) -> str:
    """Encrypt with the first of ``TOKEN_ENCRYPTION_KEYS``."""
    return _cipher().encrypt(json.dumps(value).encode()).decode()


def decrypt_json(text: str) -> Any:
    """Decrypt with any of ``TOKEN_ENCRYPTION_KEYS``. Raises ``ValueError`` if none fits (any more)."""
    try:
        return json.loads(_cipher().decrypt(text.encode()))
    except InvalidToken as error:
        raise ValueError("none of the keys fits") from error


def hash_session_key(session_key: str) -> str:
    """Return what the database holds of a session key, which only the cookie has."""
    return _hmac("session", session_key)


def hash_state(state: str) -> str:
    """Return what the database holds of the ``state`` of a sign-in that is under way."""
    return _hmac("state", state)


def hash_browser(secret: str) -> str:
    """Return what the database holds of the secret by which a browser proves that it started a sign-in."""
    return _hmac("browser", secret)


def hash_form(*parts: str) -> str:
    """Return what the database holds of a saved form's owner or address. ``parts`` contain no line feeds."""
    return _hmac("form", "\n".join(parts))


def hash_code(code: str) -> str:
    """Return what the database holds of a one-time code for a frame."""
    return _hmac("code", code)


def hash_provider_session(sid: Any) -> str:
    """Return what the database holds of ``sid``, which names the provider's session; empty if it is not text."""
    return _hmac("sid", sid) if isinstance(sid, str) and sid else ""


def hash_subject(subject: str) -> str:
    """Return what the database holds of ``sub`` while a sign-in waits for its frame."""
    return _hmac("sub", subject)


def _hmac(purpose: str, value: str) -> str:
    return salted_hmac(f"console.signin.encryption.{purpose}", value, algorithm="sha256").hexdigest()


def _cipher() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.TOKEN_ENCRYPTION_KEYS])
