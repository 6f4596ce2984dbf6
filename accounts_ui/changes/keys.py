"""The keys of this installation: one signs, it and its predecessors verify."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

from accounts_ui.changes.record import keyring


def signing_key() -> Ed25519PrivateKey:
    """The key that signs new events (``AUDIT_SIGNING_KEY``)."""
    key: Ed25519PrivateKey = settings.AUDIT_SIGNING_KEY
    return key


def public_keys() -> dict[str, Ed25519PublicKey]:
    """By id: the current key's public half, and the retired ones (``AUDIT_RETIRED_PUBLIC_KEYS``)."""
    return keyring([*settings.AUDIT_RETIRED_PUBLIC_KEYS, signing_key().public_key()])
