"""Verify the log: no record was changed since it was signed, none is missing, and changes agree with their events."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from django.db import connection

from accounts_ui.changes import event_storage, search
from accounts_ui.changes.chain.keyring import Keyring
from accounts_ui.changes.chain.locking import consistent_read
from accounts_ui.changes.chain.records import (
    FIRST_PREVIOUS_HASH,
    canonical_json,
    format_problem,
    is_signed,
    record_hash,
    record_of,
)
from accounts_ui.changes.checkpoints.statements import checkpoint_statement
from accounts_ui.changes.event_storage import ExternalArchives, stored_events
from accounts_ui.changes.models import Archive, ArchivedEvent, Checkpoint, Event
from accounts_ui.changes.schema import trigger_check
from accounts_ui.changes.statistics import tallies
from accounts_ui.changes.verification.projections import ProjectionMismatch, related_records, verify_projections
from accounts_ui.changes.verification.tamper_report import describe_tampering

_CHUNK = 500

Record = Mapping[str, Any]
CheckpointHashes = dict[int, str]
"""The hash that checkpoints have for a sequence."""


class BrokenLog(Exception):
    """The log does not verify. ``sequence`` is the place of the first break."""

    def __init__(self, sequence: object, what: str) -> None:
        super().__init__(f"sequence {sequence}: {what}" if sequence is not None else what)
        self.sequence = sequence


@dataclass(frozen=True, slots=True)
class VerifiedPart:
    """A verified part of the log. ``external``: archives that were skipped, because they are outside this database."""

    count: int
    sequence: int
    hash: str
    external: tuple[Archive, ...] = ()


NOTHING_VERIFIED = VerifiedPart(0, 0, FIRST_PREVIOUS_HASH)
NO_ARCHIVES: ExternalArchives = {}


def no_related_records(_: Record) -> Iterable[Record]:
    """Return nothing: for an export, only its own lines are known."""
    return ()


def verify_records(
    records: Iterable[Record],
    keys: Keyring,
    *,
    filtered: bool = False,
    checkpoint_hashes: CheckpointHashes | None = None,
    relatives: Callable[[Record], Iterable[Record]] = no_related_records,
    after: "VerifiedPart | None" = None,
    newest: int = 0,
    external: ExternalArchives = NO_ARCHIVES,
) -> VerifiedPart:
    """Follow the chain through ``records``.

    Args:
        filtered: the records are a selection, so gaps are allowed. Each record is still verified, and records that
            follow each other have to be linked.
        checkpoint_hashes: the hashes of checkpoints that were stored elsewhere.
        relatives: returns records that share values with a broken one, so that the changed field can be named.
        after: what was verified before; the records continue from there.
        newest: the position in the keyring of the key that signed its end.
        external: archives whose events may be missing; the next event has to link to their signed end.

    Raises:
        BrokenLog: at the first record that does not verify.

    """
    after = after or NOTHING_VERIFIED
    count, last = after.count, after.sequence
    before: Record = {"hash": after.hash}
    for record in records:
        sequence = record.get("sequence")
        if not isinstance(sequence, int) or isinstance(sequence, bool):
            raise BrokenLog(last + 1, "the record has no sequence number")
        if sequence <= last:
            raise BrokenLog(sequence, f"comes after {last}: repeated, or out of order")
        if sequence != last + 1 and not filtered:
            last, before = _skip_external(external, last, before)
        if sequence != last + 1 and not filtered:
            raise BrokenLog(last + 1, f"is missing (the next record is {sequence})")
        _verify_hash(sequence, record, keys, before, relatives)
        if problem := format_problem(record):
            raise BrokenLog(sequence, problem)
        if sequence == last + 1 and record.get("previous_hash") != before["hash"]:
            raise BrokenLog(
                sequence, "previous_hash is not the hash of the record before: one was removed, inserted or rewritten"
            )
        newest = _verify_signature(sequence, record, keys, newest)
        if checkpoint_hashes and checkpoint_hashes.get(sequence, record["hash"]) != record["hash"]:
            raise BrokenLog(sequence, "the checkpoint has another hash for it: the log was rewritten")
        count, last, before = count + 1, sequence, dict(record)
    if checkpoint_hashes and max(checkpoint_hashes) > last and not filtered:
        raise BrokenLog(
            max(checkpoint_hashes), "is covered by the checkpoint and missing: the end of the log was cut off"
        )
    return VerifiedPart(count, last, str(before["hash"]))


def verify_database(keys: Keyring, checkpoint_hashes: CheckpointHashes | None = None) -> VerifiedPart:
    """Verify the whole log of this installation at one moment: chain, changes, checkpoints and triggers."""
    with consistent_read():
        external = event_storage.external_archives()
        _verify_archives(keys, checkpoint_hashes or {})
        records = database_records()
        verified = verify_records(
            records, keys, checkpoint_hashes=checkpoint_hashes, relatives=related_records, external=external
        )
        _verify_changes(external)
        _verify_surroundings(keys)
        if what := tallies.tally_mismatch() or search.index_mismatch():
            raise BrokenLog(None, what)
    return replace(verified, external=tuple(external.values()))


def verify_prefix(records: Iterable[Record], keys: Keyring, after: VerifiedPart, last: int) -> None:
    """Verify the part of the log after ``after`` up to ``last``, read from ``records``, and what protects the log.

    Raises:
        BrokenLog: at the first break, which may be that the records do not reach ``last``.

    """
    _verify_archives(keys, {})
    verified = verify_records(records, keys, relatives=related_records, after=after)
    if verified.sequence != last:
        raise BrokenLog(verified.sequence + 1, "is missing")
    _verify_changes(NO_ARCHIVES, after.sequence, last)
    _verify_surroundings(keys)


def verify_part(keys: Keyring, done: VerifiedPart, *, most: int) -> tuple[VerifiedPart, int]:
    """Verify up to ``most`` further events. Return what is verified then, and the last sequence of the chain.

    Raises:
        BrokenLog: at the first break, which may be that the end of ``done`` has changed since.

    """
    with consistent_read():
        external = event_storage.external_archives()
        _verify_archives(keys, {})
        done, newest = _resume(done, keys, external)
        end = Event.objects.order_by("-sequence").values_list("sequence", flat=True).first() or 0
        to = min(end, done.sequence + most)
        records = database_records(done.sequence, to)
        verified = verify_records(
            records, keys, relatives=related_records, after=done, newest=newest, external=external
        )
        _verify_changes(external, done.sequence, to if to < end else None)
        if to == end:
            _verify_surroundings(keys)
    return verified, end


def _resume(done: VerifiedPart, keys: Keyring, external: ExternalArchives) -> tuple[VerifiedPart, int]:
    """Return where to continue, and the position of the key that signed the verified end. Raises ``BrokenLog``."""
    key = None
    inside = [
        archive for archive in external.values() if archive.first_sequence <= done.sequence < archive.last_sequence
    ]
    if inside:
        done = VerifiedPart(done.count, inside[0].last_sequence, inside[0].hash)
    elif done.sequence not in {archive.last_sequence for archive in external.values() if archive.hash == done.hash} | {
        0
    }:
        stands = stored_events(sequence=done.sequence).values_list("hash", "key_id", "sequence").first()
        if stands is None:
            raise BrokenLog(done.sequence, "was verified before and is missing: the end of the log was cut off")
        if stands[0] != done.hash:
            raise BrokenLog(done.sequence, "has another hash than when it was verified: the log was rewritten")
        key = keys.get(stands[1])
    last, before = _skip_external(external, done.sequence, {"hash": done.hash})
    return VerifiedPart(done.count, last, str(before["hash"])), key.position if key else 0


def _skip_external(external: ExternalArchives, last: int, before: Record) -> tuple[int, Record]:
    """Skip external archives that follow ``last``. Return their last sequence, and the hash that is signed for it."""
    while archive := external.get(last + 1):
        last, before = archive.last_sequence, {"hash": archive.hash}
    return last, before


def read_export(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield the records of an export, one JSON object per line. Raises ``BrokenLog`` for other lines."""
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
        except ValueError:
            raise BrokenLog(None, f"line {number} is not JSON") from None
        if not isinstance(record, dict):
            raise BrokenLog(None, f"line {number} is not a JSON object")
        yield record


