"""The tree is that of RFC 9162: published roots and proofs come out, and a plain implementation agrees."""

import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts_ui.changes.tree.compact_range import CompactRange, load_range, range_levels
from accounts_ui.changes.tree.hashing import EMPTY_ROOT, leaf_hash
from accounts_ui.changes.tree.proofs import inclusion_proof, is_included

# Leaves and roots that the implementations of Certificate Transparency publish for their tests.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        *("", "00", "10", "2021", "3031", "40414243", "5051525354555657"),
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
PROOFS = {  # by index and size
    (0, 1): [],
    (0, 2): ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"],
    (1, 2): ["6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}


def plain_root(leaves):
    """The definition of RFC 9162, 2.1.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\1" + plain_root(leaves[:half]) + plain_root(leaves[half:])).digest()


def plain_proof(index, leaves):
    """The definition of RFC 9162, 2.1.3.1, word for word."""
    if len(leaves) == 1:
        return []
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    if index < half:
        return [*plain_proof(index, leaves[:half]), plain_root(leaves[half:])]
    return [*plain_proof(index - half, leaves[half:]), plain_root(leaves[:half])]


def range_of(leaves, begin=0):
    made = CompactRange.at(begin)
    for leaf in leaves:
        made.append(leaf_hash(leaf))
    return made


def nodes_of(leaves):
    return lambda level, index: plain_root(leaves[index << level : (index + 1) << level])


def numbered(count):
    return [str(number).encode() for number in range(count)]


@pytest.mark.parametrize("size", range(9))
def test_published_roots(size):
    assert range_of(LEAVES[:size]).root().hex() == ROOTS[size]
    assert plain_root(LEAVES[:size]).hex() == ROOTS[size]
    assert EMPTY_ROOT.hex() == ROOTS[0]


@pytest.mark.parametrize(("index", "size"), PROOFS)
def test_published_proofs(index, size):
    proof = inclusion_proof(index, size, nodes_of(LEAVES[:size]))
    assert [hash_.hex() for hash_ in proof] == PROOFS[index, size]


def test_every_proof_of_every_small_tree():
    leaves = numbered(70)
    for size in range(1, 71):
        root = range_of(leaves[:size]).root()
        assert root == plain_root(leaves[:size])
        for index in range(size):
            proof = inclusion_proof(index, size, nodes_of(leaves[:size]))
            assert proof == plain_proof(index, leaves[:size])
            assert is_included(leaf_hash(leaves[index]), index, size, proof, root)


def test_a_proof_shows_nothing_else():
    leaves, size, index = numbered(21), 21, 13
    root, proof, leaf = plain_root(leaves), plain_proof(index, leaves), leaf_hash(leaves[index])
    others = [
        (leaf_hash(b"another"), index, size, proof, root),
        (leaf, 12, size, proof, root),
        (leaf, 21, size, proof, root),
        (leaf, -1, size, proof, root),
        (leaf, index, 13, proof, root),
        (leaf, index, 70, proof, root),
        (leaf, index, size, proof[:-1], root),
        (leaf, index, size, [*proof, proof[0]], root),
        (leaf, index, size, proof[::-1], root),
        (leaf, index, size, proof, plain_root(leaves[:20])),
    ]
    assert is_included(leaf, index, size, proof, root)
    assert not any(is_included(*other) for other in others)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3)])
def test_no_proof_of_a_leaf_that_does_not_exist(index, size):
    with pytest.raises(ValueError, match="has no leaf"):
        inclusion_proof(index, size, nodes_of(numbered(3)))


@settings(database=None, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=6))
def test_parts_that_were_hashed_apart_make_the_same_tree(lengths):
    leaves, whole, begin = numbered(sum(lengths)), CompactRange(), 0
    for length in lengths:
        part = range_of(leaves[begin : begin + length], begin)
        assert [level for level, _ in part.nodes] == range_levels(begin, begin + length)
        stored = load_range(part.dump())
        assert stored == part
        whole.extend(stored)
        begin += length
    assert whole.root() == plain_root(leaves)
    assert whole == range_of(leaves)


def test_a_range_goes_on_after_it_was_stored():
    leaves = numbered(23)
    stored = load_range(range_of(leaves[:17]).dump())
    for leaf in leaves[17:]:
        stored.append(leaf_hash(leaf))
    assert stored.root() == plain_root(leaves)


def test_ranges_that_do_not_fit():
    part = range_of(numbered(3), 5)
    with pytest.raises(ValueError, match="only a range from the first leaf"):
        part.root()
    with pytest.raises(ValueError, match="begins at leaf 5, not at 4"):
        range_of(numbered(4)).extend(part)
    with pytest.raises(ValueError, match="no node of level 2 begins at leaf 6"):
        range_of(numbered(6)).append(EMPTY_ROOT, 2)


HASH = json.loads(range_of(numbered(1)).dump())[2][0]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "[0,1,[]]", f'[0,2,["{HASH}","{HASH}"]]', f'[0,1,["{HASH[:-4]}"]]', '[0,1,["*"]]', "[0,1,[7]]"]
    + [f'[{bounds},["{HASH}"]]' for bounds in ("1,0", "-1,0", "0.0,1", "true,1", f"0,{2**63}")],
)
def test_what_is_no_stored_range(text):
    with pytest.raises(ValueError):
        load_range(text)
