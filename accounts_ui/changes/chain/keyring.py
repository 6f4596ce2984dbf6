"""The public keys that verify the log, each with the range of the chain that it may have signed.

Keys come oldest first. A key signs from the end of its predecessor's range to the end of its own, and never again once
a newer key has begun to sign: a stolen former key cannot sign new events.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from accounts_ui.changes.chain.records import key_id, public_text, read_public_key


@dataclass(frozen=True, slots=True)
class RangedKey:
    """A public key, its place among the others, and the first and last sequence that it signs (``None``: no end)."""

    id: str
    public: Ed25519PublicKey
    position: int
    first: int
    last: int | None

    def why_not(self, sequence: int) -> str:
        """Why the key cannot have signed this sequence; empty where it can."""
        if self.last is not None and sequence > self.last:
            return f"signed by the retired key {self.id} after the end of its range ({self.last})"
        if sequence < self.first:
            return f"signed by key {self.id}, which signs only from {self.first} on"
        return ""


class Keyring(dict[str, RangedKey]):
    """Keys by their ids."""

    def __init__(self, keys: Iterable[tuple[Ed25519PublicKey, int | None]]) -> None:
        """Take the keys, oldest first, each with the last sequence of its range, where that is known.

        Raises:
            ValueError: a key comes twice, or a range ends before an older one.

        """
        super().__init__()
        first = 1
        for public, last in keys:
            name = key_id(public)
            if name in self:
                raise ValueError(f"key {name} comes twice")
            if last is not None and last < first - 1:
                raise ValueError(f"key {name} ends at {last}, before the key that stands before it")
            self[name] = RangedKey(name, public, len(self), first, last)
            first = first if last is None else last + 1

    def as_document(self) -> list[dict[str, Any]]:
        """Return the keys in the form of an evidence pack's ``public-keys.json``."""
        return [
            {"key_id": key.id, "public_key": public_text(key.public), "first": key.first, "last": key.last}
            for key in self.values()
        ]


def read_ranged_key(text: str) -> tuple[Ed25519PublicKey, int | None]:
    """Parse ``KEY`` or ``KEY@LAST``. Raises ``ValueError``."""
    key, at, last = text.strip().partition("@")
    if at and not (last.isascii() and last.isdigit()):
        raise ValueError(f"{last!r} is not the number of an event")
    return read_public_key(key), int(last) if at else None


def read_document(document: Any) -> Keyring:
    """Return the keys of a ``public-keys.json``. Raises ``ValueError``."""
    if not isinstance(document, list):
        raise ValueError("not a list of keys")
    return Keyring(_read_entry(entry) for entry in document)


def _read_entry(entry: Any) -> tuple[Ed25519PublicKey, int | None]:
    last = entry.get("last") if isinstance(entry, Mapping) else ""
    if not isinstance(entry, Mapping) or not (last is None or type(last) is int):
        raise ValueError("not a list of keys, each with public_key and last")
    return read_public_key(str(entry.get("public_key"))), last
