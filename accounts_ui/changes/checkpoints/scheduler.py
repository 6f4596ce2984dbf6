"""The thread, one a process, that emits checkpoints when they are due. It begins with the first event appended."""

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Final

from django.db import connection

logger = logging.getLogger(__name__)

RETRY_SECONDS: Final = 60.0
"""How long to wait after a round that failed, for example because the database was away."""


class Emitter:
    """Runs ``work`` when an event makes a checkpoint due, or when its time has come."""

    def __init__(self, work: Callable[[], tuple[float | None, int]]) -> None:
        self._work = work
        self._forget()
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        """Threads do not survive a fork, and locks may be held by one."""
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._wake = threading.Event()
        self._at_sequence = 0
        self._timed = False

    def wake(self, sequence: int) -> None:
        """Begin where nothing runs yet; look at once where ``sequence`` is one that may make a checkpoint due."""
        if self._timed and sequence < self._at_sequence:
            return
        with self._starting:
            self._wake.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        until: float | None = None
        while True:
            self._wake.wait(None if until is None else max(0.0, until - time.monotonic()))
            self._wake.clear()
            self._timed = False  # whoever appends during the round wakes us again
            seconds = self._round()
            until = None if seconds is None else time.monotonic() + max(0.05, seconds)
            self._timed = seconds is not None

    def _round(self) -> float | None:
        try:
            seconds, self._at_sequence = self._work()
        except Exception:
            logger.exception("Checkpoints could not be looked at; again in %s seconds.", RETRY_SECONDS)
            return RETRY_SECONDS
        finally:
            connection.close()
        return seconds
