"""The kinds of background work: each module that has some registers a function here."""

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from accounts_ui.tasks.leases import Lease

RunWork = Callable[[Lease], datetime.datetime | None]
FindDue = Callable[[], Iterable[tuple[str, datetime.datetime]]]


@dataclass(frozen=True, slots=True)
class WorkKind:
    """One kind of work.

    ``run`` does the piece that the lease names and returns when it is due again, or ``None``. A killed worker can
    leave it half done, so calling it again must be harmless. ``find_due`` finds due pieces in the data itself, as
    keys with due times: it makes up for a process that was killed before it could request the work.
    """

    name: str
    run: RunWork
    find_due: FindDue | None = None


WORK_KINDS: Final[dict[str, WorkKind]] = {}


def register_work(name: str, *, run: RunWork, find_due: FindDue | None = None) -> None:
    """Have workers do this kind of work."""
    WORK_KINDS[name] = WorkKind(name, run, find_due)
