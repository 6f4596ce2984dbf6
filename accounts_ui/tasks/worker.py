"""The process behind ``manage.py run_worker``: it receives wake-ups, does work, and reports that it is alive."""

import datetime
import logging
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from django.conf import settings
from django.db import Error, close_old_connections, connection
from huey.consumer import ConsumerStopped

from accounts_ui.tasks.engine import engine
from accounts_ui.tasks.leases import renew_leases
from accounts_ui.tasks.models import WorkerProcess
from accounts_ui.tasks.runner import HeldLeases, do_one_piece, request_overdue_work
from accounts_ui.tasks.wakeup import wake_workers
from console import clock
from console.runtime import graceful_stop

logger = logging.getLogger(__name__)

FORGET_AFTER: Final = datetime.timedelta(days=1)
"""How long a worker that was killed stays listed."""


def heartbeat_seconds() -> float:
    """Return how often a worker reports: three times during a lease, so that one failed report costs no lease."""
    seconds: float = settings.TASKS_LEASE_SECONDS / 3
    return seconds


def new_worker_id() -> str:
    """Return a name that tells an operator which process it is, and that no other process has."""
    return f"{socket.gethostname()[:100]}:{os.getpid()}:{secrets.token_hex(4)}"


class Heartbeat:
    """A thread that reports this worker and extends its leases, for as long as the process lives."""

    def __init__(self, *, worker_id: str, held: HeldLeases) -> None:
        self._worker_id = worker_id
        self._held = held
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self._started_at = clock.now()

    def start(self) -> None:
        """Report for the first time, then regularly."""
        self._thread.start()

    def stop(self) -> None:
        """End the reports, and remove this worker from the list of those that run."""
        self._stop.set()
        self._thread.join()
        try:
            WorkerProcess.objects.filter(worker_id=self._worker_id).delete()
        except Error as error:
            logger.warning("The worker could not sign off: %s", error)

    def beat(self) -> None:
        """Report once."""
        now = clock.now()
        WorkerProcess.objects.update_or_create(
            worker_id=self._worker_id, defaults={"heartbeat_at": now, "started_at": self._started_at}
        )
        if tokens := self._held.tokens():
            renew_leases(tokens=tokens, now=now)

    def _run(self) -> None:
        while True:
            try:
                self.beat()
            except Error as error:
                logger.warning("The worker could not report that it is alive: %s", error)
                connection.close()
            if self._stop.wait(heartbeat_seconds()):
                connection.close()
                return


class Worker:
    """One worker: runs in the foreground until SIGTERM or SIGINT, and finishes the piece of work in hand."""

    def __init__(self) -> None:
        self.worker_id = new_worker_id()
        self._held = HeldLeases()
        self._heartbeat = Heartbeat(worker_id=self.worker_id, held=self._held)

    def run(self) -> None:
        """Work until a signal asks to stop."""
        consumer = engine().consumer(
            wake=_with_fresh_connection(self._do_one_piece),
            sweep=_with_fresh_connection(self._sweep),
            stop_seconds=graceful_stop.longest_request_seconds(settings.DIRECTORY_TIMEOUT),
        )
        self._heartbeat.start()
        consumer.start()
        signal.signal(signal.SIGINT, _stop_as_for_sigterm)  # Ctrl-C would end it in the middle of its work
        logger.info("Background worker %s started.", self.worker_id)
        wake_workers()  # for what became due, or was abandoned, while no worker ran
        self._loop(consumer)
        self._heartbeat.stop()
        logger.info("Background worker %s stopped.", self.worker_id)

    @staticmethod
    def _loop(consumer: Any) -> None:
        checked_at = time.monotonic()
        while True:
            try:
                checked_at = consumer.loop(checked_at)
            except ConsumerStopped:
                return

    def _do_one_piece(self) -> None:
        do_one_piece(owner=self.worker_id, held=self._held, wake_workers=wake_workers)

    def _sweep(self) -> None:
        WorkerProcess.objects.filter(heartbeat_at__lt=clock.now() - FORGET_AFTER).delete()
        request_overdue_work()
        self._do_one_piece()


def _stop_as_for_sigterm(*_: Any) -> None:
    signal.raise_signal(signal.SIGTERM)


def _with_fresh_connection(handle: Callable[[], None]) -> Callable[[], None]:
    """Return the handler with the connection care that Django takes around a request."""

    def handle_message() -> None:
        close_old_connections()
        try:
            handle()
        except Error as error:
            logger.warning("Background work could not be looked for: %s", error)
        finally:
            close_old_connections()

    return handle_message
