"""What every record has to be, wherever it is from: well-formed, unchanged, linked, and signed by the right key."""

from typing import Any

from accounts_ui.changes.chain.keyring import KeyPeriod
from accounts_ui.changes.chain.records import format_problem, is_signed


def record_problem(record: dict[str, Any], hash_: str, before: str | None, key: KeyPeriod) -> str:
    """Return what is wrong with a record; empty if nothing is.

    Args:
        hash_: the hash of its content.
        before: the hash of the record before it; ``None`` if that one is not known.
        key: the key that signs at its place.

    """
    if record.get("hash") != hash_:
        return "the record's content does not match its hash: a field was changed"
    if problem := format_problem(record):
        return problem
    if before is not None and record["previous_hash"] != before:
        return "previous_hash is not the hash of the record before: one was removed, inserted or rewritten"
    if record["key_id"] != key.id:
        return f"key_id: signed by {record['key_id']!r:.40}; the key that signs here is {key.id}"
    if not is_signed(key.public, bytes.fromhex(hash_), record["signature"]):
        return "signature: it is not that of its key"
    return ""
