"""What stands around the console breaks: the directory's name, port and certificate, the provider, database, cache, disk.

Each fault strikes three operations at the same point: all of them wait for each other there, then it happens.
"""

import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.faults.cells import ACTIONS, Found, Job, in_words
from tests.faults.world import TIMEOUT
from tests.servers import outcome_of

LOST_LATER = 2 * TIMEOUT + 0.5  # seconds after which nobody can be at an operation any more


class Outage:
    """One fault: when it strikes, what it does, how it is mended."""

    def __init__(self, point, strike, mend):
        self.point, self.strike, self.mend = point, strike, mend


def outages(world, stack):
    """By name. ``point``: before the request, at the last read, or when the directory has answered the write."""
    provider = world.provider.control
    calm = {"refuse_refresh": False, "hang": 0, "down": False}

    def lock():
        stack.enter_context(world.locked())

    found = {
        "refused": Outage("read", world.front.shut, world.front.open),
        "name not found": Outage("read", world.forget_name, world.know_name),
        "TLS failure": Outage("read", lambda: swap_certificates(world), lambda: swap_certificates(world)),
        "refresh refused": Outage("", lambda: provider(refuse_refresh=True), lambda: provider(**calm)),
        "refresh hanging": Outage("", lambda: provider(hang=8), lambda: provider(**calm)),
        # The renewal outlives what its call may take, and nothing else: it comes, too late.
        "refresh late": Outage("", lambda: provider(hang=TIMEOUT + 0.1), lambda: provider(**calm)),
        "provider down": Outage("", lambda: provider(down=True), lambda: provider(**calm)),
        "cache gone": Outage("", world.cache.cut, world.cache.mend),
        "database locked": Outage("read", lock, stack.close),
        "database locked at outcome": Outage("written", lock, stack.close),
        "database gone before requested": Outage("read", world.lose_database, world.find_database),
        "database gone between call and outcome": Outage("written", world.lose_database, world.find_database),
    }
    if world.database:
        commit = b"COMMIT"
        found["answer of requested's commit lost"] = Outage(
            "read", lambda: world.database.cut_after(commit, for_good=False), world.database.mend
        )
        found["answer of the outcome's commit lost"] = Outage(
            "written", lambda: world.database.cut_after(commit, for_good=False), world.database.mend
        )
        found["database gone at outcome"] = Outage(
            "written", lambda: world.database.cut_after(commit, for_good=True), world.database.mend
        )
    return found


def swap_certificates(world):
    world.front.context, world.stranger = world.stranger, world.front.context


# outage → the log at once, HTTP status, writes that reached the directory, the log after an admin's later visit
EXPECTED = {
    "refused": ("requested → not_applied", 502, 0, None),
    "name not found": ("requested → not_applied", 502, 0, None),
    "TLS failure": ("requested → not_applied", 502, 0, None),
    "refresh refused": ("requested → not_applied", 303, 1, None),
    "refresh hanging": ("requested → not_applied", 503, 1, None),
    "refresh late": ("requested → not_applied", 502, 1, None),
    "provider down": ("requested → not_applied", 503, 1, None),
    "cache gone": ("requested → applied", 303, 1, None),
    "database locked": ("nothing", 503, 0, None),
    "database locked at outcome": ("requested", 503, 1, "requested → resolved applied"),
    "database gone before requested": ("nothing", 503, 0, None),
    "database gone between call and outcome": ("requested", 503, 1, "requested → resolved applied"),
}
# A file that is moved away stays open: the request that has it open goes on, and its record is in that file.
ON_SQLITE = {
    "database gone before requested": ("requested → applied", 303, 1, None),
    "database gone between call and outcome": ("requested → applied", 303, 1, None),
}
SAYING = {"refresh late": "Renewing the access token left too little time to send this."}
NEEDS_TOKEN = ("refresh refused", "refresh hanging", "refresh late", "provider down")


@pytest.mark.parametrize("name", EXPECTED)
def test_operations(world, admin, auditor, sign_in, matrix, record_property, name):
    with ExitStack() as stack:
        outage = outages(world, stack)[name]
        jobs = [Job(world, sign_in(world.console, "ada"), action) for action in ACTIONS]
        pages = struck(world, outage, jobs, name)
    kinds, status, writes, later = (ON_SQLITE if world.kind == "sqlite" else {}).get(name, EXPECTED[name])
    found = Found(world, auditor)
    seen = {job.action: found.kinds(job.operation_id) for job in jobs}
    told = [is_told(page, kinds, later) and SAYING.get(name, "") in page.text for page in pages]
    if later:
        time.sleep(LOST_LATER)
        admin.get("/orgs/acme/accounts/")
        found = Found(world, auditor)
    for job, page, is_clear in zip(jobs, pages, told, strict=True):
        then = found.kinds(job.operation_id)
        calls = found.calls(job.request_id)
        effect = "applied" in then and "not_applied" not in then
        ok = is_clear and calls[0] == writes and then == (later or kinds) and job.took_effect is effect
        matrix.note(
            name, job.action, f"{kinds}, {status}", f"{seen[job.action]}, {page.status_code}", in_words(calls), ok=ok
        )
    matrix.hand_in(record_property)


