"""The form in which an event is hashed, signed, logged and exported. Plain data in, plain data out.

``hash`` is SHA-256 over the RFC 8785 canonical JSON of the record without ``hash`` and ``signature``, in lower-case
hexadecimal; ``signature`` is Ed25519 (RFC 8032) over the 32 bytes of that hash, in base64.
"""

import base64
import binascii
import datetime
import hashlib
from collections.abc import Mapping
from typing import Any, Final

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

FIRST_PREVIOUS_HASH: Final = "0" * 64

_SEAL: Final = ("hash", "signature")


def moment(at: datetime.datetime) -> str:
    """An RFC 3339 time in UTC, to the microsecond."""
    return at.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def digest(record: Mapping[str, Any]) -> str:
    """The hash of a record.

    Raises:
        ValueError: something in it has no canonical form.

    """
    return hashlib.sha256(canonical({k: v for k, v in record.items() if k not in _SEAL})).hexdigest()


def canonical(document: Mapping[str, Any] | list[Any]) -> bytes:
    """RFC 8785 canonical JSON. Raises ``ValueError`` where there is none."""
    try:
        return rfc8785.dumps(document if isinstance(document, list) else dict(document))
    except (rfc8785.CanonicalizationError, UnicodeError, RecursionError) as error:
        raise ValueError(f"no canonical JSON: {error}") from error


def key_id(key: Ed25519PublicKey) -> str:
    """A short name of a public key: the first 16 hexadecimal digits of the SHA-256 of its 32 bytes."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def sign(key: Ed25519PrivateKey, message: bytes) -> str:
    """The signature, in base64."""
    return base64.b64encode(key.sign(message)).decode()


def is_signed(key: Ed25519PublicKey, message: bytes, signature: object) -> bool:
    """Whether ``signature`` is that of ``key`` over ``message``."""
    try:
        key.verify(base64.b64decode(str(signature), validate=True), message)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def read_public_key(text: str) -> Ed25519PublicKey:
    """A public key from the base64 of its 32 bytes. Raises ``ValueError``."""
    return Ed25519PublicKey.from_public_bytes(base64.b64decode(text.strip(), validate=True))


def public_text(key: Ed25519PublicKey) -> str:
    """The base64 of a public key's 32 bytes."""
    return base64.b64encode(key.public_bytes_raw()).decode()
