"""``python -m tests.tasks.scenarios NAME``: use the leases with a console's database, and print what came of it as JSON.

Each scenario says itself what time it is, so none has to wait.
"""

import datetime
import json
import multiprocessing
import sys

START = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
LEASE = 30  # seconds: the default of TASKS_LEASE_SECONDS
KINDS = ("reread", "bulk")


def at(seconds):
    return START + datetime.timedelta(seconds=seconds)


def take(owner, seconds, kinds=KINDS):
    from accounts_ui.tasks.leases import take_lease

    return take_lease(kinds=kinds, owner=owner, now=at(seconds))


def request(seconds, key="", kind="reread"):
    from accounts_ui.tasks.leases import request_work

    return request_work(kind=kind, key=key, due_at=at(seconds))


def finish(lease, seconds, next_due=None):
    from accounts_ui.tasks.leases import finish_work

    return finish_work(lease=lease, next_due_at=None if next_due is None else at(next_due), now=at(seconds))


def due_work():
    request(10)
    early = take("a", 9)
    lease = take("a", 10)
    return {
        "early": early,
        "taken": [lease.kind, lease.key],
        "second": take("b", 11),
        "finished": finish(lease, 12),
        "after": take("b", 1000),
    }


def an_expired_lease():
    request(0)
    first = take("a", 0)
    still_held = take("b", LEASE - 1)
    second = take("b", LEASE)
    return {
        "still held": still_held,
        "taken over": second is not None,
        "first holds": first.is_held(),
        "first finishes": finish(first, LEASE + 1),
        "second holds": second.is_held(),
        "second finishes": finish(second, LEASE + 2),
        "after": take("c", 1000),
    }


def a_heartbeat():
    from accounts_ui.tasks.leases import renew_leases

    request(0)
    lease = take("a", 0)
    renewed = renew_leases(tokens=[lease.token], now=at(20))
    before = take("b", 20 + LEASE - 1)
    other = take("b", 20 + LEASE)
    return {
        "renewed": renewed,
        "before": before,
        "after": other is not None,
        "renewed when lost": renew_leases(tokens=[lease.token], now=at(60)),
    }


def a_request_while_it_runs():
    request(0)
    lease = take("a", 0)
    return {
        "accepted": request(1),
        "not at once": take("b", 2),
        "finished": finish(lease, 3, next_due=500),
        "again": take("b", 3) is not None,
    }


def the_earlier_time_counts():
    return {"first": request(100), "later": request(200), "earlier": request(50), "at 49": take("a", 49), "at 50": take("a", 50) is not None}  # fmt: skip


def a_failure():
    from accounts_ui.tasks.leases import postpone_failed_work
    from accounts_ui.tasks.models import WorkItem

    request(0)
    postpone_failed_work(lease=take("a", 0), retry_at=at(60))
    failed = WorkItem.objects.get().failures
    early = take("a", 59)
    lease = take("a", 60)
    finish(lease, 61, next_due=900)
    return {"failed": failed, "early": early, "again": lease is not None, "failures after": WorkItem.objects.get().failures, "next": take("a", 900) is not None}  # fmt: skip


def the_longest_wait_goes_first():
    for seconds, key in ((30, "c"), (10, "a"), (20, "b")):
        request(seconds, key)
    request(0, "x", kind="of-another-release")
    return [take("a", 100).key for _ in range(3)] + [take("a", 100)]


def many_workers(items=40, workers=6):
    """Each of some processes takes until nothing is left: every piece is taken once."""
    from django.db import connection

    for number in range(items):
        request(0, str(number))
    connection.close()
    context = multiprocessing.get_context("fork")
    barrier, results = context.Barrier(workers), context.Queue()
    started = [context.Process(target=_take_all, args=(str(n), barrier, results)) for n in range(workers)]
    for process in started:
        process.start()
    taken = [results.get(timeout=60) for _ in started]
    for process in started:
        process.join()
    return {"taken": sorted(int(key) for keys in taken for key in keys), "workers": len(taken)}


def _take_all(owner, barrier, results):
    taken = []
    barrier.wait()
    while lease := take(owner, 1):
        taken.append(lease.key)
    results.put(taken)


if __name__ == "__main__":
    import django

    django.setup()
    print(json.dumps(globals()[sys.argv[1]]()))
