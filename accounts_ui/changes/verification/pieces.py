"""Verify one piece of a log: its records, their leaves, and the changes that end in it. Runs in any process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from accounts_ui.changes.chain.keyring import Keyring
from accounts_ui.changes.chain.locking import consistent_read
from accounts_ui.changes.chain.record_bytes import record_hashes
from accounts_ui.changes.chain.records import event_columns, record_of_row
from accounts_ui.changes.checkpoints.leaves import stored_leaves
from accounts_ui.changes.event_storage import stored_events
from accounts_ui.changes.tree.compact_range import CompactRange
from accounts_ui.changes.verification.breaks import Acknowledgement, Acknowledgements, BrokenLog
from accounts_ui.changes.verification.projections import PieceProjections, related_records
from accounts_ui.changes.verification.record_checks import record_problem
from accounts_ui.changes.verification.tamper_report import describe_tampering


@dataclass(frozen=True, slots=True)
class LogPiece:
    """What to verify: the events from ``first`` to ``last`` of a log.

    ``cuts`` are sizes of the tree at which its root will be compared. ``has_external`` says whether archives of the log
    are outside this database, so that the first events of a change may be missing.
    """

    organization_id: str
    first: int
    last: int
    keyring: Keyring
    acknowledged: Acknowledgements
    cuts: tuple[int, ...] = ()
    has_external: bool = False


@dataclass(slots=True)
class PieceResult:
    """What a piece is: how it links to the one before, its leaves, and the acknowledged breaks in it."""

    piece: LogPiece
    count: int = 0
    first_leaf: str = ""
    previous_hash: str | None = None  # None if its first record is missing or broken, and that was acknowledged
    hash: str | None = None
    ranges: list[CompactRange] = field(default_factory=list)
    breaks: list[tuple[Acknowledgement, str]] = field(default_factory=list)
    broken: set[int] = field(default_factory=set)


def verify_piece(piece: LogPiece) -> PieceResult:
    """Verify the piece as the database is at one moment. Raises ``BrokenLog`` at the first break."""
    with consistent_read():
        return PieceVerifier(piece).run()


class PieceVerifier:
    """Verifies one piece. It holds the piece's changes, and one record at a time."""

    def __init__(self, piece: LogPiece) -> None:
        self.piece, self.result = piece, PieceResult(piece)
        self.sequence = piece.first - 1  # the last one that was verified
        self.before: str | None = None
        self.before_record: Mapping[str, Any] = {}
        self.changes = PieceProjections(piece.organization_id, piece.first, piece.last, piece.has_external)
        self.leaves = stored_leaves(piece.organization_id, piece.first - 1, piece.last)
        self.range = CompactRange.at(piece.first - 1)

    def run(self) -> PieceResult:
        """Verify all records, then the changes that end among them."""
        bounds = (self.piece.first, self.piece.last)
        rows = stored_events(self.piece.organization_id, sequence__range=bounds).values_list(*event_columns())
        for row in rows.iterator(chunk_size=2000):
            self._verify(row)
        self._skip_to(self.piece.last + 1)
        self._end_range()
        self.result.hash = self.before
        self.changes.verify()
        return self.result

    def _verify(self, row: tuple[Any, ...]) -> None:
        record = record_of_row(row)
        if record["sequence"] != self.sequence + 1:
            self._skip_to(record["sequence"])
        hash_, leaf = self._hashes(record)
        first = record["sequence"] == self.piece.first
        problem = record_problem(record, hash_, self.before, self.piece.keyring.at(record["sequence"]))
        stored = next(self.leaves, None)
        if not problem and stored not in (None, leaf):
            problem = "is not the record that a checkpoint covers: it was rewritten and signed again"
        if problem:
            self._acknowledge(record, problem)
        self._append(leaf if not problem or stored is None else stored)
        self.changes.add(row, record)
        if first and not problem:
            self.result.previous_hash, self.result.first_leaf = record["previous_hash"], leaf.hex()
        self.result.count += 1
        self.sequence, self.before, self.before_record = record["sequence"], str(record["hash"]), record

    def _hashes(self, record: dict[str, Any]) -> tuple[str, bytes]:
        try:
            return record_hashes(record)
        except ValueError as error:
            raise BrokenLog(record["sequence"], str(error)) from None

    def _acknowledge(self, record: dict[str, Any], problem: str) -> None:
        """Note a break that was acknowledged. Raises ``BrokenLog`` for any other."""
        acknowledgement = self.piece.acknowledged.of_record(record)
        if acknowledgement is None:
            raise BrokenLog(record["sequence"], self._described(record, problem), of_record=True)
        self.result.breaks.append((acknowledgement, problem))
        self.result.broken.add(record["sequence"])

    def _described(self, record: dict[str, Any], problem: str) -> str:
        """Return the problem, with the name of the field that was changed, if it can be found."""
        if not problem.startswith("the record's content"):
            return problem
        relatives = [self.before_record, *related_records(record)]
        what = describe_tampering(record, relatives, self.piece.keyring)
        return f"the record's content does not match its hash: {what}"

    def _skip_to(self, sequence: int) -> None:
        """Go on at this sequence. Raises ``BrokenLog`` unless all before it were acknowledged as missing."""
        while self.sequence + 1 < sequence:
            missing = self.sequence + 1
            acknowledgement = self.piece.acknowledged.of_gap(missing) or self._covering(missing)
            if acknowledgement is None:
                behind = f" (the next record is {sequence})" if sequence <= self.piece.last else ""
                raise BrokenLog(missing, f"is missing{behind}")
            if (acknowledgement, "is missing") not in self.result.breaks:
                self.result.breaks.append((acknowledgement, "is missing"))
            stored = next(self.leaves, None)
            if stored is None:
                raise BrokenLog(missing, "is missing, and no checkpoint has its place in the tree")
            self._append(stored)
            self.sequence, self.before = missing, None

    def _covering(self, sequence: int) -> Acknowledgement | None:
        """Return the acknowledgement of a longer gap that began before this sequence."""
        for first, acknowledgement in self.piece.acknowledged.items():
            if first < sequence <= acknowledgement.through:
                return self.piece.acknowledged.of_gap(first)
        return None

    def _append(self, leaf: bytes) -> None:
        self.range.append(leaf)
        if self.range.end in self.piece.cuts:
            self._end_range()

    def _end_range(self) -> None:
        self.result.ranges.append(self.range)
        self.range = CompactRange.at(self.range.end)


def pieces_of(
    template: LogPiece, spans: Iterable[tuple[int, int]], cuts: Iterable[int], most: int
) -> Iterable[LogPiece]:
    """Yield the pieces of these spans of a log, each of at most ``most`` events."""
    ordered = sorted(cuts)
    for begin, end in spans:
        for first in range(begin, end + 1, most):
            last = min(end, first + most - 1)
            yield LogPiece(
                template.organization_id,
                first,
                last,
                template.keyring,
                template.acknowledged,
                tuple(size for size in ordered if first <= size <= last),
                template.has_external,
            )
