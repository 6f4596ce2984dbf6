"""Verify an export of a log (``export.jsonl``), as somebody outside can: with the current public key only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from accounts_ui.changes.chain.canonical_json import canonical_json
from accounts_ui.changes.chain.key_changes import KeyChangeError, derive_keyring
from accounts_ui.changes.chain.keyring import KeyPeriod, Keyring
from accounts_ui.changes.chain.notes import is_signed_by, parse_note
from accounts_ui.changes.chain.record_bytes import record_hashes
from accounts_ui.changes.chain.records import FIRST_PREVIOUS_HASH, is_signed, key_id
from accounts_ui.changes.chain.strict_json import read_json
from accounts_ui.changes.models import EventKind
from accounts_ui.changes.tree.compact_range import CompactRange, load_range
from accounts_ui.changes.verification.breaks import Acknowledgements, BrokenLog, read_acknowledgements
from accounts_ui.changes.verification.checkpoints import read_kept, read_tree_head
from accounts_ui.changes.verification.record_checks import record_problem
from accounts_ui.changes.verification.tamper_report import describe_tampering

_OF_THE_LOG: Final = tuple(f'"{kind.value}"' for kind in (EventKind.KEY_CHANGED, EventKind.BREAK_ACKNOWLEDGED))
_END_FIELDS: Final = {
    **dict.fromkeys(("organization_id", "hash", "tree", "key_id", "signature"), str),
    "sequence": int,
}


@dataclass(frozen=True, slots=True)
class VerifiedExport:
    """An export that was verified. ``notes``: what a reader has to know about it, line by line."""

    organization_id: str
    count: int
    sequence: int
    hash: str
    notes: tuple[str, ...]


def verify_export(
    path: Path,
    public_key: Ed25519PublicKey,
    *,
    filtered: bool = False,
    kept: str = "",
    after: str = "",
) -> VerifiedExport:
    """Verify the export in this file.

    Args:
        public_key: the current key, the only one to trust. Former ones follow from the export, if it is whole.
        filtered: the export is a selection, so there may be gaps. Then former keys prove nothing.
        kept: checkpoints that were stored elsewhere.
        after: the statement of where the archived part ends that comes before this export.

    Raises:
        BrokenLog: at the first break.
        OSError, UnicodeError: the file cannot be read.

    """
    reader = _Export(path)
    verifier = _ExportVerifier(reader, public_key, filtered, kept, after)
    for record in reader.records():
        verifier.add(record)
    return verifier.end()


class _Export:
    """The lines of an export. They are read twice: the keys first, which are named by events at its end."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def records(self, mentions: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
        """Yield the records; with ``mentions``, only those whose line has one of these texts."""
        with self._path.open(encoding="utf-8", newline="\n") as lines:
            for number, line in enumerate(lines, start=1):
                if mentions and not any(text in line for text in mentions):
                    continue
                yield _read_record(number, line)


def _read_record(number: int, line: str) -> dict[str, Any]:
    try:
        record = read_json(line)
    except ValueError as error:
        raise BrokenLog(None, f"line {number} is not JSON as the console writes it: {error}") from None
    if not isinstance(record, dict):
        raise BrokenLog(None, f"line {number} is not a JSON object")
    if type(record.get("sequence")) is not int or type(record.get("organization_id")) is not str:
        raise BrokenLog(None, f"line {number} is not a record: it has no sequence number or no organization")
    return record


@dataclass(slots=True)
class _Kept:
    """Checkpoints that were stored elsewhere: root hashes by size, and up to where the current key vouches."""

    roots: dict[int, bytes] = field(default_factory=dict)
    vouched: int = 0


