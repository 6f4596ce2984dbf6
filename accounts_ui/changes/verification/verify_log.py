"""Proving the log: that each record is what was signed, that none is missing, and that changes say what events say."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from django.db import connection

from accounts_ui.changes import event_storage, search
from accounts_ui.changes.chain.keyring import Keyring
from accounts_ui.changes.chain.locking import snapshot
from accounts_ui.changes.chain.records import (
    FIRST_PREVIOUS_HASH,
    canonical,
    digest,
    format_problem,
    is_signed,
    record_of,
)
from accounts_ui.changes.checkpoints.statements import statement_of
from accounts_ui.changes.event_storage import Elsewhere, lines
from accounts_ui.changes.models import Archive, ArchivedEvent, Checkpoint, Event
from accounts_ui.changes.schema import trigger_check
from accounts_ui.changes.statistics import tallies
from accounts_ui.changes.verification.projections import Untrue, relatives_of, verify_changes
from accounts_ui.changes.verification.tamper_report import changed_field

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
    """What was found whole. ``elsewhere``: the archives that were not looked at, because they are not here."""

    count: int
    sequence: int
    hash: str
    elsewhere: tuple[Archive, ...] = ()


NOTHING = Verified(0, 0, FIRST_PREVIOUS_HASH)
NOWHERE: Elsewhere = {}


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
    elsewhere: Elsewhere = NOWHERE,
) -> Verified:
    """Follow the chain through ``records``.

    Args:
        filtered: the records are a selection, so that gaps between them are no break. Each is still verified, and
            neighbours still have to fit.
        vouched: what kept checkpoints say.
        relatives: where values of a broken record stand a second time, so that the changed field can be named.
        after: what was verified before; the records go on from there.
        newest: the place among the keys of the key that signed the end of it.
        elsewhere: parts that may be missing: what follows has to fit to the end that was signed for them.

    Raises:
        Broken: at the first record that does not verify.

    """
    after = after or NOTHING
    count, last = after.count, after.sequence
    before: Record = {"hash": after.hash}
    for record in records:
        sequence = record.get("sequence")
        if not isinstance(sequence, int) or isinstance(sequence, bool):
            raise Broken(last + 1, "the record has no sequence number")
        if sequence <= last:
            raise Broken(sequence, f"stands after {last}: repeated, or out of order")
        if sequence != last + 1 and not filtered:
            last, before = _past(elsewhere, last, before)
        if sequence != last + 1 and not filtered:
            raise Broken(last + 1, f"is missing (the next record is {sequence})")
        _verify_hash(sequence, record, keys, before, relatives)
        if problem := format_problem(record):
            raise Broken(sequence, problem)
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
        away = event_storage.elsewhere()
        _verify_archives(keys, vouched or {})
        records = database_records()
        verified = verify_records(records, keys, vouched=vouched, relatives=relatives_of, elsewhere=away)
        _verify_changes(away)
        _verify_surroundings(keys)
        if what := tallies.wrong() or search.wrong():
            raise Broken(None, what)
    return replace(verified, elsewhere=tuple(away.values()))


def verify_prefix(records: Iterable[Record], keys: Keyring, after: Verified, last: int) -> None:
    """The part of the log that goes on after ``after`` up to ``last``, told by ``records``, and what keeps it.

    Raises:
        Broken: at the first break, which may be that the records do not reach ``last``.

    """
    _verify_archives(keys, {})
    verified = verify_records(records, keys, relatives=relatives_of, after=after)
    if verified.sequence != last:
        raise Broken(verified.sequence + 1, "is missing")
    _verify_changes(NOWHERE, after.sequence, last)
    _verify_surroundings(keys)


def verify_part(keys: Keyring, done: Verified, *, most: int) -> tuple[Verified, int]:
    """Go on from what is verified by up to ``most`` events: what is verified then, and where the chain ends now.

    Raises:
        Broken: at the first break, which may be that ``done`` does not stand any more.

    """
    with snapshot():
        away = event_storage.elsewhere()
        _verify_archives(keys, {})
        done, newest = _go_on(done, keys, away)
        end = Event.objects.order_by("-sequence").values_list("sequence", flat=True).first() or 0
        to = min(end, done.sequence + most)
        records = database_records(done.sequence, to)
        verified = verify_records(records, keys, relatives=relatives_of, after=done, newest=newest, elsewhere=away)
        _verify_changes(away, done.sequence, to if to < end else None)
        if to == end:
            _verify_surroundings(keys)
    return verified, end


def _go_on(done: Verified, keys: Keyring, elsewhere: Elsewhere) -> tuple[Verified, int]:
    """Where to go on, and the place of the key that signed the end of what is verified. Raises ``Broken``."""
    key = None
    inside = [one for one in elsewhere.values() if one.first_sequence <= done.sequence < one.last_sequence]
    if inside:
        done = Verified(done.count, inside[0].last_sequence, inside[0].hash)
    elif done.sequence not in {one.last_sequence for one in elsewhere.values() if one.hash == done.hash} | {0}:
        stands = lines(sequence=done.sequence).values_list("hash", "key_id", "sequence").first()
        if stands is None:
            raise Broken(done.sequence, "was verified before and is missing: the tail was cut")
        if stands[0] != done.hash:
            raise Broken(done.sequence, "has another hash than when it was verified: the log was rewritten")
        key = keys.get(stands[1])
    last, before = _past(elsewhere, done.sequence, {"hash": done.hash})
    return Verified(done.count, last, str(before["hash"])), key.position if key else 0


def _past(elsewhere: Elsewhere, last: int, before: Record) -> tuple[int, Record]:
    """Where what is here goes on, after archives that are not here: their last sequence, and the hash signed for it."""
    while archive := elsewhere.get(last + 1):
        last, before = archive.last_sequence, {"hash": archive.hash}
    return last, before


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


def _verify_changes(elsewhere: Elsewhere, after: int = 0, to: int | None = None) -> None:
    try:
        verify_changes(elsewhere, after, to)
    except Untrue as untrue:
        raise Broken(untrue.sequence, str(untrue)) from None


def _verify_archives(keys: Keyring, vouched: Vouched) -> None:
    """Each record of an archive: signed, following the one before, with an end that is what the log and others say."""
    last = 0
    for archive in Archive.objects.order_by("last_sequence"):
        key = keys.get(archive.key_id)
        if key is None or not is_signed(key.public, canonical(event_storage.statement_of(archive)), archive.signature):
            raise Broken(archive.last_sequence, "the record of the archive is not what was signed by a known key")
        if key.last is not None and archive.last_sequence > key.last:
            raise Broken(archive.last_sequence, f"the record of the archive is {key.why_not(archive.last_sequence)}")
        if archive.first_sequence != last + 1:
            raise Broken(last + 1, "the record of the archive that begins here is missing")
        last = archive.last_sequence
        event = lines(sequence=last).first()
        if (event.hash if event else vouched.get(last, archive.hash)) != archive.hash:
            raise Broken(last, "the record of the archive vouches for another hash: the log was rewritten")
    unrecorded = ArchivedEvent.objects.filter(sequence__gt=last).order_by("sequence").first()
    if unrecorded:
        raise Broken(unrecorded.sequence, "lies in the archive without a record of that")


def _verify_surroundings(keys: Keyring) -> None:
    _verify_stored_checkpoints(keys)
    if wrong := trigger_check.wrong(connection):
        raise Broken(None, f"the triggers that keep the log are not as they were made: {', '.join(wrong)}")


def _verify_stored_checkpoints(keys: Keyring) -> None:
    away = event_storage.elsewhere().values()
    stored = (statement_of(one) for one in Checkpoint.objects.order_by("sequence").iterator(_CHUNK))
    while chunk := list(islice(stored, _CHUNK)):
        vouched = verify_checkpoints(chunk, keys)
        hashes = {one.last_sequence: one.hash for one in away}
        hashes |= dict(lines(sequence__in=list(vouched)).values_list("sequence", "hash"))
        for sequence, expected in vouched.items():
            if sequence not in hashes and any(one.first_sequence <= sequence < one.last_sequence for one in away):
                continue
            if sequence not in hashes:
                raise Broken(sequence, "is vouched for by a stored checkpoint and missing: the tail was cut")
            if hashes[sequence] != expected:
                raise Broken(sequence, "a stored checkpoint vouches for another hash: the log was rewritten")


def database_records(after: int = 0, to: int | None = None) -> Iterator[dict[str, Any]]:
    """The records of this installation in the order of the chain: those after ``after``, up to ``to``."""
    found = lines(sequence__gt=after) if to is None else lines(sequence__gt=after, sequence__lte=to)
    return (record_of(event) for event in found.iterator(2000))


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
