"""Inclusion proofs: the node hashes that, with a leaf, give the root of the tree that contains it (RFC 9162, 2.1.3)."""

from collections.abc import Callable, Sequence

from accounts_ui.changes.tree.compact_range import range_levels
from accounts_ui.changes.tree.hashing import node_hash

NodeLookup = Callable[[int, int], bytes]
"""Returns the hash of the complete subtree with a level (2 ** level leaves) and an index (the leftmost one is 0)."""


def inclusion_proof(index: int, size: int, node: NodeLookup) -> list[bytes]:
    """Return the proof for the leaf with this index in a tree of this size, from the leaf's sibling upwards.

    Raises:
        ValueError: the tree has no such leaf.

    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    inner = (index ^ (size - 1)).bit_length()  # up to here, each sibling is a complete subtree, or cut at the end
    proof = []
    for level in range(inner):
        sibling = (index >> level) ^ 1
        begin, end = sibling << level, (sibling + 1) << level
        if end <= size:
            proof.append(node(level, sibling))
        elif begin < size:
            proof.append(subtree_hash(begin, size, node))
    proof += [node(level, (index >> level) - 1) for level in range(inner, size.bit_length()) if index >> level & 1]
    return proof


def subtree_hash(begin: int, end: int, node: NodeLookup) -> bytes:
    """Return the hash of the incomplete subtree over the last leaves of a tree, from ``begin`` to its size."""
    hashes, position = [], begin
    for level in range_levels(begin, end):
        hashes.append(node(level, position >> level))
        position += 1 << level
    root = hashes.pop()
    while hashes:
        root = node_hash(hashes.pop(), root)
    return root


def is_included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Return whether the proof shows that the leaf with this hash is at this index of the tree with this root."""
    if not 0 <= index < size:
        return False
    inner = (index ^ (size - 1)).bit_length()
    border = bin(index >> inner).count("1")
    if len(proof) != inner + border:
        return False
    hash_ = leaf
    for level, sibling in enumerate(proof[:inner]):
        hash_ = node_hash(sibling, hash_) if index >> level & 1 else node_hash(hash_, sibling)
    for sibling in proof[inner:]:
        hash_ = node_hash(sibling, hash_)
    return hash_ == root
