"""Proving the log: that each record is what was signed, that none is missing, and that changes say what events say."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.db import connection

from accounts_ui.changes import guarding
from accounts_ui.changes.checkpoints import statement_of
from accounts_ui.changes.keyring import Keyring
from accounts_ui.changes.locking import snapshot
from accounts_ui.changes.log import record_of
from accounts_ui.changes.models import Checkpoint, Event
from accounts_ui.changes.naming import changed_field
from accounts_ui.changes.projecting import Untrue, relatives_of, verify_changes
from accounts_ui.changes.record import FIRST_PREVIOUS_HASH, canonical, digest, is_signed

_CHUNK = 500

Record = Mapping[str, Any]
Vouched = dict[int, str]
"""What checkpoints vouch for: the hash at a sequence."""


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


NOTHING = Verified(0, 0, FIRST_PREVIOUS_HASH)


def no_relatives(_: Record) -> Iterable[Record]:
    """Of an export nothing is known beside its lines."""
    return ()


def verify_records(
    records: Iterable[Record],
    keys: Keyring,
    *,
    filtered: bool = False,
    vouched: Vouched | None = None,
    relatives: Callable[[Record], Iterable[Record]] = no_relatives,
    after: "Verified | None" = None,
    newest: int = 0,
) -> Verified:
    """Follow the chain through ``records``.

    Args:
        filtered: the records are a selection, so that gaps between them are no break. Each is still verified, and
            neighbours still have to fit.
        vouched: what kept checkpoints say.
        relatives: where values of a broken record stand a second time, so that the changed field can be named.
        after: what was verified before; the records go on from there.
        newest: the place among the keys of the key that signed the end of it.

    Raises:
        Broken: at the first record that does not verify.

    """
    after = after or NOTHING
    count, last, before = after.count, after.sequence, {"hash": after.hash}
    for record in records:
        sequence = record.get("sequence")
        if not isinstance(sequence, int) or isinstance(sequence, bool):
            raise Broken(last + 1, "the record has no sequence number")
        if sequence <= last:
            raise Broken(sequence, f"stands after {last}: repeated, or out of order")
        if sequence != last + 1 and not filtered:
            raise Broken(last + 1, f"is missing (the next record is {sequence})")
        _verify_hash(sequence, record, keys, before, relatives)
        if sequence == last + 1 and record.get("previous_hash") != before["hash"]:
            raise Broken(
                sequence, "previous_hash is not the hash of the record before: one was removed, inserted or rewritten"
            )
        newest = _verify_signature(sequence, record, keys, newest)
        if vouched and vouched.get(sequence, record["hash"]) != record["hash"]:
            raise Broken(sequence, "the checkpoint vouches for another hash: the log was rewritten")
        count, last, before = count + 1, sequence, dict(record)
    if vouched and max(vouched) > last and not filtered:
        raise Broken(max(vouched), "is vouched for by the checkpoint and missing: the tail was cut")
    return Verified(count, last, str(before["hash"]))


def verify_database(keys: Keyring, vouched: Vouched | None = None) -> Verified:
    """The whole log of this installation as it is at one moment: its chain, its changes, checkpoints and triggers."""
    with snapshot():
        verified = verify_records(database_records(), keys, vouched=vouched, relatives=relatives_of)
        try:
            verify_changes()
        except Untrue as untrue:
            raise Broken(untrue.sequence, str(untrue)) from None
        _verify_surroundings(keys)
    return verified


def verify_part(keys: Keyring, done: Verified, *, most: int) -> tuple[Verified, int]:
    """Go on from what is verified by up to ``most`` events: what is verified then, and where the chain ends now.

    Raises:
        Broken: at the first break, which may be that ``done`` does not stand any more.

    """
    with snapshot():
        stands = Event.objects.filter(sequence=done.sequence).values_list("hash", "key_id").first()
        if done.sequence and stands is None:
            raise Broken(done.sequence, "was verified before and is missing: the tail was cut")
        if stands and stands[0] != done.hash:
            raise Broken(done.sequence, "has another hash than when it was verified: the log was rewritten")
        key = keys.get(stands[1]) if stands else None
        end = Event.objects.order_by("-sequence").values_list("sequence", flat=True).first() or 0
        to = min(end, done.sequence + most)
        events = Event.objects.filter(sequence__gt=done.sequence, sequence__lte=to).order_by("sequence")
        records = (record_of(event) for event in events.iterator(_CHUNK))
        newest = key.position if key else 0
        verified = verify_records(records, keys, relatives=relatives_of, after=done, newest=newest)
        try:
            verify_changes(done.sequence, to if to < end else None)
        except Untrue as untrue:
            raise Broken(untrue.sequence, str(untrue)) from None
        if to == end:
            _verify_surroundings(keys)
    return verified, end


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


def verify_checkpoints(checkpoints: Iterable[Any], keys: Keyring) -> Vouched:
    """The sequences and hashes that checkpoints vouch for."""
    vouched: Vouched = {}
    for checkpoint in checkpoints:
        sequence, hash_ = _verify_checkpoint(checkpoint, keys)
        if vouched.setdefault(sequence, hash_) != hash_:
            raise Broken(sequence, "two checkpoints vouch for different hashes: the log was rewritten")
    vouched.pop(0, None)
    return vouched


def _verify_checkpoint(checkpoint: Any, keys: Keyring) -> tuple[int, str]:
    sequence = checkpoint.get("sequence") if isinstance(checkpoint, dict) else None
    if type(sequence) is not int:
        raise Broken(None, "the checkpoint is not one: it has no sequence number")
    key = keys.get(str(checkpoint.get("key_id")))
    try:
        signed = canonical({name: value for name, value in checkpoint.items() if name != "signature"})
    except ValueError as error:
        raise Broken(sequence, f"the checkpoint has {error}") from None
    if key is None or not is_signed(key.public, signed, checkpoint.get("signature")):
        raise Broken(sequence, "the checkpoint is not signed by a known key")
    if key.last is not None and sequence > key.last:
        raise Broken(sequence, f"the checkpoint is {key.why_not(sequence)}")
    return sequence, str(checkpoint.get("hash"))


def _verify_surroundings(keys: Keyring) -> None:
    _verify_stored_checkpoints(keys)
    if wrong := guarding.wrong(connection):
        raise Broken(None, f"the triggers that keep the log are not as they were made: {', '.join(wrong)}")


def _verify_stored_checkpoints(keys: Keyring) -> None:
    stored = (statement_of(one) for one in Checkpoint.objects.order_by("sequence").iterator(_CHUNK))
    while chunk := list(islice(stored, _CHUNK)):
        vouched = verify_checkpoints(chunk, keys)
        hashes = dict(Event.objects.filter(sequence__in=vouched).values_list("sequence", "hash"))
        for sequence, expected in vouched.items():
            if sequence not in hashes:
                raise Broken(sequence, "is vouched for by a stored checkpoint and missing: the tail was cut")
            if hashes[sequence] != expected:
                raise Broken(sequence, "a stored checkpoint vouches for another hash: the log was rewritten")


def database_records() -> Iterator[dict[str, Any]]:
    """Every record of this installation, in the order of the chain."""
    return (record_of(event) for event in Event.objects.order_by("sequence").iterator(2000))


def _verify_hash(
    sequence: int, record: Record, keys: Keyring, before: Record, relatives: Callable[[Record], Iterable[Record]]
) -> None:
    try:
        expected = digest(record)
    except ValueError as error:
        raise Broken(sequence, str(error)) from None
    if record.get("hash") != expected:
        what = changed_field(record, [before, *relatives(record)], keys)
        raise Broken(sequence, f"the record does not have the hash that it claims: {what}")


def _verify_signature(sequence: int, record: Record, keys: Keyring, newest: int) -> int:
    """The place of the key among the keys, which never goes back."""
    key = keys.get(str(record.get("key_id")))
    if key is None:
        raise Broken(sequence, f"key_id: signed by a key that is not known here ({record.get('key_id')})")
    if not is_signed(key.public, bytes.fromhex(record["hash"]), record.get("signature")):
        raise Broken(sequence, "signature: it is not that of its key")
    if why := key.why_not(sequence):
        raise Broken(sequence, why)
    if key.position < newest:
        raise Broken(sequence, f"signed by the retired key {key.id} after a newer key had begun to sign")
    return key.position
