"""Compare a log with its checkpoints: those that the database holds, and those that were stored elsewhere."""

import base64
from bisect import bisect_left
from collections.abc import Mapping, Sequence

from accounts_ui.changes.chain.keyring import Keyring
from accounts_ui.changes.chain.notes import NoteError, TreeHead, is_signed_by, parse_note, parse_tree_head, split_notes
from accounts_ui.changes.checkpoints.statements import origin_of
from accounts_ui.changes.models import Archive, Checkpoint
from accounts_ui.changes.tree.compact_range import CompactRange, load_range
from accounts_ui.changes.tree.hashing import HASH_BYTES
from accounts_ui.changes.verification.breaks import BrokenLog

_CUT_OFF = "and missing: the end of the log was cut off"


def read_tree_head(note_text: str, origin: str, keyring: Keyring) -> TreeHead:
    """Return what a checkpoint says. A former key's counts only for the events that it signed.

    Raises:
        BrokenLog: it is not a checkpoint of this log that a key of the log signed.

    """
    try:
        note = parse_note(note_text)
        head = parse_tree_head(note.text)
    except NoteError as error:
        raise BrokenLog(None, f"this is not a checkpoint: {error}") from None
    if head.origin != origin:
        raise BrokenLog(None, f"the checkpoint is one of {head.origin!r:.100}, not of {origin!r:.100}")
    ends = [*(period.first for period in keyring.periods[1:]), None]
    keys = [period for period, end in zip(keyring.periods, ends, strict=True) if end is None or head.size < end]
    if not any(is_signed_by(note, origin, period.public) for period in keys):
        raise BrokenLog(head.size, "the checkpoint is not signed by a key that could sign it")
    return head


def read_kept(text: str) -> dict[str, list[str]]:
    """Return the notes of a file with checkpoints, by origin. Raises ``BrokenLog``.

    Those of an empty log are left out: they say nothing of any event. One that tried the target may be of a log that
    never began.
    """
    notes: dict[str, list[str]] = {}
    for note in split_notes(text):
        try:
            head = parse_tree_head(parse_note(note).text)
        except NoteError as error:
            raise BrokenLog(None, f"this is not a checkpoint: {error}") from None
        if head.size:
            notes.setdefault(head.origin, []).append(note)
    return notes


class CheckpointComparison:
    """The checkpoints of one log, each compared when the tree has reached its size."""

    def __init__(
        self,
        organization_id: str,
        keyring: Keyring,
        kept: Sequence[str],
        end: int,
        external: Mapping[int, Archive],
    ) -> None:
        """Read which sizes have to be compared. Raises ``BrokenLog`` for a checkpoint that the log does not reach."""
        self._organization_id, self._keyring = organization_id, keyring
        self._origin = origin_of(organization_id)
        self._kept: dict[int, bytes] = {}
        for note in kept:
            head = read_tree_head(note, self._origin, keyring)
            if self._kept.setdefault(head.size, head.root) != head.root:
                raise BrokenLog(head.size, "two checkpoints have different hashes for it: the log was rewritten")
        rows = Checkpoint.objects.filter(organization_id=organization_id)
        self._stored = list(rows.order_by("size").values_list("size", flat=True))
        for size in sorted(size for size in self._kept if size > end):
            raise BrokenLog(size, f"is covered by the checkpoint {_CUT_OFF}")
        if self._stored and self._stored[-1] > end:
            raise BrokenLog(self._stored[-1], f"is covered by a stored checkpoint {_CUT_OFF}")
        if self._stored and self._stored[0] < 1:
            raise BrokenLog(self._stored[0], "a stored checkpoint is of no event")
        self._external = [(archive.first_sequence, archive.last_sequence) for archive in external.values()]

    @property
    def sizes(self) -> set[int]:
        """Return the sizes of the tree at which there is a checkpoint."""
        return {*self._stored, *self._kept}

    def compare(self, tree: CompactRange) -> None:
        """Compare the tree with the checkpoints of its size. Raises ``BrokenLog``."""
        size = tree.end
        if self._kept.get(size, tree.root()) != tree.root():
            raise BrokenLog(size, "the checkpoint has another root hash for it: the log was rewritten")
        place = bisect_left(self._stored, size)
        if place < len(self._stored) and self._stored[place] == size:
            checkpoint = Checkpoint.objects.get(organization_id=self._organization_id, size=size)
            self._compare_stored(checkpoint, tree, self._stored[place - 1] if place else 0)

    def _compare_stored(self, checkpoint: Checkpoint, tree: CompactRange, before: int) -> None:
        head = self._read(checkpoint)
        if head.root != tree.root():
            raise BrokenLog(tree.end, "a stored checkpoint has another root hash for it: the log was rewritten")
        try:
            agrees = load_range(checkpoint.tree) == tree
        except ValueError:
            agrees = False
        if not agrees or len(checkpoint.leaves) != (tree.end - before) * HASH_BYTES:
            raise BrokenLog(tree.end, "a stored checkpoint has not the tree that it signs")

    def _read(self, checkpoint: Checkpoint) -> TreeHead:
        """Return what the note says. Raises ``BrokenLog`` if the row beside it says something else."""
        head = read_tree_head(checkpoint.note, self._origin, self._keyring)
        if (head.size, base64.b64encode(head.root).decode()) != (checkpoint.size, checkpoint.root):
            raise BrokenLog(checkpoint.size, "a stored checkpoint is not what its note says")
        return head

    def compare_external(self, archive: Archive, tree: CompactRange) -> None:
        """Compare what can be compared of a part that is outside this database: its end. Raises ``BrokenLog``."""
        bounds = (archive.first_sequence, archive.last_sequence)
        for checkpoint in Checkpoint.objects.filter(organization_id=self._organization_id, size__range=bounds):
            head = self._read(checkpoint)
            if head.size == tree.end and head.root != tree.root():
                raise BrokenLog(head.size, "a stored checkpoint has another root hash for it: the log was rewritten")
        if self._kept.get(tree.end, tree.root()) != tree.root():
            raise BrokenLog(tree.end, "the checkpoint has another root hash for it: the log was rewritten")
