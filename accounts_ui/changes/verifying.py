"""Proving the log: that each record is what was signed, that none is missing, and that changes say what events say."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.db import connection
from django.utils import timezone

from accounts_ui.changes import triggers
from accounts_ui.changes.log import record_of
from accounts_ui.changes.models import FACTS, Change, Event
from accounts_ui.changes.record import FIRST_PREVIOUS_HASH, canonical, digest, is_signed, key_id, moment, sign

Keys = Mapping[str, Ed25519PublicKey]


class Broken(Exception):
    """The first break: ``sequence``, where it is, and what is wrong there."""

    def __init__(self, sequence: object, what: str) -> None:
        super().__init__(f"sequence {sequence}: {what}" if sequence is not None else what)
        self.sequence = sequence


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found whole."""

    count: int
    sequence: int
    hash: str


def verify_records(records: Iterable[Mapping[str, Any]], keys: Keys, *, filtered: bool = False) -> Verified:
    """Follow the chain through ``records``.

    Args:
        filtered: the records are a selection, so that gaps between them are no break. Each is still verified, and
            neighbours still have to fit.

    Raises:
        Broken: at the first record that does not verify.

    """
    count, last, last_hash = 0, 0, FIRST_PREVIOUS_HASH
    for record in records:
        sequence = record.get("sequence")
        if not isinstance(sequence, int) or isinstance(sequence, bool):
            raise Broken(last + 1, "the record has no sequence number")
        if sequence <= last:
            raise Broken(sequence, f"stands after {last}: repeated, or out of order")
        if sequence != last + 1 and not filtered:
            raise Broken(last + 1, f"is missing (the next record is {sequence})")
        if sequence == last + 1 and record.get("previous_hash") != last_hash:
            raise Broken(sequence, "previous_hash is not the hash of the record before")
        _verify_record(sequence, record, keys)
        count, last, last_hash = count + 1, sequence, str(record["hash"])
    return Verified(count, last, last_hash)


def verify_database(keys: Keys) -> Verified:
    """The whole log of this installation, its triggers, and the changes beside it."""
    verified = verify_records((record_of(event) for event in Event.objects.order_by("sequence").iterator(2000)), keys)
    _verify_changes()
    if gone := triggers.missing(connection):
        raise Broken(None, f"the database lacks the triggers that keep the log: {', '.join(gone)}")
    return verified


def read_lines(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The records of an export, one JSON object a line."""
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
        except ValueError:
            raise Broken(None, f"line {number} is not JSON") from None
        if not isinstance(record, dict):
            raise Broken(None, f"line {number} is not a JSON object")
        yield record


def make_checkpoint(key: Ed25519PrivateKey) -> dict[str, Any]:
    """A signed statement of where the chain ends now, to be kept elsewhere.

    ``signature`` is Ed25519 over the RFC 8785 canonical JSON of the other fields.
    """
    last = Event.objects.order_by("-sequence").first()
    checkpoint: dict[str, Any] = {
        "sequence": last.sequence if last else 0,
        "hash": last.hash if last else FIRST_PREVIOUS_HASH,
        "at": moment(timezone.now()),
        "key_id": key_id(key.public_key()),
    }
    return {**checkpoint, "signature": sign(key, canonical(checkpoint))}


def verify_checkpoint(checkpoint: Any, keys: Keys) -> tuple[int, str]:
    """The sequence and hash that a checkpoint vouches for."""
    if not isinstance(checkpoint, dict) or not isinstance(checkpoint.get("sequence"), int):
        raise Broken(None, "the checkpoint is not one: it has no sequence number")
    sequence = checkpoint["sequence"]
    key = keys.get(str(checkpoint.get("key_id")))
    signed = canonical({name: value for name, value in checkpoint.items() if name != "signature"})
    if key is None or not is_signed(key, signed, checkpoint.get("signature")):
        raise Broken(sequence, "the checkpoint is not signed by a known key")
    return sequence, str(checkpoint["hash"])


def hold_against(records: Iterable[Mapping[str, Any]], sequence: int, expected: str) -> Iterator[Mapping[str, Any]]:
    """Pass ``records`` on, and refuse an end before the checkpoint or another hash at it."""
    met = sequence == 0
    for record in records:
        if record.get("sequence") == sequence:
            met = True
            if record.get("hash") != expected:
                raise Broken(sequence, "the checkpoint vouches for another hash: the log was rewritten")
        yield record
    if not met:
        raise Broken(sequence, "is vouched for by the checkpoint and missing: the tail was cut")


def database_records() -> Iterator[dict[str, Any]]:
    """Every record of this installation, in the order of the chain."""
    return (record_of(event) for event in Event.objects.order_by("sequence").iterator(2000))


def _verify_record(sequence: int, record: Mapping[str, Any], keys: Keys) -> None:
    try:
        expected = digest(record)
    except ValueError as error:
        raise Broken(sequence, str(error)) from None
    if record.get("hash") != expected:
        raise Broken(sequence, "the record does not have the hash that it claims: a field was changed")
    key = keys.get(str(record.get("key_id")))
    if key is None:
        raise Broken(sequence, f"signed by a key that is not known here ({record.get('key_id')})")
    if not is_signed(key, bytes.fromhex(expected), record.get("signature")):
        raise Broken(sequence, "the signature is not that of its key")


_SAME = ("outcome", "http_status", "reason", "after")
_FROZEN = tuple(name for name in FACTS if name not in _SAME)


def _verify_changes() -> None:
    """Each change against its first and its newest event."""
    first: dict[Any, Event] = {}
    newest: dict[Any, Event] = {}
    for event in Event.objects.order_by("sequence").iterator(2000):
        first.setdefault(event.change_id, event)
        newest[event.change_id] = event
    for change in Change.objects.order_by("last_sequence").iterator(2000):
        opened, last = first.pop(change.change_id, None), newest.get(change.change_id)
        if opened is None or last is None:
            raise Broken(change.last_sequence, f"change {change.change_id} has no events")
        wrong = [name for name in _FROZEN if getattr(change, name) != getattr(opened, name)]
        wrong += [name for name in _SAME if getattr(change, name) != getattr(last, name)]
        if wrong or change.last_sequence != last.sequence or change.requested_at != opened.at:
            raise Broken(last.sequence, f"change {change.change_id} says other than its events: {', '.join(wrong)}")
    if first:
        event = min(first.values(), key=lambda one: one.sequence)
        raise Broken(event.sequence, f"change {event.change_id} has events and is missing itself")
