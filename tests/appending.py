"""``python -m tests.appending COUNT``: that many processes that write to the log, with a console's environment.

Each line of the input is a task: ``append`` or ``plain``, how often each process does it, and how many of them do.
Each line of the output is the seconds that it took and the ids that were written. ``append`` records changes through
the log, two events each; ``ask`` only begins them, one event each. ``plain`` inserts the same rows, two for each change, each as durable as the log's, into
``plain_event``: a table like that of the events, but without a chain.
"""

import multiprocessing
import subprocess
import sys
import time
import uuid
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
    """Such processes, started and waiting for their next task."""

    def __init__(self, console, count: int) -> None:
        command = [sys.executable, "-m", "tests.appending", str(count)]
        with console.log_path.open("ab") as lines:
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": lines}
            self.process = subprocess.Popen(command, env=console.server.env, text=True, **pipes)
        self.count = count

    def do(self, task: str, each: int, *, among: int | None = None) -> tuple[float, list[str]]:
        """The task in ``among`` of them at once: the seconds that it took, and the ids that were written."""
        self.process.stdin.write(f"{task} {each} {among or self.count}\n")
        self.process.stdin.flush()
        seconds, *names = self.process.stdout.readline().split()
        return float(seconds), names

    def stop(self) -> None:
        self.process.stdin.close()
        assert self.process.wait(30) == 0
        self.process.stdout.close()


def main(count: int) -> None:
    import django

    django.setup()  # once: the processes are forked, and each connects by itself
    context = multiprocessing.get_context("fork")
    pipes = []
    for number in range(count):
        here, there = context.Pipe()
        context.Process(target=work, args=(number, there), daemon=True).start()
        assert here.recv() == "ready"
        pipes.append(here)
    for line in sys.stdin:
        task, each, among = line.split()
        began = time.perf_counter()
        for pipe in pipes[: int(among)]:
            pipe.send((task, int(each)))
        names = [name for pipe in pipes[: int(among)] for name in pipe.recv()]
        print(time.perf_counter() - began, *names, flush=True)


def work(number: int, pipe: Connection) -> None:
    from django.db import connection

    connection.ensure_connection()
    tasks = {"append": append, "ask": lambda: ask().pk, "plain": Plain(number).write}
    pipe.send("ready")
    while True:
        task, each = pipe.recv()
        pipe.send([tasks[task]() for _ in range(each)])


def ask():
    from accounts_ui.changes import queries, writer

    name = uuid.uuid4()
    return writer.request(name, {**FACTS, "subject_id": str(name)}, read_at_sequence=queries.end_of_chain())


def append() -> uuid.UUID:
    from accounts_ui.changes import writer

    change = ask()
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
            cursor.execute("SET LOCAL synchronous_commit = on")
            cursor.execute(
                f"INSERT INTO plain_event ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))})",
                list(row.values()),
            )


if __name__ == "__main__":
    main(int(sys.argv[1]))
