"""How many requests may wait for the directory at once, and a pause when it does not answer at all.

A directory that hangs must not take every thread of a process: pages that need no directory are still answered. So the
reads are bounded in all, for each organization and for each person. Who finds no place waits briefly, and is then told
to try again. After several calls in a row without an answer, no call is made for a while
(a circuit breaker): everybody is told at once, and one call after the pause finds out whether the directory is back.
"""

import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final, TypeVar

from prometheus_client import Counter as Metric
from prometheus_client import Gauge

from accounts_ui.directory import errors
from accounts_ui.directory.client_interface import DirectoryClient, WriteResult
from accounts_ui.directory.listing import Listing
from accounts_ui.directory.rows import AccountType
from console.recorded_text import recorded

RETRY_SECONDS: Final = 2.0  # what somebody who found no place is told to wait

rejected_reads = Metric(
    "console_directory_turned_away_total", "Reads that were not made. Cause: busy, or paused.", ["cause"]
)
for _cause in ("busy", "paused"):
    rejected_reads.labels(_cause)  # exists from the start, as 0
paused = Gauge("console_directory_paused", "1 while no calls are made.", multiprocess_mode="livemax")

_BUSY: Final = recorded("directory.busy", "Too many pages are reading the directory at the same time.")
_PAUSED: Final = recorded(
    "directory.paused", "The directory has not answered {number} calls in a row, so none is made for some seconds."
)

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Limits:
    """Places for reads of one process, and when a pause begins. 0 switches a limit, or the pause, off."""

    in_all: int = 5  # of 8 threads: the others answer pages that need no directory
    per_organization: int = 4
    per_person: int = 3
    wait_seconds: float = 1.0
    failures_before_pause: int = 5
    pause_seconds: float = 10.0


class ReadSlots:
    """The places of one process. Thread-safe."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = monotonic) -> None:
        self._limits, self._clock = limits, clock
        self._changed = threading.Condition()
        self._reading: Counter[tuple[str, ...]] = Counter()
        self._since: dict[int, float] = {}  # by thread: when its read began
        self._holder = threading.local()

    @contextlib.contextmanager
    def take(self, organization_id: str, person: tuple[str, str]) -> Iterator[None]:
        """Hold a place within this block. A thread that holds one already takes no second one.

        Raises:
            DirectoryBusy: there is none, and none became free in time. While reads take long, nobody waits: whoever
                waits has a thread, too.

        """
        if getattr(self._holder, "holds", False):
            yield
            return
        keys = (("all",), ("organization", organization_id), ("person", *person))
        self._enter(keys)
        self._holder.holds = True
        try:
            yield
        finally:
            self._holder.holds = False
            self._leave(keys)

    def _enter(self, keys: tuple[tuple[str, ...], ...]) -> None:
        with self._changed:
            wait = 0.0 if self._is_slow() else self._limits.wait_seconds
            if not self._changed.wait_for(lambda: self._has_room(keys), wait):
                rejected_reads.labels("busy").inc()
                raise errors.DirectoryBusy(_BUSY, retry_after=RETRY_SECONDS)
            self._reading.update(keys)
            self._since[threading.get_ident()] = self._clock()

    def _is_slow(self) -> bool:
        return self._clock() - min(self._since.values(), default=self._clock()) > self._limits.wait_seconds

    def _has_room(self, keys: tuple[tuple[str, ...], ...]) -> bool:
        limits = (self._limits.in_all, self._limits.per_organization, self._limits.per_person)
        return all(not limit or self._reading[key] < limit for key, limit in zip(keys, limits, strict=True))

    def _leave(self, keys: tuple[tuple[str, ...], ...]) -> None:
        with self._changed:
            del self._since[threading.get_ident()]
            self._reading.subtract(keys)
            for key in keys:
                if not self._reading[key]:
                    del self._reading[key]
            self._changed.notify_all()


class CircuitBreaker:
    """The circuit breaker of one directory. Thread-safe. After a pause one call goes through, and decides."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = monotonic) -> None:
        self._limits, self._clock = limits, clock
        self._lock = threading.Lock()
        self._failures = 0
        self._until: float | None = None
        self._is_trying = False

    def check(self) -> None:
        """Let a call through. Raises ``DirectoryPaused`` during a pause, and while the one call after it is made."""
        with self._lock:
            if self._until is None:
                return
            left = self._until - self._clock()
            if left <= 0 and not self._is_trying:
                self._is_trying = True
                return
            rejected_reads.labels("paused").inc()
            raise errors.DirectoryPaused(_PAUSED.format(number=self._failures), retry_after=max(left, RETRY_SECONDS))

    def note_answer(self) -> None:
        """The directory answered, whatever it said."""
        with self._lock:
            self._failures, self._until, self._is_trying = 0, None, False
            paused.set(0)

    def note_not_called(self) -> None:
        """The call that was let through was not made: another one may try."""
        with self._lock:
            self._is_trying = False

    def note_silence(self) -> None:
        """A call got no answer."""
        with self._lock:
            self._failures += 1
            if self._limits.failures_before_pause and self._failures >= self._limits.failures_before_pause:
                self._until, self._is_trying = self._clock() + self._limits.pause_seconds, False
                paused.set(1)


class LimitedDirectoryClient:
    """A ``DirectoryClient`` whose reads take places and stop during a pause.

    Writes are always sent: each follows a read of the same request, and its outcome is the operation's business.
    """

    def __init__(self, directory: DirectoryClient, places: ReadSlots, pause: CircuitBreaker, person: tuple[str, str]) -> None:
        self._directory, self._places, self._pause, self._person = directory, places, pause, person

    @property
    def timeout(self) -> float:
        """Seconds that one call may take."""
        return self._directory.timeout

    def place(self, organization_id: str) -> contextlib.AbstractContextManager[None]:
        """A place for a request that waits for another one's read."""
        return self._places.take(organization_id, self._person)

    def list_users(self, organization_id: str) -> Listing:
        """As the client's, within the limits."""
        return self._read(organization_id, self._directory.list_users)

    def list_types(self, organization_id: str) -> tuple[AccountType, ...]:
        """As the client's, within the limits."""
        return self._read(organization_id, self._directory.list_types)

    def assign(self, organization_id: str, subject_id: str, code: str) -> WriteResult:
        """As the client's."""
        return self._noting(self._directory.assign, organization_id, subject_id, code)

    def change_status(self, organization_id: str, subject_id: str, code: str, status: str) -> WriteResult:
        """As the client's."""
        return self._noting(self._directory.change_status, organization_id, subject_id, code, status)

    def delete(self, organization_id: str, subject_id: str, code: str, message: str) -> WriteResult:
        """As the client's."""
        return self._noting(self._directory.delete, organization_id, subject_id, code, message)

    def _read(self, organization_id: str, call: Callable[[str], Result]) -> Result:
        with self._places.take(organization_id, self._person):
            self._pause.check()
            return self._noting(call, organization_id)

    def _noting(self, call: Callable[..., Result], *arguments: Any) -> Result:
        try:
            result = call(*arguments)
        except (errors.TokenUnavailable, errors.TokenLate):
            self._pause.note_not_called()
            raise
        except (errors.NotSent, errors.NoAnswer, errors.FailedInTime) as error:
            (self._pause.note_answer if isinstance(error, errors.TooLarge) else self._pause.note_silence)()
            raise
        except errors.DirectoryError:
            self._pause.note_answer()
            raise
        except BaseException:  # the token could not be renewed, for example: that says nothing about the directory
            self._pause.note_not_called()
            raise
        self._pause.note_answer()
        return result
