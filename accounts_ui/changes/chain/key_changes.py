"""A change of the signing key, as an event of every log: ``key_changed``, signed by the former and by the new key.

So whoever holds only the current public key learns the former ones, and up to where each of them signed, from the log
itself. A former key alone cannot add anything: what it signed counts only before the event that ends its period.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from accounts_ui.changes.chain.canonical_json import canonical_json
from accounts_ui.changes.chain.keyring import KeyPeriod, Keyring
from accounts_ui.changes.chain.records import is_signed, key_id, public_text, read_public_key, sign

FIELDS: Final = ("former_key_id", "former_public_key", "public_key", "former_signature")
_HASH: Final = re.compile("[0-9a-f]{64}")


class KeyChangeError(ValueError):
    """A ``key_changed`` event does not show what it has to. ``sequence`` is its place in the log."""

    def __init__(self, sequence: int, what: str) -> None:
        super().__init__(what)
        self.sequence = sequence


def key_change_facts(
    organization_id: str, sequence: int, previous_hash: str, *, former: Ed25519PrivateKey, new: Ed25519PublicKey
) -> dict[str, str]:
    """Return what a ``key_changed`` event at this place says in ``about``."""
    former_public = former.public_key()
    statement = _statement(organization_id, sequence, previous_hash, former_public, new)
    return {
        "former_key_id": key_id(former_public),
        "former_public_key": public_text(former_public),
        "public_key": public_text(new),
        "former_signature": sign(former, statement),
    }


def derive_keyring(current: Ed25519PublicKey, key_changes: Iterable[Mapping[str, Any]]) -> Keyring:
    """Return the current key and the former ones, with the part of the log that each of them signs.

    Args:
        current: the key that signs the end of the log.
        key_changes: the records of the log's ``key_changed`` events, in any order. Their own signatures are not
            verified here: like every record, each has to be signed by the key of its place.

    Raises:
        KeyChangeError: an event is not what the former key agreed to.

    """
    key, periods = current, []
    for record in sorted(key_changes, key=lambda record: int(record["sequence"]), reverse=True):
        former = _former_key(record, key)
        periods.append(KeyPeriod(key_id(key), key, record["sequence"]))
        key = former
    periods.append(KeyPeriod(key_id(key), key, 1))
    return Keyring(reversed(periods))


def _former_key(record: Mapping[str, Any], new: Ed25519PublicKey) -> Ed25519PublicKey:
    """Return the key that signed until this event. Raises ``KeyChangeError``."""
    sequence, about = record["sequence"], record.get("about")
    if not isinstance(about, Mapping) or sorted(about) != sorted(FIELDS):
        raise KeyChangeError(sequence, "the change of key does not say which keys it is about")
    if about["public_key"] != public_text(new) or record.get("key_id") != key_id(new):
        raise KeyChangeError(sequence, f"the key that signs from here on is not {key_id(new)}")
    try:
        former = read_public_key(str(about["former_public_key"]))
    except ValueError:
        raise KeyChangeError(sequence, "the change of key does not hold the former public key") from None
    if about["former_key_id"] != key_id(former):
        raise KeyChangeError(sequence, "former_key_id is not that of the former public key")
    if not _HASH.fullmatch(str(record.get("previous_hash"))):
        raise KeyChangeError(sequence, "previous_hash is not a hash")
    statement = _statement(str(record.get("organization_id")), sequence, record["previous_hash"], former, new)
    if not is_signed(former, statement, about["former_signature"]):
        raise KeyChangeError(sequence, "the former key did not sign the change of key")
    return former


def _statement(
    organization_id: str, sequence: int, previous_hash: str, former: Ed25519PublicKey, new: Ed25519PublicKey
) -> bytes:
    """Return what the former key signs: the place at which the new key begins."""
    return canonical_json(
        {
            "organization_id": organization_id,
            "sequence": sequence,
            "previous_hash": previous_hash,
            "former_key_id": key_id(former),
            "public_key": public_text(new),
        }
    )
