"""The keys of this installation: the current key signs, and is the only one that is trusted."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings


def signing_key() -> Ed25519PrivateKey:
    """Return the key that signs new events (``AUDIT_SIGNING_KEY``)."""
    key: Ed25519PrivateKey = settings.AUDIT_SIGNING_KEY
    return key


def public_key() -> Ed25519PublicKey:
    """Return the public half of the key that signs new events."""
    return signing_key().public_key()


def former_signing_key() -> Ed25519PrivateKey | None:
    """Return the key that is being replaced (``AUDIT_FORMER_SIGNING_KEY``); ``None`` if none is."""
    key: Ed25519PrivateKey | None = settings.AUDIT_FORMER_SIGNING_KEY
    return key