def struck(world, outage, jobs, name):
    """Send all jobs at once, with the outage in between."""
    if name in NEEDS_TOKEN:
        for job in jobs:
            job.browser.get("/orgs/acme/types/")  # from here on the directory knows the token
            world.directory.fault("token-expired", on=job.action, times=-1, request_id=job.request_id)
    if outage.point:
        meeting = threading.Barrier(len(jobs), action=outage.strike)
        for job in jobs:
            world.front.at(outage.point, job.request_id, lambda: meeting.wait(30))
    else:
        outage.strike()
    try:
        with ThreadPoolExecutor(len(jobs)) as pool:
            return list(pool.map(lambda job: job.send(), jobs))
    finally:
        outage.mend()


def is_told(page, kinds, later):
    """Whether the admin gets the outcome, or a page that says what to do."""
    if page.status_code == 303:
        return "result=" in page.headers["Location"] or page.headers["Location"].startswith("/signin/")
    clear = 'role="alert"' in page.text and "Traceback" not in page.text
    return clear and (kinds == "nothing" or bool(later) or outcome_of(page) in ("not_applied", ""))


@pytest.mark.parametrize("kind", ["postgresql"])
def test_commits_whose_answer_is_lost(build_world, directory, sign_in, kind):
    """The nastiest case: it is written, and the console does not know."""
    world = build_world(kind)
    auditor = sign_in(world.console, "otto")
    expected = {
        "answer of requested's commit lost": ("requested", 503, 0, "requested → resolved not_applied"),
        "answer of the outcome's commit lost": ("requested → applied", 303, 1, None),
        "database gone at outcome": ("requested → applied", 503, 1, None),
    }
    for name, (kinds, status, writes, later) in expected.items():
        admin = sign_in(world.console, "ada")
        job = Job(world, admin, "change_status")
        with ExitStack() as stack:
            [page] = struck(world, outages(world, stack)[name], [job], name)
        found = Found(world, auditor)
        seen = (found.kinds(job.operation_id), page.status_code, found.calls(job.request_id)[0])
        assert seen == (kinds, status, writes), name
        if later:
            time.sleep(LOST_LATER)
            admin.get("/orgs/acme/accounts/")
            assert Found(world, auditor).kinds(job.operation_id) == later
    assert world.verify()[0] == 0


def test_a_full_disk(world, admin, auditor, record_property):
    """Rows may still fit where there is room in a page: then all is well; where they do not, nothing is sent."""
    jobs = [Job(world, admin, "change_status") for _ in range(12)]
    world.fill_disk()
    try:
        pages = [job.send(message="x" * 1000) for job in jobs]
    finally:
        world.free_disk()
    time.sleep(LOST_LATER)
    admin.get("/orgs/acme/accounts/")
    found = Found(world, auditor)
    seen = {
        (found.kinds(job.operation_id), found.calls(job.request_id)[0], page.status_code)
        for job, page in zip(jobs, pages, strict=True)
    }
    possible = {("requested → applied", 1, 303), ("nothing", 0, 503), ("requested → resolved applied", 1, 503)}
    assert seen <= possible
    assert any(status == 503 for _, _, status in seen), "the disk was not full"
    assert world.verify()[0] == 0


LISTS = {
    "refused": 502,
    "name not found": 502,
    "TLS failure": 502,
    "refresh late": 504,
    "database gone before requested": 503,
    "cache gone": 200,
}


def test_lists_and_resolving(world, admin, auditor, sign_in, matrix, record_property):
    job = Job(world, admin, "change_status")
    world.directory.fault("status-504", on=job.action, times=-1, request_id=job.request_id)
    assert outcome_of(job.send()) == "unknown"
    time.sleep(LOST_LATER)
    for name, status in LISTS.items():
        request_id = f"cell-{uuid.uuid4()}"
        with ExitStack() as stack:
            outage = outages(world, stack)[name]
            if name in NEEDS_TOKEN:
                world.directory.fault("token-expired", on="list", times=-1, request_id=request_id)
            outage.strike()
            try:
                with ThreadPoolExecutor(1) as beside:
                    checking = beside.submit(job.check, request_id) if name != "cache gone" else None
                    page = auditor.get("/orgs/acme/accounts/", X_Request_ID=request_id)
                check = checking.result() if checking else None
            finally:
                outage.mend()
        matrix.note(
            name, "list", str(status), str(page.status_code), "0w", ok=status == 200 or 'role="alert"' in page.text
        )
        if check is not None:
            kinds = Found(world, auditor).kinds(job.operation_id)
            expected = f"requested → unknown, {status}"
            matrix.note(
                name, "resolve", expected, f"{kinds}, {check.status_code}", "0w", ok='role="alert"' in check.text
            )
    assert job.check("last").status_code == 303
    assert Found(world, auditor).kinds(job.operation_id) == "requested → unknown → resolved not_applied"
    matrix.hand_in(record_property)
