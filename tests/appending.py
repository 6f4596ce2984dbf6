"""``python -m tests.appending PROCESSES [THREADS]``: so many writers of the log, with a console's environment.

Each line of the input is a task: its name, how often each writer does it, how many processes do, and among how many
organizations they share it, unless all write to acme's log. Each line of the output is the seconds that it took and the
ids that were written. ``append`` records changes through the log, two events each; ``ask`` only begins them, one event
each. ``plain`` inserts the same rows, two for each change, each as durable as the log's, into ``plain_event``: a table
like that of the events, but without a chain.
"""

import multiprocessing
import subprocess
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection

FACTS = {
    "organization_id": "acme",
    "actor_issuer": "https://login.example.org",
    "actor_subject": "person-ada",
    "actor_name": "Ada Admin",
    "actor_email": "ada@acme.example",
    "ip": "192.0.2.7",
    "request_id": "0b0e9d5e-5d2c-4c9b-8d5f-1f6f1b1f1b1f",
    "action": "change_status",
    "subject_name": "Bo Berg",
    "code": "worker",
    "type_name": "Worker",
    "before": "active",
    "after": "expired",
    "message": "measured",
}


class Appenders:
    """Such writers, started and waiting for their next task."""

    def __init__(self, console, processes: int, threads: int = 1) -> None:
        command = [sys.executable, "-m", "tests.appending", str(processes), str(threads)]
        with console.log_path.open("ab") as lines:
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": lines}
            self.process = subprocess.Popen(command, env=console.server.env, text=True, **pipes)
        self.processes = processes

    def do(self, task: str, each: int, *, among: int | None = None, logs: int = 1) -> tuple[float, list[str]]:
        """The task in ``among`` of the processes at once: the seconds that it took, and the ids that were written."""
        self.process.stdin.write(f"{task} {each} {among or self.processes} {logs}\n")
        self.process.stdin.flush()
        seconds, *names = self.process.stdout.readline().split()
        return float(seconds), names

    def stop(self) -> None:
        self.process.stdin.close()
        assert self.process.wait(30) == 0
        self.process.stdout.close()


def main(processes: int, threads: int = 1) -> None:
    import django

    django.setup()  # once: the processes are forked, and each connects by itself
    context = multiprocessing.get_context("fork")
    pipes = []
    for number in range(processes):
        here, there = context.Pipe()
        context.Process(target=work, args=(number, threads, there), daemon=True).start()
        assert here.recv() == "ready"
        pipes.append(here)
    for line in sys.stdin:
        task, each, among, *logs = line.split()
        began = time.perf_counter()
        for pipe in pipes[: int(among)]:
            pipe.send((task, int(each), int(*logs or [1])))
        names = [name for pipe in pipes[: int(among)] for name in pipe.recv()]
        print(time.perf_counter() - began, *names, flush=True)


def work(number: int, threads: int, pipe: Connection) -> None:
    from django.db import connection

    with ThreadPoolExecutor(threads, initializer=lambda: connection.ensure_connection()) as pool:
        at_once = threading.Barrier(threads)
        list(pool.map(lambda _: at_once.wait(), range(threads)))  # each thread starts and connects
        writers = [Writer(number * threads + thread) for thread in range(threads)]
        pipe.send("ready")
        while True:
            task, each, logs = pipe.recv()
            wrote = pool.map(lambda writer: writer.do(task, each, logs), writers)  # noqa: B023
            pipe.send([name for names in wrote for name in names])


class Writer:
    """One of them. It has its own numbers for ``plain``."""

    def __init__(self, number: int) -> None:
        self.number, self.plain = number, Plain(number)

    def do(self, task: str, each: int, logs: int) -> list[uuid.UUID]:
        log = "acme" if logs == 1 else f"log-{self.number % logs}"
        tasks = {"append": lambda: append(log), "ask": lambda: ask(log).pk, "plain": self.plain.write}
        return [tasks[task]() for _ in range(each)]


def ask(log: str):
    from accounts_ui.changes import queries, writer

    name = uuid.uuid4()
    facts = {**FACTS, "subject_id": str(name), "organization_id": log}
    return writer.request(name, facts, read_at_sequence=queries.end_of_log(log))


def append(log: str) -> uuid.UUID:
    from accounts_ui.changes import writer

    change = ask(log)
    writer.conclude(change, "applied", http_status=200, detail="", after="expired")
    return change.pk


class Plain:
    """The same rows without a log."""

    def __init__(self, number: int) -> None:
        self.sequence = number * 10**9

    def write(self) -> uuid.UUID:
        name = uuid.uuid4()
        self._insert(name, "requested", "pending", None)
        self._insert(name, "applied", "applied", 200)
        return name

    def _insert(self, name: uuid.UUID, kind: str, outcome: str, status: int | None) -> None:
        from django.db import connection, transaction
        from django.utils import timezone

        self.sequence += 1
        row = {
            **FACTS,
            "subject_id": str(name),
            "sequence": self.sequence,
            "change_id": name,
            "event": kind,
            "at": timezone.now(),
            "outcome": outcome,
            "http_status": status,
            "v": 1,
            "detail": "",
            "detail_parts": "[]",
            "evidence": None,
            "key_id": "0" * 16,
            "previous_hash": "0" * 64,
            "hash": "0" * 64,
            "signature": "0" * 88,
        }
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SET LOCAL synchronous_commit = on")
            else:  # as Django stores them
                row |= {"change_id": name.hex, "at": str(row["at"].replace(tzinfo=None))}
            cursor.execute(
                f"INSERT INTO plain_event ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))})",
                list(row.values()),
            )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