def verify_checkpoints(checkpoints: Iterable[Any], keys: Keyring) -> CheckpointHashes:
    """Verify the checkpoints. Return the hash that they have for each sequence. Raises ``BrokenLog``."""
    checkpoint_hashes: CheckpointHashes = {}
    for checkpoint in checkpoints:
        sequence, hash_ = _verify_checkpoint(checkpoint, keys)
        if checkpoint_hashes.setdefault(sequence, hash_) != hash_:
            raise BrokenLog(sequence, "two checkpoints have different hashes for it: the log was rewritten")
    checkpoint_hashes.pop(0, None)
    return checkpoint_hashes


def _verify_checkpoint(checkpoint: Any, keys: Keyring) -> tuple[int, str]:
    sequence = checkpoint.get("sequence") if isinstance(checkpoint, dict) else None
    if type(sequence) is not int:
        raise BrokenLog(None, "this is not a checkpoint: it has no sequence number")
    key = keys.get(str(checkpoint.get("key_id")))
    try:
        signed = canonical_json({name: value for name, value in checkpoint.items() if name != "signature"})
    except ValueError as error:
        raise BrokenLog(sequence, f"the checkpoint has {error}") from None
    if key is None or not is_signed(key.public, signed, checkpoint.get("signature")):
        raise BrokenLog(sequence, "the checkpoint is not signed by a known key")
    if key.last is not None and sequence > key.last:
        raise BrokenLog(sequence, f"the checkpoint is {key.why_not(sequence)}")
    return sequence, str(checkpoint.get("hash"))


