"""Doing one piece of background work, and finding the pieces that are due."""

import datetime
import logging
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from accounts_ui.tasks.leases import (
    Lease,
    finish_work,
    is_work_available,
    postpone_failed_work,
    request_work,
    take_lease,
)
from accounts_ui.tasks.work_kinds import WORK_KINDS
from console import clock

logger = logging.getLogger(__name__)

RETRY_AFTER: Final = datetime.timedelta(seconds=60)
"""How long to wait after work that failed, for example because the database or a target was down."""


class HeldLeases:
    """The leases that this process holds: its heartbeat extends them while the work runs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tokens: set[uuid.UUID] = set()

    def tokens(self) -> list[uuid.UUID]:
        """Return the tokens of the leases that are held now."""
        with self._lock:
            return list(self._tokens)

    @contextmanager
    def holding(self, lease: Lease) -> Iterator[None]:
        """Count the lease as held within this block."""
        with self._lock:
            self._tokens.add(lease.token)
        try:
            yield
        finally:
            with self._lock:
                self._tokens.discard(lease.token)


def do_one_piece(*, owner: str, held: HeldLeases, wake_workers: Callable[[], None]) -> bool:
    """Do the piece of work that has waited longest. If more is due, wake a worker for it first.

    One piece a wake-up: a worker that is asked to stop finishes its piece and takes no other.

    Returns:
        Whether there was something to do.

    """
    lease = take_lease(kinds=WORK_KINDS, owner=owner, now=clock.now())
    if lease is None:
        return False
    with held.holding(lease):
        if is_work_available(kinds=WORK_KINDS, now=clock.now()):
            wake_workers()
        _run(lease)
    return True


def _run(lease: Lease) -> None:
    try:
        next_due_at = WORK_KINDS[lease.kind].run(lease)
    except Exception:
        logger.exception("Background work failed: %s. It runs again in %s.", lease.kind, RETRY_AFTER)
        is_released = postpone_failed_work(lease=lease, retry_at=clock.now() + RETRY_AFTER)
    else:
        is_released = finish_work(lease=lease, next_due_at=next_due_at, now=clock.now())
    if not is_released:
        logger.warning("Background work took longer than its lease, and another worker does it: %s.", lease.kind)


def request_overdue_work() -> None:
    """Request what each kind of work finds due in the data, in case nobody could request it when it became due."""
    for kind in WORK_KINDS.values():
        for key, due_at in kind.find_due() if kind.find_due else ():
            request_work(kind=kind.name, key=key, due_at=due_at)
