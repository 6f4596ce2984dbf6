"""A compact range: the fewest node hashes that cover a range of leaves.

The range from 0 to the size of a tree (its *frontier*) is all that is needed to append to the tree and to know its
root. A range that begins later can be appended to one that ends where it begins. So parts of a log can be hashed side
by side, and a part that nobody has to see is replaced by a few hashes.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field
from typing import Any

from accounts_ui.changes.tree.hashing import EMPTY_ROOT, HASH_BYTES, node_hash

Node = tuple[int, bytes]
"""The level of a node, whose subtree has ``2 ** level`` leaves, and its hash."""


@dataclass(slots=True)
class CompactRange:
    """The leaves from ``begin`` up to, not including, ``end``. ``nodes`` cover them from left to right."""

    begin: int = 0
    end: int = 0
    nodes: list[Node] = field(default_factory=list)

    @classmethod
    def at(cls, position: int) -> CompactRange:
        """Return an empty range that begins at this leaf."""
        return cls(position, position)

    def append(self, hash_: bytes, level: int = 0) -> None:
        """Append a leaf, or the node over the next ``2 ** level`` leaves.

        Raises:
            ValueError: no node of this level begins at the end of the range.

        """
        if self.end % (1 << level):
            raise ValueError(f"no node of level {level} begins at leaf {self.end}")
        self.end += 1 << level
        while self.nodes and self.nodes[-1][0] == level and not self.end % (2 << level):
            hash_ = node_hash(self.nodes.pop()[1], hash_)
            level += 1
        self.nodes.append((level, hash_))

    def extend(self, other: CompactRange) -> None:
        """Append a range that begins where this one ends. Raises ``ValueError`` if it begins elsewhere."""
        if other.begin != self.end:
            raise ValueError(f"the range begins at leaf {other.begin}, not at {self.end}")
        for level, hash_ in other.nodes:
            self.append(hash_, level)

    def copy(self) -> CompactRange:
        """Return a copy that can be appended to."""
        return CompactRange(self.begin, self.end, list(self.nodes))

    def root(self) -> bytes:
        """Return the root hash of the tree. Raises ``ValueError`` if the range does not begin at the first leaf."""
        if self.begin:
            raise ValueError("only a range from the first leaf has the root of a tree")
        if not self.nodes:
            return EMPTY_ROOT
        _, root = self.nodes[-1]
        for _, left in reversed(self.nodes[:-1]):
            root = node_hash(left, root)
        return root

    def dump(self) -> str:
        """Return the range as text, to be stored."""
        hashes = [base64.b64encode(hash_).decode() for _, hash_ in self.nodes]
        return json.dumps([self.begin, self.end, hashes], separators=(",", ":"))


def load_range(text: str) -> CompactRange:
    """Return the range that ``dump`` wrote. Raises ``ValueError`` for anything else."""
    begin, end, hashes = _parts(text)
    loaded = CompactRange.at(begin)
    levels = range_levels(begin, end)
    if len(levels) != len(hashes):
        raise ValueError(f"{len(hashes)} hashes do not cover the leaves from {begin} to {end}")
    for level, hash_ in zip(levels, hashes, strict=True):
        loaded.end += 1 << level
        loaded.nodes.append((level, hash_))
    return loaded


def _parts(text: str) -> tuple[int, int, list[bytes]]:
    document: Any = json.loads(text)
    if not isinstance(document, list) or len(document) != 3:
        raise ValueError("not a compact range")
    begin, end, texts = document
    if type(begin) is not int or type(end) is not int or not 0 <= begin <= end < 1 << 63:
        raise ValueError("a compact range has a begin and an end")
    if not isinstance(texts, list):
        raise ValueError("a compact range has a list of hashes")
    return begin, end, [_read_hash(text) for text in texts]


def _read_hash(text: object) -> bytes:
    try:
        hash_ = base64.b64decode(str(text), validate=True)
    except binascii.Error:
        hash_ = b""
    if len(hash_) != HASH_BYTES:
        raise ValueError(f"{text!r:.60} is not the base64 of a hash")
    return hash_


def range_levels(begin: int, end: int) -> list[int]:
    """Return the levels of the nodes that cover a range of leaves, from left to right."""
    levels = []
    while begin < end:
        largest = (end - begin).bit_length() - 1
        aligned = (begin & -begin).bit_length() - 1 if begin else largest
        levels.append(min(aligned, largest))
        begin += 1 << levels[-1]
    return levels
