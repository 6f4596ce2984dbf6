"""Verify one organization's log: no record was changed, none is missing, and everything shown follows from them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import connection

from accounts_ui.changes.chain.keyring import Keyring
from accounts_ui.changes.chain.locking import consistent_read
from accounts_ui.changes.chain.record_bytes import record_hashes
from accounts_ui.changes.chain.records import FIRST_PREVIOUS_HASH, record_of
from accounts_ui.changes.event_storage import stored_events
from accounts_ui.changes.models import Archive
from accounts_ui.changes.schema import trigger_check
from accounts_ui.changes.tree.compact_range import CompactRange, load_range
from accounts_ui.changes.verification import index_check, log_state
from accounts_ui.changes.verification.archives import verify_archives
from accounts_ui.changes.verification.breaks import Acknowledgements, BrokenLog
from accounts_ui.changes.verification.checkpoints import CheckpointComparison
from accounts_ui.changes.verification.pieces import LogPiece, PieceResult, pieces_of
from accounts_ui.changes.verification.pool import verify_pieces
from accounts_ui.changes.verification.projections import verify_bounds
from accounts_ui.changes.verification.record_checks import record_problem

PIECE_EVENTS: Final = 2000
"""Events that are verified as one piece: few enough to be held, and enough that starting one costs nothing."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far a log is verified: the last event, its hash, and the tree up to it."""

    sequence: int = 0
    hash: str = FIRST_PREVIOUS_HASH
    tree: CompactRange = field(default_factory=CompactRange)

    def dump(self) -> str:
        """Return the position as text, from which a later run can go on."""
        return json.dumps([self.sequence, self.hash, self.tree.dump()])


def load_position(text: str) -> Position:
    """Return the position that ``dump`` wrote. Raises ``ValueError``."""
    document = json.loads(text)
    if not isinstance(document, list) or [type(part) for part in document] != [int, str, str]:
        raise ValueError("not a position in a log")
    sequence, hash_, tree = document
    loaded = load_range(tree)
    if (loaded.begin, loaded.end) != (0, sequence):
        raise ValueError("the tree does not end at the position")
    return Position(sequence, hash_, loaded)


