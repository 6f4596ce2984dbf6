"""Limits on concurrent reads of the directory, so that a directory that hangs cannot occupy every thread.

Concurrent reads are limited per process, per organization and per person. A request above a limit waits briefly for a
slot and is then rejected with a page that says when to try again. While reads are slow, requests above a limit are
rejected at once, because a waiting request occupies a thread too.
"""

import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final, TypeVar

from prometheus_client import Counter as Metric

from accounts_ui.directory import errors
from accounts_ui.directory.circuit_breaker import CircuitBreaker
from accounts_ui.directory.client_interface import DirectoryClient, WriteResult
from accounts_ui.directory.listing import Listing
from accounts_ui.directory.rows import AccountType
from console.recorded_text import recorded

RETRY_SECONDS: Final = 2.0  # how long a rejected person is told to wait

rejected_reads = Metric(
    "console_directory_rejected_reads_total",
    "Reads of the directory that were not made. Cause: busy (no slot), or paused (circuit breaker).",
    ["cause"],
)
for _cause in ("busy", "paused"):
    rejected_reads.labels(_cause)  # exists from the start, as 0

_BUSY: Final = recorded("directory.busy", "Too many pages are reading the directory at the same time.")

Result = TypeVar("Result")
_Keys = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """The most concurrent reads of one process: in all, for one organization and for one person. 0: no limit."""

    in_all: int = 5  # of 8 threads: the others answer pages that need no directory
    per_organization: int = 4
    per_person: int = 3
    wait_seconds: float = 1.0


class ReadSlots:
    """The read slots of one process. Thread-safe."""

    def __init__(self, limits: ReadLimits, clock: Callable[[], float] = monotonic) -> None:
        self._limits, self._clock = limits, clock
        self._changed = threading.Condition()
        self._reads: Counter[tuple[str, ...]] = Counter()
        self._started: dict[int, float] = {}  # by thread: when its read started
        self._thread = threading.local()

    @contextlib.contextmanager
    def acquire(self, organization_id: str, person: tuple[str, str]) -> Iterator[None]:
        """Hold a slot within this block. A thread that holds one already does not take a second one.

        Args:
            organization_id: whose list is read.
            person: issuer and subject of the person who reads.

        Raises:
            DirectoryBusy: no slot became free in time.

        """
        if getattr(self._thread, "holds_slot", False):
            yield
            return
        keys = (("all",), ("organization", organization_id), ("person", *person))
        self._take(keys)
        self._thread.holds_slot = True
        try:
            yield
        finally:
            self._thread.holds_slot = False
            self._release(keys)

    def _take(self, keys: _Keys) -> None:
        with self._changed:
            wait = 0.0 if self._reads_are_slow() else self._limits.wait_seconds
            if not self._changed.wait_for(lambda: self._has_room(keys), wait):
                rejected_reads.labels("busy").inc()
                raise errors.DirectoryBusy(_BUSY, retry_after=RETRY_SECONDS)
            self._reads.update(keys)
            self._started[threading.get_ident()] = self._clock()

    def _reads_are_slow(self) -> bool:
        now = self._clock()
        return now - min(self._started.values(), default=now) > self._limits.wait_seconds

    def _has_room(self, keys: _Keys) -> bool:
        limits = (self._limits.in_all, self._limits.per_organization, self._limits.per_person)
        return all(not limit or self._reads[key] < limit for key, limit in zip(keys, limits, strict=True))

    def _release(self, keys: _Keys) -> None:
        with self._changed:
            del self._started[threading.get_ident()]
            self._reads.subtract(keys)
            for key in keys:
                if not self._reads[key]:
                    del self._reads[key]
            self._changed.notify_all()


class LimitedDirectoryClient:
    """A ``DirectoryClient`` whose reads need a slot and stop while the circuit is open.

    Writes are always sent: each follows a read of the same request, and the executor handles every outcome.
    """

    def __init__(
        self, directory: DirectoryClient, slots: ReadSlots, breaker: CircuitBreaker, person: tuple[str, str]
    ) -> None:
        self._directory, self._slots, self._breaker, self._person = directory, slots, breaker, person

    @property
    def timeout(self) -> float:
        """Seconds that one call may take."""
        return self._directory.timeout

    def slot(self, organization_id: str) -> contextlib.AbstractContextManager[None]:
        """Return a slot for a request that waits for another request's read."""
        return self._slots.acquire(organization_id, self._person)

    def list_users(self, organization_id: str) -> Listing:
        """Read everything that the directory lists for the organization."""
        return self._read(organization_id, self._directory.list_users)

    def list_types(self, organization_id: str) -> tuple[AccountType, ...]:
        """Read the catalogue of account types."""
        return self._read(organization_id, self._directory.list_types)

    def assign(self, organization_id: str, subject_id: str, code: str) -> WriteResult:
        """Link a person to an account type."""
        return self._call(self._directory.assign, organization_id, subject_id, code)

    def change_status(self, organization_id: str, subject_id: str, code: str, status: str) -> WriteResult:
        """Set the status of an account."""
        return self._call(self._directory.change_status, organization_id, subject_id, code, status)

    def delete(self, organization_id: str, subject_id: str, code: str, message: str) -> WriteResult:
        """Delete an account."""
        return self._call(self._directory.delete, organization_id, subject_id, code, message)

    def _read(self, organization_id: str, read: Callable[[str], Result]) -> Result:
        with self._slots.acquire(organization_id, self._person):
            try:
                self._breaker.check()
            except errors.DirectoryPaused:
                rejected_reads.labels("paused").inc()
                raise
            return self._call(read, organization_id)

    def _call(self, method: Callable[..., Result], *arguments: Any) -> Result:
        """Call the directory and record whether it answered."""
        try:
            result = method(*arguments)
        except (errors.TokenUnavailable, errors.TokenLate):
            self._breaker.record_no_call()
            raise
        except (errors.NotSent, errors.NoAnswer, errors.FailedInTime) as error:
            if isinstance(error, errors.TooLarge):
                self._breaker.record_answer()
            else:
                self._breaker.record_failure()
            raise
        except errors.DirectoryError:
            self._breaker.record_answer()
            raise
        except BaseException:  # the token could not be renewed, for example: that says nothing about the directory
            self._breaker.record_no_call()
            raise
        self._breaker.record_answer()
        return result
