"""The bytes of a record that are hashed: its content for the chain, and its leaf for the tree."""

import hashlib
from typing import Any, Final

from accounts_ui.changes.chain.canonical_json import canonical_json, encode_plain, is_plain
from accounts_ui.changes.tree.hashing import leaf_hash

_HASH: Final = "hash"
_SIGNATURE: Final = "signature"


def content_and_leaf(record: dict[str, Any]) -> tuple[bytes, bytes]:
    """Return the canonical JSON of a record without and with ``hash`` and ``signature``.

    Both are needed of every record, and writing JSON is what costs most. So what they share is written once: members
    are sorted by name, so each of the two has a fixed place among the others.

    Raises:
        ValueError: something in it has no canonical form.

    """
    if not is_plain(record):
        content = {name: value for name, value in record.items() if name not in (_HASH, _SIGNATURE)}
        return canonical_json(content), canonical_json(record)
    before, between, behind = {}, {}, {}
    for name, value in record.items():
        if name < _HASH:
            before[name] = value
        elif name > _SIGNATURE:
            behind[name] = value
        elif name not in (_HASH, _SIGNATURE):
            between[name] = value
    try:
        first, second, third = _members(before), _members(between), _members(behind)
        hash_, signature = (_members({name: record[name]} if name in record else {}) for name in (_HASH, _SIGNATURE))
    except UnicodeError as error:
        raise ValueError(f"no canonical JSON: {error}") from error
    return _object(first, second, third), _object(first, hash_, second, signature, third)


def record_hashes(record: dict[str, Any]) -> tuple[str, bytes]:
    """Return the hash of a record's content, in hexadecimal, and that of its leaf. Raises ``ValueError``."""
    content, leaf = content_and_leaf(record)
    return hashlib.sha256(content).hexdigest(), leaf_hash(leaf)


def _members(document: dict[str, Any]) -> bytes:
    return encode_plain(document)[1:-1] if document else b""


def _object(*members: bytes) -> bytes:
    return b"{" + b",".join(filter(None, members)) + b"}"
