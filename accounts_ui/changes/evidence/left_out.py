"""The hashes over the events that a pack leaves out, so that those that it has can be placed in the log's tree."""

import base64
from collections.abc import Iterable, Iterator

from accounts_ui.changes.tree.compact_range import CompactRange

Line = tuple[int, int, str]
"""A line of ``tree.jsonl``: the level of a node, its first leaf, and its hash in base64."""


class LeftOutNodes:
    """Yields the fewest nodes over the leaves between those of the pack.

    Args:
        leaves: the hashes of all leaves of the tree, from the first one.
        cuts: sizes of the tree at which no node may go across, in ascending order: the sizes of checkpoints, so that
            whoever kept one can compare it.

    """

    def __init__(self, leaves: Iterable[bytes], cuts: Iterable[int]) -> None:
        self._leaves, self._cuts = iter(leaves), iter(cuts)
        self._position = 0
        self._cut = next(self._cuts, None)

    def up_to(self, position: int) -> Iterator[Line]:
        """Yield the nodes over the leaves before this position."""
        gap = CompactRange.at(self._position)
        while self._position < position:
            gap.append(next(self._leaves))
            self._position += 1
            if self._is_at_cut():
                yield from _lines(gap)
                gap = CompactRange.at(self._position)
        yield from _lines(gap)

    def with_leaf(self, found: bytes) -> Iterator[Line]:
        """Go on over one leaf of the pack. Yield it if the record that was found is not the one in the tree."""
        signed = next(self._leaves)
        if signed != found:
            yield 0, self._position, base64.b64encode(signed).decode()
        self._position += 1
        self._is_at_cut()

    def _is_at_cut(self) -> bool:
        while self._cut is not None and self._cut < self._position:
            self._cut = next(self._cuts, None)
        return self._cut == self._position


def _lines(gap: CompactRange) -> Iterator[Line]:
    begin = gap.begin
    for level, hash_ in gap.nodes:
        yield level, begin, base64.b64encode(hash_).decode()
        begin += 1 << level
