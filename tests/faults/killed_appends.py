"""Processes that append to a log and are killed between two steps: ``python -m tests.faults.killed_appends FOLDER``.

Each line of the input is the number of a step. Each answers with a line once the process that was killed there has
ended. In each process eight threads request changes, write a line to the file ``directory`` (as a call of the
directory), and conclude. One in three begins together with two others, in one commit, and is concluded so.
A process that nobody kills works beside them; at the end of the input it says how many changes it made.
"""

import itertools
import multiprocessing
import os
import signal
import sys
import threading
import uuid
from pathlib import Path

THREADS = 8
DEADLY = (1, 2, 5)  # at which passage of the step the process dies

STEPS = ("join", "lock", "take", "read", "seal", "write", "commit", "done", "pass on", "call")


def install(step: str, passage: int) -> None:
    """Let this process die at a passage of a step."""
    from accounts_ui.changes import batch, committer

    count = itertools.count(1)

    def die_before(owner, name):
        real = getattr(owner, name)

        def wrapped(*args, **more):
            if next(count) == passage:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **more)

        setattr(owner, name, wrapped)

    places = {
        "join": (committer.LogQueue, "_join"),
        "lock": (batch.LockedLog, "__enter__"),
        "take": (committer.LogQueue, "_take"),
        "read": (batch, "_read_known"),
        "seal": (batch._Batch, "_seal"),
        "write": (batch, "_write_rows"),
        "commit": (batch.LockedLog, "__exit__"),
        "done": (committer._Waiting, "become"),
        "pass on": (committer.LogQueue, "_pass_on"),
        "call": (sys.modules[__name__], "call"),
    }
    die_before(*places[step])


def call(directory: Path, change_id: uuid.UUID) -> None:
    """The call of the directory: a line that is there or not."""
    with directory.open("ab", buffering=0) as file:
        file.write(f"{change_id}\n".encode())


def make_changes(directory: Path, number: int) -> int:
    from accounts_ui.changes import queries, writer
    from accounts_ui.changes.appends import Conclusion, Opening
    from tests.appending import FACTS

    end = queries.end_of_log("acme")
    names = [uuid.uuid4() for _ in range(3 if number % 3 == 0 else 1)]
    openings = [Opening(name, {**FACTS, "subject_id": str(name)}, end) for name in names]
    changes = writer.request_many(openings)
    for change in changes:
        call(directory, change.change_id)
    writer.conclude_many([Conclusion(change, "applied", 200, "", "expired") for change in changes])
    return len(changes)


def work(directory: Path, ready, stop, made) -> None:
    """Eight threads, until they are told to stop or are killed."""

    def go(thread: int) -> None:
        from django.db import connection

        for number in itertools.count(thread):
            if stop.is_set():
                break
            made[thread] += make_changes(directory, number)
        connection.close()

    threads = [threading.Thread(target=go, args=(number,), daemon=True) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    ready.set()
    for thread in threads:
        thread.join()


def killed(directory: Path, number: int) -> None:
    install(STEPS[number % len(STEPS)], DEADLY[number // len(STEPS) % len(DEADLY)])
    work(directory, threading.Event(), threading.Event(), [0] * THREADS)


def main(folder: Path) -> None:
    import django

    django.setup()
    import logging

    logging.disable(logging.INFO)
    context = multiprocessing.get_context("fork")
    directory = folder / "directory"
    ready, stop, made = context.Event(), context.Event(), context.Array("i", THREADS)
    survivor = context.Process(target=work, args=(directory, ready, stop, made))
    survivor.start()
    ready.wait()
    for line in sys.stdin:
        process = context.Process(target=killed, args=(directory, int(line)))
        process.start()
        process.join(60)
        print(process.exitcode, flush=True)
    stop.set()
    survivor.join(60)
    print(survivor.exitcode, sum(made), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