def _verify_changes(external: ExternalArchives, after: int = 0, to: int | None = None) -> None:
    try:
        verify_projections(external, after, to)
    except ProjectionMismatch as untrue:
        raise BrokenLog(untrue.sequence, str(untrue)) from None


def _verify_archives(keys: Keyring, checkpoint_hashes: CheckpointHashes) -> None:
    """Raise ``BrokenLog`` if an archive's record is unsigned, leaves a gap, or differs from the log or a checkpoint."""
    last = 0
    for archive in Archive.objects.order_by("last_sequence"):
        key = keys.get(archive.key_id)
        if key is None or not is_signed(
            key.public, canonical_json(event_storage.archive_statement(archive)), archive.signature
        ):
            raise BrokenLog(archive.last_sequence, "the record of the archive is not what was signed by a known key")
        if key.last is not None and archive.last_sequence > key.last:
            raise BrokenLog(archive.last_sequence, f"the record of the archive is {key.why_not(archive.last_sequence)}")
        if archive.first_sequence != last + 1:
            raise BrokenLog(last + 1, "the record of the archive that begins here is missing")
        last = archive.last_sequence
        event = stored_events(sequence=last).first()
        if (event.hash if event else checkpoint_hashes.get(last, archive.hash)) != archive.hash:
            raise BrokenLog(last, "the record of the archive has another hash for it: the log was rewritten")
    unrecorded = ArchivedEvent.objects.filter(sequence__gt=last).order_by("sequence").first()
    if unrecorded:
        raise BrokenLog(unrecorded.sequence, "is in the archive, which has no record of that")


def _verify_surroundings(keys: Keyring) -> None:
    _verify_stored_checkpoints(keys)
    if wrong := trigger_check.trigger_problems(connection):
        raise BrokenLog(None, f"the triggers that protect the log were changed: {', '.join(wrong)}")


def _verify_stored_checkpoints(keys: Keyring) -> None:
    external = event_storage.external_archives().values()
    stored = (
        checkpoint_statement(checkpoint) for checkpoint in Checkpoint.objects.order_by("sequence").iterator(_CHUNK)
    )
    while chunk := list(islice(stored, _CHUNK)):
        checkpoint_hashes = verify_checkpoints(chunk, keys)
        hashes = {archive.last_sequence: archive.hash for archive in external}
        hashes |= dict(stored_events(sequence__in=list(checkpoint_hashes)).values_list("sequence", "hash"))
        for sequence, expected in checkpoint_hashes.items():
            if sequence not in hashes and any(
                archive.first_sequence <= sequence < archive.last_sequence for archive in external
            ):
                continue
            if sequence not in hashes:
                raise BrokenLog(
                    sequence, "is covered by a stored checkpoint and missing: the end of the log was cut off"
                )
            if hashes[sequence] != expected:
                raise BrokenLog(sequence, "a stored checkpoint has another hash for it: the log was rewritten")


def database_records(after: int = 0, to: int | None = None) -> Iterator[dict[str, Any]]:
    """Yield the records of this installation after ``after`` and up to ``to``, in the order of the chain."""
    events = stored_events(sequence__gt=after) if to is None else stored_events(sequence__gt=after, sequence__lte=to)
    return (record_of(event) for event in events.iterator(2000))


def _verify_hash(
    sequence: int, record: Record, keys: Keyring, before: Record, relatives: Callable[[Record], Iterable[Record]]
) -> None:
    try:
        expected = record_hash(record)
    except ValueError as error:
        raise BrokenLog(sequence, str(error)) from None
    if record.get("hash") != expected:
        what = describe_tampering(record, [before, *relatives(record)], keys)
        raise BrokenLog(sequence, f"the record's content does not match its hash: {what}")


def _verify_signature(sequence: int, record: Record, keys: Keyring, newest: int) -> int:
    """Return the position of the signing key, which never decreases along the chain."""
    key = keys.get(str(record.get("key_id")))
    if key is None:
        raise BrokenLog(sequence, f"key_id: signed by a key that is not known here ({record.get('key_id')})")
    if not is_signed(key.public, bytes.fromhex(record["hash"]), record.get("signature")):
        raise BrokenLog(sequence, "signature: it is not that of its key")
    if why := key.why_not(sequence):
        raise BrokenLog(sequence, why)
    if key.position < newest:
        raise BrokenLog(sequence, f"signed by the retired key {key.id} after a newer key had begun to sign")
    return key.position