@dataclass(frozen=True, slots=True)
class VerifiedLog:
    """A log, or its first part, that was verified. ``notes``: what a reader has to know about it, line by line."""

    organization_id: str
    position: Position
    count: int
    end: int
    notes: tuple[str, ...] = ()
    external: tuple[Archive, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Return whether it is verified to its end."""
        return self.position.sequence >= self.end


def verify_log(
    organization_id: str,
    public_key: Ed25519PublicKey,
    *,
    kept: Sequence[str] = (),
    start: Position | None = None,
    most: int | None = None,
    workers: int = 1,
    on_progress: Callable[[Position, int], None] | None = None,
) -> VerifiedLog:
    """Verify the log in pieces, from ``start`` on, and at most so many further events.

    Args:
        public_key: the current key. It, or the key that a change of key is about to replace, signs the log's end.
        kept: checkpoints that were stored elsewhere.
        workers: processes that verify pieces side by side.
        on_progress: is told how far the log is verified, and where it ends, after each piece.

    Raises:
        BrokenLog: at the first break.

    """
    with consistent_read():
        run = _Run.begin(organization_id, public_key, kept, start or Position())
    to = run.end if most is None else min(run.end, run.position.sequence + most)
    for result in verify_pieces(run.pieces(to), workers):
        run.add(result)
        if on_progress:
            on_progress(run.position, run.end)
    run.skip_external()
    run.verify_acknowledgements()
    if run.position.sequence >= run.end:
        with consistent_read():
            verify_bounds(organization_id, log_state.verify_head(organization_id))
    return VerifiedLog(
        organization_id, run.position, run.count, run.end, tuple(run.notes()), tuple(run.external.values())
    )


@dataclass(slots=True)
class _Run:
    """What a verification knows of the log, and how far it is."""

    organization_id: str
    keyring: Keyring
    acknowledged: Acknowledgements
    external: dict[int, Archive]
    checkpoints: CheckpointComparison
    position: Position
    end: int
    remarks: list[str]
    count: int = 0
    broken: set[int] = field(default_factory=set)
    used: dict[int, str] = field(default_factory=dict)  # reports of acknowledged breaks, by the event that did

    @classmethod
    def begin(cls, organization_id: str, public_key: Ed25519PublicKey, kept: Sequence[str], start: Position) -> _Run:
        """Read what is needed before the records. Raises ``BrokenLog``."""
        end = log_state.read_end(organization_id)
        acknowledged = log_state.read_acknowledged(organization_id)
        keyring = log_state.read_keyring(organization_id, public_key, acknowledged)
        external, remarks = verify_archives(organization_id, keyring)
        checkpoints = CheckpointComparison(organization_id, keyring, kept, end, external)
        run = cls(
            organization_id,
            keyring,
            acknowledged,
            external,
            checkpoints,
            replace(start, tree=start.tree.copy()),
            end,
            remarks,
        )
        run._resume()
        return run

    def pieces(self, to: int) -> Iterator[LogPiece]:
        """Yield the pieces up to this event. External archives lie between them."""
        template = LogPiece(
            self.organization_id, 0, 0, self.keyring, self.acknowledged, has_external=bool(self.external)
        )
        yield from pieces_of(template, self._spans(to), self.checkpoints.sizes, PIECE_EVENTS)

    def _spans(self, to: int) -> Iterable[tuple[int, int]]:
        begin = self.position.sequence + 1
        for first in sorted(self.external):
            if begin <= min(first - 1, to):
                yield begin, min(first - 1, to)
            begin = max(begin, self.external[first].last_sequence + 1)
        if begin <= to:
            yield begin, to

    def _resume(self) -> None:
        """Raise ``BrokenLog`` if the end of what was verified before is no longer as it was."""
        sequence = self.position.sequence
        ends = {archive.last_sequence: archive.hash for archive in self.external.values()}
        inside = [a for a in self.external.values() if a.first_sequence <= sequence < a.last_sequence]
        if sequence == 0 or ends.get(sequence) == self.position.hash:
            return
        if inside:
            [archive] = inside
            self.position = Position(archive.last_sequence, archive.hash, load_range(archive.tree))
            return
        stands = stored_events(self.organization_id, sequence=sequence).values_list("hash", "sequence").first()
        if stands is None:
            raise BrokenLog(sequence, "was verified before and is missing: the end of the log was cut off")
        if stands[0] != self.position.hash:
            raise BrokenLog(sequence, "has another hash than when it was verified: the log was rewritten")

    def skip_external(self) -> None:
        """Go on behind the external archives that begin here, from what was signed for their end."""
        while archive := self.external.get(self.position.sequence + 1):
            self.position = Position(archive.last_sequence, archive.hash, load_range(archive.tree))
            self.checkpoints.compare_external(archive, self.position.tree)

    def add(self, result: PieceResult) -> None:
        """Append a verified piece. Raises ``BrokenLog`` if it does not follow, or differs from a checkpoint."""
        self.skip_external()
        if result.previous_hash not in (None, self.position.hash):
            self._acknowledge_link(result)
        tree = self.position.tree
        for part in result.ranges:
            tree.extend(part)
            self.checkpoints.compare(tree)
        self.position = Position(result.piece.last, result.hash or self.position.hash, tree)
        self.count += result.count
        self.broken |= result.broken
        for acknowledgement, problem in result.breaks:
            self.used[acknowledgement.at_sequence] = f"{acknowledgement.describe()}. Found today: {problem}."

    def _acknowledge_link(self, result: PieceResult) -> None:
        """Note that the piece does not follow, if that was acknowledged. Raises ``BrokenLog`` if it was not."""
        first, found = result.piece.first, self.acknowledged.get(result.piece.first)
        what = "previous_hash is not the hash of the record before: one was removed, inserted or rewritten"
        if found is None or found.at_sequence <= first or found.found_hash != result.first_leaf:
            raise BrokenLog(first, what, of_record=True)
        self.used[found.at_sequence] = f"{found.describe()}. Found today: {what}."
        self.broken.add(first)

    def verify_acknowledgements(self) -> None:
        """Raise ``BrokenLog`` if what acknowledged a break is itself broken."""
        for sequence in sorted(self.broken.intersection(self.used)):
            raise BrokenLog(sequence, "acknowledges a break, and is broken itself")
        for sequence in sorted(self.used):
            if sequence > self.position.sequence:
                self._verify_alone(sequence)

    def _verify_alone(self, sequence: int) -> None:
        """Verify a record that acknowledged a break and is behind what this run verifies. Raises ``BrokenLog``."""
        for event in stored_events(self.organization_id, sequence=sequence):
            record = record_of(event)
            try:
                hash_, _ = record_hashes(record)
                problem = record_problem(record, hash_, None, self.keyring.at(sequence))
            except ValueError as error:
                problem = str(error)
            if problem:
                raise BrokenLog(sequence, f"acknowledges a break, and is broken itself: {problem}")

    def notes(self) -> Iterator[str]:
        """Yield what a reader has to know besides."""
        if len(self.keyring.periods) > 1:
            yield f"Keys: {self.keyring.describe(self.end)}."
        yield from self.used.values()
        yield from self.remarks


def verify_index(organization_id: str) -> None:
    """Verify what is counted and searched of the log. It reads every change. Raises ``BrokenLog``."""
    with consistent_read():
        if what := index_check.index_mismatch(organization_id):
            raise BrokenLog(None, what)


def verify_triggers() -> None:
    """Verify the triggers, which are not of one log. Raises ``BrokenLog``."""
    with consistent_read():
        _verify_triggers()


def verify_counts(organization_id: str) -> None:
    """Verify what a page can of the log's index, without reading every text. Raises ``BrokenLog``."""
    with consistent_read():
        if what := index_check.count_mismatch(organization_id):
            raise BrokenLog(None, what)


def _verify_triggers() -> None:
    if wrong := trigger_check.trigger_problems(connection):
        raise BrokenLog(None, f"the triggers that protect the log were changed: {', '.join(wrong)}")


def verify_prefix(organization_id: str, public_key: Ed25519PublicKey, after: Position, last: int) -> VerifiedLog:
    """Verify the log behind ``after`` and up to this event, and what protects it. Raises ``BrokenLog``."""
    verified = verify_log(organization_id, public_key, start=after, most=last - after.sequence)
    if verified.position.sequence < last:
        raise BrokenLog(verified.position.sequence + 1, "is missing")
    _verify_triggers()
    return replace(verified, end=last)
