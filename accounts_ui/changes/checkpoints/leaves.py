"""The leaf hashes of a log's tree, as its checkpoints stored them."""

from collections.abc import Iterator
from itertools import chain

from accounts_ui.changes.chain.record_bytes import record_hashes
from accounts_ui.changes.chain.records import event_columns, record_of_row
from accounts_ui.changes.event_storage import stored_events
from accounts_ui.changes.models import Checkpoint
from accounts_ui.changes.tree.hashing import HASH_BYTES


class MissingLeaf(Exception):
    """The tree of a log cannot be made: the event ``sequence`` is not here, and no checkpoint covers it."""

    def __init__(self, organization_id: str, sequence: int) -> None:
        super().__init__(f"sequence {sequence} of {organization_id} is neither in the log nor covered by a checkpoint")
        self.sequence = sequence


def stored_leaves(organization_id: str, begin: int, end: int) -> Iterator[bytes]:
    """Yield the leaf hashes from ``begin`` up to ``end``, as far as checkpoints cover them."""
    rows = Checkpoint.objects.filter(organization_id=organization_id, size__gt=begin).order_by("size")
    position = begin
    for size, data in rows.values_list("size", "leaves").iterator(chunk_size=20):
        leaves = bytes(data)
        first = size - len(leaves) // HASH_BYTES  # the leaf with which this checkpoint begins
        for index in range(max(0, position - first), min(size, end) - first):
            yield leaves[index * HASH_BYTES : (index + 1) * HASH_BYTES]
        position = size
        if position >= end:
            return


def new_leaves(organization_id: str, begin: int, end: int) -> Iterator[bytes]:
    """Yield the leaf hashes from ``begin`` up to ``end``, made from the events. Raises ``MissingLeaf``."""
    events = stored_events(organization_id, sequence__gt=begin, sequence__lte=end).values_list(*event_columns())
    for row in events.iterator(chunk_size=2000):
        record = record_of_row(row)
        begin += 1
        if record["sequence"] != begin:
            break
        yield record_hashes(record)[1]
    else:
        if begin == end:
            return
        begin += 1
    raise MissingLeaf(organization_id, begin)


def all_leaves(organization_id: str, size: int) -> Iterator[bytes]:
    """Yield all leaf hashes of the tree of this size. Raises ``MissingLeaf``."""
    covered = Checkpoint.objects.filter(organization_id=organization_id, size__lte=size).order_by("-size")
    stored = covered.values_list("size", flat=True).first() or 0
    return chain(stored_leaves(organization_id, 0, stored), new_leaves(organization_id, stored, size))
