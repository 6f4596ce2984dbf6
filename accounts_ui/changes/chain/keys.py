"""The keys of this installation: the current key signs; the current and the retired keys verify."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from accounts_ui.changes.chain.keyring import Keyring


def signing_key() -> Ed25519PrivateKey:
    """Return the key that signs new events (``AUDIT_SIGNING_KEY``)."""
    key: Ed25519PrivateKey = settings.AUDIT_SIGNING_KEY
    return key


def public_keys() -> Keyring:
    """Return the retired keys (``AUDIT_RETIRED_PUBLIC_KEYS``), oldest first, then the current key's public half."""
    return Keyring([*settings.AUDIT_RETIRED_PUBLIC_KEYS, (signing_key().public_key(), None)])
