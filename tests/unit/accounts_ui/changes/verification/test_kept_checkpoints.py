"""The file of checkpoints that were kept elsewhere."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from accounts_ui.changes.chain.notes import TreeHead, sign_note
from accounts_ui.changes.verification.breaks import BrokenLog
from accounts_ui.changes.verification.checkpoints import read_kept

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))


def checkpoint(origin: str, size: int) -> str:
    return sign_note(TreeHead(origin, size, bytes(32)).text(), origin, KEY)


def test_they_are_told_apart_by_log_and_those_of_empty_logs_left_out() -> None:
    first, second, other = checkpoint("x/orgs/a", 1), checkpoint("x/orgs/a", 2), checkpoint("x/orgs/b", 1)
    kept = checkpoint("x/orgs/c", 0) + first + checkpoint("x/orgs/a", 0) + other + second
    assert read_kept(kept) == {"x/orgs/a": [first, second], "x/orgs/b": [other]}


def test_what_is_no_checkpoint_is_refused() -> None:
    with pytest.raises(BrokenLog, match="this is not a checkpoint"):
        read_kept(checkpoint("x/orgs/a", 1) + checkpoint("x/orgs/a", 0).replace("\n0\n", "\n00\n"))
