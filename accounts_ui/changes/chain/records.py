"""The record of an event: the form in which it is hashed, signed, logged and exported.

``FIELDS`` is the one table of what a record holds, by the version of its format. An event says its version in ``v``.
A field that is added later makes a new version: add an entry to the table, never change one. Events of older versions
keep their fields, so they still verify. ``evidence/verify.py`` has a copy of the table, as it stands alone.

``hash`` is SHA-256 over the RFC 8785 canonical JSON of the record without ``hash`` and ``signature``, in lower-case
hexadecimal; ``signature`` is Ed25519 (RFC 8032) over the 32 bytes of that hash, in base64.
"""

import base64
import binascii
import datetime
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from accounts_ui.changes.chain.canonical_json import canonical_json

if TYPE_CHECKING:
    from accounts_ui.changes.models import EventBase

FIRST_PREVIOUS_HASH: Final = "0" * 64

CURRENT_VERSION: Final = 1
"""The version that new events are written in."""

FIELDS: Final[dict[int, tuple[str, ...]]] = {
    1: (
        *("v", "sequence", "change_id", "event", "at", "organization_id", "actor", "ip", "request_id"),
        *("action", "subject_id", "subject_name", "code", "type_name", "before", "after", "message"),
        *("outcome", "http_status", "detail", "detail_parts", "evidence", "about"),
        *("key_id", "previous_hash", "hash", "signature"),
    ),
}
"""The fields of a record, in the order in which they are exported, by version."""

ACTOR_FIELDS: Final = ("issuer", "subject", "name", "email")
"""The fields of a record's ``actor``. Each is a column of its own in the tables, ``actor_issuer`` and so on."""

_SEAL: Final = ("hash", "signature")


def record_of(event: "EventBase") -> dict[str, Any]:
    """Return the record of an event, ``hash`` and ``signature`` included.

    An event of an unknown version gets the fields of the newest known one: ``format_problem`` rejects it.
    """
    return {name: _field(event, name) for name in FIELDS.get(event.v, FIELDS[max(FIELDS)])}


def event_columns() -> tuple[str, ...]:
    """Return the columns of the tables that hold a record of any version."""
    return _columns_of(max(FIELDS))


@cache
def _columns_of(version: int) -> tuple[str, ...]:
    actor = [f"actor_{part}" for part in ACTOR_FIELDS]
    return tuple(column for name in FIELDS[version] for column in (actor if name == "actor" else [name]))


def record_of_row(row: tuple[Any, ...]) -> dict[str, Any]:
    """Return the record of a row with ``event_columns``: the same as of the event, several times as fast."""
    newest = max(FIELDS)
    record = dict(zip(_columns_of(newest), row, strict=True))
    record["actor"] = {part: record.pop(f"actor_{part}") for part in ACTOR_FIELDS}
    if record["change_id"] is not None:
        record["change_id"] = str(record["change_id"])
    record["at"] = format_time(record["at"])
    version = record["v"]
    return record if version == newest or version not in FIELDS else {name: record[name] for name in FIELDS[version]}


def line_of(event: "EventBase") -> str:
    """Return the record of an event as one line of JSON."""
    return record_line(record_of(event))


def record_line(record: Mapping[str, Any]) -> str:
    """Return a record as one line of JSON: ASCII, so that no name can start a line of its own."""
    return json.dumps(record, separators=(",", ":"))


def format_problem(record: Mapping[str, Any]) -> str:
    """Say what is wrong with the format of a record; empty if it has exactly the fields of its version."""
    version = record.get("v")
    if type(version) is not int or version not in FIELDS:
        return f"has the format version {version!r:.20}, which is not known here"
    expected = set(FIELDS[version])
    if missing := sorted(expected - set(record)):
        return f"lacks fields of format version {version}: {', '.join(missing)}"
    if extra := sorted(set(record) - expected):
        return f"has fields that format version {version} does not have: {', '.join(extra):.200}"
    return ""


def _field(event: "EventBase", name: str) -> Any:
    if name == "actor":
        return {part: getattr(event, f"actor_{part}") for part in ACTOR_FIELDS}
    value = getattr(event, name)
    if name == "change_id":
        return None if value is None else str(value)
    if name == "at":
        return format_time(value)
    return str(value) if isinstance(value, str) else value  # not a subclass: canonical JSON takes plain text only


def format_time(at: datetime.datetime) -> str:
    """Return the time in UTC as RFC 3339, to the microsecond."""
    return at.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def record_hash(record: Mapping[str, Any]) -> str:
    """Return the hash of a record.

    Raises:
        ValueError: something in it has no canonical form.

    """
    return hashlib.sha256(canonical_json({k: v for k, v in record.items() if k not in _SEAL})).hexdigest()


def key_id(key: Ed25519PublicKey) -> str:
    """Return a short name of a public key: the first 16 hexadecimal digits of the SHA-256 of its 32 bytes."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def sign(key: Ed25519PrivateKey, message: bytes) -> str:
    """Return the signature of ``key`` over ``message`` in base64."""
    return base64.b64encode(key.sign(message)).decode()


def is_signed(key: Ed25519PublicKey, message: bytes, signature: object) -> bool:
    """Return whether ``signature`` is the signature of ``key`` over ``message``."""
    try:
        key.verify(base64.b64decode(str(signature), validate=True), message)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def read_public_key(text: str) -> Ed25519PublicKey:
    """Return the public key for the base64 of its 32 bytes. Raises ``ValueError``."""
    return Ed25519PublicKey.from_public_bytes(base64.b64decode(text.strip(), validate=True))


def public_text(key: Ed25519PublicKey) -> str:
    """Return the base64 of a public key's 32 bytes."""
    return base64.b64encode(key.public_bytes_raw()).decode()
