"""Which field was changed: the one whose other value brings the signed hash back."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from accounts_ui.changes.chain.keyring import KeyPeriod, Keyring
from accounts_ui.changes.chain.records import FIELDS, key_id, record_hash, sign
from accounts_ui.changes.verification.tamper_report import describe_tampering

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
KEYS = Keyring([KeyPeriod(key_id(KEY.public_key()), KEY.public_key(), 1)])


def signed_record(**values: Any) -> dict[str, Any]:
    record: dict[str, Any] = dict.fromkeys(FIELDS[1], "")
    record |= {
        "v": 1,
        "sequence": 7,
        "event": "applied",
        "outcome": "applied",
        "action": "assign",
        "actor": {"issuer": "i", "subject": "s", "name": "Ada", "email": ""},
        "http_status": 200,
        "evidence": None,
        "before": "active",
        "after": "disabled",
        "key_id": key_id(KEY.public_key()),
        **values,
    }
    record["hash"] = record_hash(record)
    record["signature"] = sign(KEY, bytes.fromhex(record["hash"]))
    return record


@pytest.mark.parametrize(
    ("name", "forged"),
    [
        ("v", 9),
        ("event", "unknown"),
        ("outcome", "unknown"),
        ("action", "delete"),
        ("http_status", 418),
        ("before", "gone"),
        ("after", None),
        ("evidence", {"seen": "forged"}),
        ("message", "forged"),
    ],
)
def test_a_field_whose_values_are_few_is_named(name: str, forged: object) -> None:
    record = signed_record()
    report = describe_tampering({**record, name: forged}, [], KEYS)
    assert report == f"{name} was changed: {record[name]!r} was signed"


def test_a_value_that_a_related_record_has_is_named() -> None:
    record = signed_record(message="because of a ticket")
    related = [{"message": "something else"}, {"message": "because of a ticket"}]
    assert describe_tampering({**record, "message": "forged"}, related, KEYS).startswith("message was changed")


def test_a_part_of_the_actor_is_named() -> None:
    record = signed_record()
    forged = {**record, "actor": {**record["actor"], "name": "Eve"}}
    report = describe_tampering(forged, [{"actor": record["actor"]}], KEYS)
    assert report == "actor.name was changed: 'Ada' was signed"


def test_a_changed_hash_is_named_by_its_signature() -> None:
    assert describe_tampering({**signed_record(), "hash": "0" * 64}, [], KEYS) == "hash was changed"


def test_what_cannot_be_known_is_not_guessed() -> None:
    record = signed_record(message="only here")
    assert describe_tampering({**record, "message": "forged"}, [], KEYS).startswith("a field was changed")


def test_a_record_of_a_later_release_is_named_as_such() -> None:
    record = signed_record(v=2, color="red")
    record.pop("color")
    assert "format version 2" in describe_tampering(record, [], KEYS)
