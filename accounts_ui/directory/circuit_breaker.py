"""A circuit breaker for the directory: after several unanswered calls in a row, no call is made for a while.

Requests that need the directory then fail at once, in place of waiting for one timeout after the other. After the pause
one call is let through; its result closes the circuit, or opens it again.
"""

import threading
from collections.abc import Callable
from time import monotonic
from typing import Final

from prometheus_client import Gauge

from accounts_ui.directory import errors
from console.recorded_text import recorded

MIN_RETRY_SECONDS: Final = 2.0

circuit_open = Gauge(
    "console_directory_circuit_open", "1 while no calls to the directory are made.", multiprocess_mode="livemax"
)

_PAUSED: Final = recorded(
    "directory.paused", "The directory has not answered {number} calls in a row, so none is made for some seconds."
)


class CircuitBreaker:
    """The circuit breaker of one directory in one process. Thread-safe.

    Args:
        max_failures: unanswered calls in a row that open the circuit; 0 keeps it closed.
        pause_seconds: how long it stays open.
        clock: seconds of a monotonic clock.

    """

    def __init__(self, *, max_failures: int, pause_seconds: float, clock: Callable[[], float] = monotonic) -> None:
        self._max_failures, self._pause_seconds, self._clock = max_failures, pause_seconds, clock
        self._lock = threading.Lock()
        self._failures = 0
        self._open_until: float | None = None
        self._trial_is_running = False

    def check(self) -> None:
        """Let a call through, or raise ``DirectoryPaused`` while the circuit is open or a trial call is running."""
        with self._lock:
            if self._open_until is None:
                return
            seconds_left = self._open_until - self._clock()
            if seconds_left <= 0 and not self._trial_is_running:
                self._trial_is_running = True
                return
            raise errors.DirectoryPaused(
                _PAUSED.format(number=self._failures), retry_after=max(seconds_left, MIN_RETRY_SECONDS)
            )

    def record_answer(self) -> None:
        """Close the circuit: the directory answered, whatever it said."""
        with self._lock:
            self._failures, self._open_until, self._trial_is_running = 0, None, False
            circuit_open.set(0)

    def record_failure(self) -> None:
        """Count a call without an answer, and open the circuit if there were too many."""
        with self._lock:
            self._failures += 1
            if self._max_failures and self._failures >= self._max_failures:
                self._open_until, self._trial_is_running = self._clock() + self._pause_seconds, False
                circuit_open.set(1)

    def record_no_call(self) -> None:
        """Record that a call that was let through was not made, so that another one may be the trial."""
        with self._lock:
            self._trial_is_running = False
