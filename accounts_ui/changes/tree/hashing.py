"""The hashes of an RFC 9162 Merkle tree (the same as those of RFC 6962), with SHA-256."""

import hashlib
from typing import Final

EMPTY_ROOT: Final = hashlib.sha256().digest()
"""The root hash of a tree without leaves."""

HASH_BYTES: Final = 32


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf. The prefix differs from that of nodes, so that neither passes for the other."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node from those of its children."""
    return hashlib.sha256(b"\x01" + left + right).digest()