class _ExportVerifier:
    """Follows the records of one export."""

    def __init__(self, reader: _Export, public_key: Ed25519PublicKey, filtered: bool, kept: str, after: str) -> None:
        first = next(reader.records(), None)
        self.organization_id = str(first["organization_id"]) if first else ""
        self.filtered = filtered
        self.keyring, self.acknowledged = _read_log_events(reader, public_key, filtered=filtered)
        self.kept = self._read_kept(kept, public_key)
        self.count, self.sequence, self.before = 0, 0, FIRST_PREVIOUS_HASH
        self.tree: CompactRange | None = CompactRange()
        if after:
            self._begin_after(after)
        self.before_record: Mapping[str, Any] = {}
        self.reports: dict[int, str] = {}
        self.broken: set[int] = set()
        self.unproven: set[str] = set()

    def _read_kept(self, text: str, public_key: Ed25519PublicKey) -> _Kept:
        kept, suffix = _Kept(), f"/orgs/{quote(self.organization_id, safe='')}"
        for origin, notes in read_kept(text).items() if text else ():
            if not origin.endswith(suffix):
                raise BrokenLog(None, f"the checkpoint is one of {origin!r:.100}, not of this organization")
            for note in notes:
                head = read_tree_head(note, origin, self.keyring)
                if kept.roots.setdefault(head.size, head.root) != head.root:
                    raise BrokenLog(head.size, "two checkpoints have different hashes for it: the log was rewritten")
                if is_signed_by(parse_note(note), origin, public_key):
                    kept.vouched = max(kept.vouched, head.size)
        return kept

    def _begin_after(self, text: str) -> None:
        """Begin behind an archived part. Raises ``BrokenLog`` if the statement is not one of a key of this log."""
        try:
            end = read_json(text)
            if {name: type(value) for name, value in end.items()} != _END_FIELDS:
                raise ValueError("it has other fields")
            tree = load_range(end["tree"])
            statement = canonical_json({name: value for name, value in end.items() if name != "signature"})
        except (ValueError, AttributeError) as error:
            raise BrokenLog(None, f"this is not the statement of where an archived part ends: {error}") from None
        key = self.keyring.at(end["sequence"])
        keys = [period for period in (key, self.keyring.current) if period.id == end["key_id"]]
        if not keys or not is_signed(keys[0].public, statement, end["signature"]):
            raise BrokenLog(end["sequence"], "the statement of the archived part is not signed by a key of this log")
        if end["organization_id"] != self.organization_id or (tree.begin, tree.end) != (0, end["sequence"]):
            raise BrokenLog(end["sequence"], "the statement of the archived part is one of another log")
        self.sequence, self.before, self.tree = end["sequence"], end["hash"], tree

    def add(self, record: dict[str, Any]) -> None:
        """Verify the next record. Raises ``BrokenLog``."""
        sequence = record["sequence"]
        if sequence < 1:
            raise BrokenLog(sequence, "is before the first place of the log, which is 1")
        if sequence <= self.sequence:
            raise BrokenLog(sequence, f"comes after {self.sequence}: repeated, or out of order")
        before: str | None = self.before
        if sequence != self.sequence + 1:
            self._skip_to(sequence)
            before = None
        try:
            hash_, leaf = record_hashes(record)
        except ValueError as error:
            raise BrokenLog(sequence, str(error)) from None
        if problem := self._problem(record, hash_, before):
            self._acknowledge(record, problem)
        if self.tree is not None:
            self.tree.append(leaf)
            self._compare()
        self.count, self.sequence = self.count + 1, sequence
        self.before, self.before_record = str(record["hash"]), record

    def _problem(self, record: dict[str, Any], hash_: str, before: str | None) -> str:
        if record["organization_id"] != self.organization_id:
            return "belongs to another organization than the records before it"
        key = self.keyring.at(record["sequence"])
        other = str(record.get("key_id"))
        if other != key.id and record["sequence"] <= self.kept.vouched and not self.filtered:
            self.unproven.add(other)
            key = KeyPeriod(other, key.public, key.first)
        problem = record_problem(record, hash_, before, key)
        if problem.startswith("signature") and other in self.unproven:
            return ""
        if problem.startswith("key_id") and self.filtered:
            return f"{problem}. What a former key signed is proven by a whole export or an evidence pack only"
        return problem

    def _acknowledge(self, record: dict[str, Any], problem: str) -> None:
        acknowledgement = self.acknowledged.of_record(record)
        if acknowledgement is None:
            if problem.startswith("the record's content"):
                what = describe_tampering(record, [self.before_record], self.keyring)
                problem = f"the record's content does not match its hash: {what}"
            raise BrokenLog(record["sequence"], problem)
        self._report(acknowledgement.at_sequence, f"{acknowledgement.describe()}. Found today: {problem}.")
        self.broken.add(record["sequence"])

    def _report(self, at_sequence: int, text: str) -> None:
        self.reports[at_sequence] = text
        self.tree = None  # the leaf that was signed is not in the export, so the tree cannot be made from it

    def _skip_to(self, sequence: int) -> None:
        """Go on at this sequence. Raises ``BrokenLog`` if the export has to have what lies between."""
        if self.filtered:
            self.tree = None
            return
        missing = self.sequence + 1
        while missing < sequence:
            acknowledgement = self.acknowledged.of_gap(missing)
            if acknowledgement is None:
                raise BrokenLog(missing, f"is missing (the next record is {sequence})")
            self._report(acknowledgement.at_sequence, f"{acknowledgement.describe()}. Found today: is missing.")
            missing = acknowledgement.through + 1

    def _compare(self) -> None:
        root = self.kept.roots.pop(self.tree.end, None) if self.tree else None
        if root is not None and self.tree is not None and self.tree.root() != root:
            raise BrokenLog(self.tree.end, "the checkpoint has another root hash for it: the log was rewritten")

    def end(self) -> VerifiedExport:
        """Return what was verified. Raises ``BrokenLog`` if the export ends too early."""
        for size in sorted(size for size in self.kept.roots if size > self.sequence):
            raise BrokenLog(size, "is covered by the checkpoint and missing: the end of the log was cut off")
        for sequence in sorted(self.broken.intersection(self.reports)):
            raise BrokenLog(sequence, "acknowledges a break, and is broken itself")
        if self.unproven and (self.tree is None or self.kept.vouched in self.kept.roots):
            raise BrokenLog(self.kept.vouched, "the checkpoint that vouches for it cannot be compared")
        return VerifiedExport(self.organization_id, self.count, self.sequence, self.before, tuple(self._notes()))

    def _notes(self) -> Iterator[str]:
        if len(self.keyring.periods) > 1:
            yield f"Keys: {self.keyring.describe(self.sequence)}."
        for key in sorted(self.unproven):
            yield f"Signatures of key {key} were not verified: a checkpoint of the current key vouches for the records."
        yield from self.reports.values()
        if uncompared := sorted(self.kept.roots):
            sizes = ", ".join(map(str, uncompared))
            yield f"NOT compared, because the export leaves records out: checkpoints of {sizes}."


def _read_log_events(
    reader: _Export, public_key: Ed25519PublicKey, *, filtered: bool
) -> tuple[Keyring, Acknowledgements]:
    """Return the keys and the acknowledged breaks. A selection proves nothing about former keys."""
    key_changes, acknowledged = [], []
    for record in reader.records(_OF_THE_LOG):
        if record.get("event") == EventKind.KEY_CHANGED:
            key_changes.append(record)
        elif record.get("event") == EventKind.BREAK_ACKNOWLEDGED:
            acknowledged.append(record)
    breaks = read_acknowledgements(acknowledged)
    if filtered:
        return Keyring([KeyPeriod(key_id(public_key), public_key, 1)]), breaks
    try:
        return derive_keyring(public_key, (record for record in key_changes if not breaks.of_record(record))), breaks
    except KeyChangeError as error:
        raise BrokenLog(error.sequence, str(error)) from None
