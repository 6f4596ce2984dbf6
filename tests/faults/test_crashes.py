"""Processes killed in the middle, with eight writers at work: directory and log agree afterwards, one for one.

``CRASH_KILLS`` says how often on each database: 12 times unless told. With 200 on each it has passed too.
"""

import os
import random
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from console.sandbox import processes
from tests.faults.writers import Writer, check
from tests.servers import TIMEOUT

KILLS = int(os.environ.get("CRASH_KILLS", "12"))
PAUSE = 0.3  # seconds at most that a form has been on its way when a process is killed
WHOLE_GROUP = 6  # every so many kills the master goes too, and everything is started again
WORKERS = 3
WRITERS = 8
LATENCY = 0.05  # seconds that the directory takes to tell of a write that it has made


class Killer:
    """Kills processes of a console, and starts it again where nobody else does."""

    def __init__(self, console, provider) -> None:
        self.console, self.provider, self.chance = console, provider, random.Random(7)
        self.port = int(console.url.rsplit(":", 1)[1])
        self.workers = self.groups = 0

    def kill(self, writers) -> None:
        """At a moment when somebody has just sent a form."""
        while not any(writer.is_sending for writer in writers):
            time.sleep(0.01)
        time.sleep(self.chance.uniform(0, PAUSE))
        if (self.workers + self.groups) % WHOLE_GROUP == WHOLE_GROUP - 1:
            self.kill_all()
        else:
            self.kill_a_worker()

    def kill_a_worker(self) -> None:
        """The master puts another one in its place."""
        master = self.console.server.process.pid
        while not (living := workers_of(master)):
            time.sleep(0.01)
        victim = self.chance.choice(living)
        os.kill(victim, signal.SIGKILL)
        while is_alive(victim):  # or the next kill may meet one that is dying, or gone
            time.sleep(0.01)
        self.workers += 1

    def kill_all(self) -> None:
        os.killpg(self.console.server.process.pid, signal.SIGKILL)
        self.console.server.process.wait()
        with self.console.log_path.open("ab") as lines:
            again = processes.start_console(
                self.console.server.env, self.provider, port=self.port, workers=WORKERS, log=lines
            )
        self.console.server.process = again.process  # the fixture stops what runs in the end
        self.groups += 1


def workers_of(master: int) -> list[int]:
    """The processes that the master forked and that live."""
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    return [int(child) for child in children if is_alive(int(child))]


def is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.long
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_killed_processes_lose_nothing(database, start_console, provider, directory, sign_in):
    console = start_console(database, workers=WORKERS, GUNICORN_CMD_ARGS="--config tests/faults/warm.py")
    for write in ("assign", "change_status", "delete"):
        directory.fault("stale", on=write, times=-1, seconds=LATENCY)
    began, stop, killer = time.monotonic(), threading.Event(), Killer(console, provider)
    writers = [Writer(console, directory, sign_in, stop, number) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    for _ in range(KILLS):
        killer.kill(writers)
    stop.set()
    for writer in writers:
        writer.join(120)
        assert not writer.is_alive()
    took = time.monotonic() - began
    time.sleep(2 * TIMEOUT + 0.5)
    seen = sum((writer.seen for writer in writers), Counter())
    print(f"\n{database}: {killer.workers} workers and {killer.groups} whole groups killed in {took:.0f} s")
    print(f"answers: {dict(seen.most_common())}")
    assert seen["lost"] > 0
    check(console, directory, sign_in, {key: one for writer in writers for key, one in writer.sent.items()})
