"""What several callers append at the same time: ``python -m tests.changes.grouped``, with a console's environment.

It prints JSON: what each case found.
"""

import json
import logging
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import django

from tests.appending import FACTS

THREADS = 8


def opening(name=None, subject=None, **facts):
    from accounts_ui.changes import queries
    from accounts_ui.changes.appends import Opening

    name = name or uuid.uuid4()
    facts = {**FACTS, "subject_id": subject or str(name), **facts}
    return Opening(name, facts, queries.end_of_log("acme"))


def told(result) -> str:
    return type(result).__name__


def bad_ones():
    """In one commit: twice the same id, twice the same account, a text without canonical JSON, and good ones."""
    from accounts_ui.changes import writer

    name, subject = uuid.uuid4(), str(uuid.uuid4())
    found = writer.request_many(
        [
            opening(name, subject),
            opening(name),
            opening(subject=subject),
            opening(message="\ud800"),
            opening(),
        ]
    )
    again = writer.request_many([opening(name), opening(subject=subject), opening()])
    return [told(one) for one in found + again], found[2].change.change_id == name


def refused_by_the_database():
    """One of the rows is more than its column takes: only that one is not appended, whoever commits it."""
    from accounts_ui.changes import writer

    return [told(one) for one in writer.request_many([opening(), opening(code="x" * 300), opening()])]


def concluded_twice():
    """Two answers of one change, and one of a change that is not there."""
    from accounts_ui.changes import writer
    from accounts_ui.changes.appends import Conclusion
    from accounts_ui.changes.models import Change

    change, other = writer.request_many([opening(), opening()])
    stranger = Change(change_id=uuid.uuid4(), organization_id="acme")
    found = writer.conclude_many(
        [
            Conclusion(change, "applied", 200, "", "expired"),
            Conclusion(change, "not_applied", 404, "gone", "active"),
            Conclusion(stranger, "applied", 200, "", None),
            Conclusion(other, "unknown", 504, "late", None),
        ]
    )
    return [getattr(one, "outcome", told(one)) for one in found]


def together():
    """Eight threads wait while the log is locked: one commit holds all their events, and the failing one of nobody else."""
    from django.db import connection

    from accounts_ui.changes import committer, writer
    from accounts_ui.changes.batch import LockedLog

    sizes, real = [], LockedLog.write
    locked, go_on = threading.Event(), threading.Event()

    def write(self, appends):
        sizes.append(len(appends))
        if len(sizes) == 1:  # the first one holds the lock until the others wait
            locked.set()
            go_on.wait(30)
        return real(self, appends)

    LockedLog.write = write
    results = []

    def one(number):
        facts = {**FACTS, "subject_id": f"together-{number}"}
        if number == 3:
            facts["code"] = "x" * 300  # longer than the column of PostgreSQL
        try:
            results.append(told(writer.request(uuid.uuid4(), facts, read_at_sequence=10**9)))
        except Exception as error:
            results.append(told(error))
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        first = pool.submit(one, 0)
        locked.wait(30)
        rest = [pool.submit(one, number) for number in range(1, THREADS)]
        queue = committer._queues["acme"]
        while len(queue._waiting) < THREADS - 1:
            threading.Event().wait(0.01)
        go_on.set()
        for future in (first, *rest):
            future.result(60)
    LockedLog.write = real
    return sorted(results), sizes[:2], sum(sizes[2:])


def a_dead_leader():
    """A leader that ends by something that is no error: those it took go on by themselves."""
    from django.db import connection

    from accounts_ui.changes import committer, writer
    from accounts_ui.changes.batch import LockedLog

    real, results = LockedLog.write, []
    first, locked, go_on = [True], threading.Event(), threading.Event()

    def write(self, appends):
        if len(appends) > 1:
            raise SystemExit("the leader ends")
        if first.pop() if first else False:
            locked.set()
            go_on.wait(30)
        return real(self, appends)

    def one(number):
        try:
            facts = {**FACTS, "subject_id": f"dead-{number}"}
            results.append(told(writer.request(uuid.uuid4(), facts, read_at_sequence=10**9)))
        except BaseException as error:
            results.append(told(error))
        finally:
            connection.close()

    LockedLog.write = write
    threads = [threading.Thread(target=one, args=(number,)) for number in range(THREADS)]
    threads[0].start()
    locked.wait(30)
    for thread in threads[1:]:
        thread.start()
    while len(committer._queues["acme"]._waiting) < THREADS - 1:
        threading.Event().wait(0.01)
    go_on.set()
    for thread in threads:
        thread.join(60)
    LockedLog.write = real
    return sorted(results)


def main() -> None:
    django.setup()
    logging.disable(logging.INFO)
    cases = (bad_ones, refused_by_the_database, concluded_twice, together, a_dead_leader)
    print(json.dumps({case.__name__: case() for case in cases}))


if __name__ == "__main__":
    main()
