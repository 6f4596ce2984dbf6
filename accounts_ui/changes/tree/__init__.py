"""The Merkle tree of a log (RFC 9162): its leaves are the records, and a checkpoint signs its root hash.

``hashing`` has the two hash functions, ``compact_range`` what has to be kept of a tree to append to it, ``proofs`` the
proof that one leaf is in it. ``evidence/verify.py`` has a copy of what verifies, because it stands alone.
"""
