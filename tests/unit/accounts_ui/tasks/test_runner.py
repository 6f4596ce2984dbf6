"""The leases that a process holds, which its heartbeat extends."""

import uuid

import pytest

from accounts_ui.tasks.leases import Lease
from accounts_ui.tasks.runner import HeldLeases
from accounts_ui.tasks.work_kinds import WORK_KINDS


def test_a_lease_is_held_while_its_work_runs() -> None:
    held, lease = HeldLeases(), Lease("checkpoints", "", uuid.uuid4())
    with held.holding(lease):
        assert held.tokens() == [lease.token]
    assert held.tokens() == []


def test_a_lease_is_not_held_after_its_work_failed() -> None:
    held = HeldLeases()
    with pytest.raises(ZeroDivisionError), held.holding(Lease("checkpoints", "", uuid.uuid4())):
        _ = 1 / 0
    assert held.tokens() == []


def test_workers_know_the_kinds_of_the_product() -> None:
    assert "checkpoints" in WORK_KINDS
