"""Faults of the directory × operations × databases: writes counted, outcome true, the admin told, the chain whole."""

import datetime
import email.utils
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

from tests.faults.cells import ACTIONS, Found, Job, in_words, token_of
from tests.faults.world import TIMEOUT
from tests.servers import outcome_of

AT_ONCE = 12  # cells at work at the same time; most of them wait
LATER = 2.5  # seconds after its answer that the directory makes a change; less than two timeouts

# fault → outcome, HTTP status that the admin gets, whether the directory made the change, writes that reached it
WRITES = {
    "reset-before": ("unknown", 504, False, 1),
    "reset-after": ("applied", 303, True, 1),
    "hang-before": ("unknown", 504, False, 1),
    "hang-after": ("applied", 303, True, 1),
    "drip-headers": ("applied", 303, True, 1),
    "drip-body": ("applied", 303, True, 1),
    "truncated": ("applied", 303, True, 1),
    "wrong-length": ("applied", 303, True, 1),
    "too-large": ("applied", 303, True, 1),
    "gzip-bomb": ("applied", 303, True, 1),
    "empty-200": ("applied", 303, True, 1),
    "html-200": ("applied", 303, True, 1),
    "invalid-json": ("applied", 303, True, 1),
    "wrong-type": ("applied", 303, True, 1),
    "deep": ("applied", 303, True, 1),
    "duplicate-keys": ("applied", 303, True, 1),
    "nan": ("applied", 303, True, 1),
    "early-hints": ("applied", 303, True, 1),
    "bare-interim": ("applied", 303, True, 1),
    "204": ("applied", 303, True, 1),
    "status-303": ("unknown", 502, False, 1),
    "status-303-after": ("applied", 303, True, 1),
    "redirect": ("not_applied", 502, False, 1),
    "status-400": ("not_applied", 400, False, 1),
    "token-expired": ("applied", 303, True, 2),
    "token-rejected": ("not_applied", 403, False, 2),
    "missing-permissions": ("not_applied", 403, False, 1),
    "status-403": ("not_applied", 403, False, 1),
    "status-404": ("not_applied", 404, False, 1),
    "status-405": ("not_applied", 405, False, 1),
    "status-409": ("not_applied", 409, False, 1),
    "status-413": ("not_applied", 413, False, 1),
    "status-429": ("not_applied", 429, False, 1),
    "service-500": ("unknown", 502, False, 1),
    "service-500-after": ("applied", 303, True, 1),
    "spring-500": ("unknown", 502, False, 1),
    "spring-500-after": ("applied", 303, True, 1),
    "html-502": ("unknown", 502, False, 1),
    "html-502-after": ("applied", 303, True, 1),
    "status-503": ("unknown", 502, False, 1),
    "status-503-after": ("applied", 303, True, 1),
    "status-504": ("unknown", 504, False, 1),
    "status-504-after": ("applied", 303, True, 1),
}

# what a list that meets the fault answers; one that is not named answers 502
READS = {
    **dict.fromkeys(WRITES, 502),
    "hang-before": 504,
    "hang-after": 504,
    "drip-headers": 504,
    "drip-body": 504,
    "status-504": 504,
    "status-504-after": 504,
    "token-expired": 200,
    "duplicate-keys": 200,  # the last one counts, and the row is shown as it came
    "missing-permissions": 403,
    "status-403": 403,
    "status-404": 404,
    "status-409": 409,
    "status-429": 429,
}


def aimed(world, fault, on, request_id, **more):
    """Let one request meet the fault, each time it calls."""
    name = "token-expired" if fault == "token-rejected" else fault
    times = 1 if fault == "token-expired" else -1
    world.directory.fault(name, on=on, times=times, request_id=request_id, **more)


def at_once(work, things):
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(work, things))


def test_operations(world, admin, auditor, sign_in, matrix, record_property):
    jobs = [(fault, Job(world, admin, action)) for fault in WRITES for action in ACTIONS]
    for fault, job in jobs:
        if fault.startswith("token"):
            job.browser = sign_in(world.console, "ada")  # its token is renewed: for it alone
            job.csrf = token_of(job.browser)

    def work(pair):
        fault, job = pair
        aimed(world, fault, job.action, job.request_id)
        return job.send()

    crowd = [pair for pair in jobs if not pair[0].startswith("token")]
    alone = [pair for pair in jobs if pair[0].startswith("token")]
    pages = [*at_once(work, crowd), *map(work, alone)]
    found = Found(world, auditor)
    for (fault, job), page in zip([*crowd, *alone], pages, strict=True):
        outcome, status, effect, writes = WRITES[fault]
        calls = found.calls(job.request_id)
        told = page.status_code == 303 or (outcome_of(page) == outcome and 'role="alert"' in page.text)
        seen = f"{found.kinds(job.operation_id)}, {page.status_code}"
        ok = told and calls[0] == writes and job.took_effect is effect
        matrix.note(fault, job.action, f"requested → {outcome}, {status}", seen, in_words(calls), ok=ok)
    matrix.hand_in(record_property)


def test_applied_a_moment_later(world, admin, auditor, matrix, record_property):
    """The directory makes the change after its answer, as it may behind a gateway: "not applied" is never said of it.

    A refusal is the exception: with 3xx and 4xx the directory itself says that it did nothing.
    """
    faults = [fault for fault, (_, _, effect, _) in WRITES.items() if not effect and not fault.startswith("token")]
    jobs = [(fault, Job(world, admin, action)) for fault in faults for action in ACTIONS]

    def work(pair):
        fault, job = pair
        aimed(world, fault, job.action, job.request_id, applied_after=LATER)
        return job.send()

    at_once(work, jobs)
    time.sleep(2 * TIMEOUT)
    unknown = [job for fault, job in jobs if WRITES[fault][0] == "unknown"]
    at_once(lambda job: job.check(f"cell-{uuid.uuid4()}"), unknown)
    found = Found(world, auditor)
    for fault, job in jobs:
        kinds = found.kinds(job.operation_id)
        if WRITES[fault][0] == "unknown":
            expected, seen = "applied in the end", "applied in the end" if kinds.endswith("applied") else kinds
            ok = "not_applied" not in kinds
        else:
            expected, seen, ok = "requested → not_applied", kinds, True
        calls = found.calls(job.request_id)
        ok = ok and calls[0] == 1 and job.took_effect
        matrix.note(f"{fault}, applied a moment later", job.action, expected, seen, in_words(calls), ok=ok)
    matrix.hand_in(record_property)


def test_lists(world, auditor, matrix, record_property):
    """Page and CSV, for htmx or not; an auditor reads them, so that nothing is resolved on the way."""
    views = [(path, htmx) for path in ("", "export.csv") for htmx in (False, True)]
    cells = [(fault, *view, f"cell-{uuid.uuid4()}") for fault in READS for view in views]

    def work(cell):
        fault, path, htmx, request_id = cell
        aimed(world, fault, "list", request_id)
        headers = {"X-Request-ID": request_id, **({"HX-Request": "true"} if htmx else {})}
        address = f"{world.console.url}/orgs/acme/accounts/{path}"
        return auditor.session.get(address, headers=headers, timeout=60)

    # A token is renewed within the time of the call: nobody else may be at the provider then.
    crowd = [cell for cell in cells if not cell[0].startswith("token")]
    alone = [cell for cell in cells if cell[0].startswith("token")]
    cells, pages = [*crowd, *alone], [*at_once(work, crowd), *map(work, alone)]
    found = Found(world, auditor)
    for fault, expected in READS.items():
        mine = [(cell, page) for cell, page in zip(cells, pages, strict=True) if cell[0] == fault]
        seen = " ".join(dict.fromkeys(str(page.status_code) for _, page in mine))
        calls = [found.calls(cell[3]) for cell, _ in mine]
        told = expected == 200 or all(
            'role="alert"' in page.text and ("<html" in page.text) is not cell[2] for cell, page in mine
        )
        ok = told and all(one[0] == 0 for one in calls)
        matrix.note(fault, "list", str(expected), seen, in_words(max(calls)), ok=ok)
    matrix.hand_in(record_property)


def test_resolving(world, admin, auditor, matrix, record_property):
    """ "Check now" while the list fails: the change stays unknown, and nothing more is written of it."""
    jobs = {fault: Job(world, admin, "change_status") for fault in READS}

    def make_unknown(job):
        aimed(world, "status-504", job.action, job.request_id)
        return outcome_of(job.send())

    assert set(at_once(make_unknown, jobs.values())) == {"unknown"}
    time.sleep(2 * TIMEOUT)
    ids = {fault: f"cell-{uuid.uuid4()}" for fault in READS}

    def work(fault):
        aimed(world, fault, "list", ids[fault])
        return jobs[fault].check(ids[fault])

    pages = dict(zip(READS, at_once(work, READS), strict=True))
    found = Found(world, auditor)
    for fault, job in jobs.items():
        resolves = fault == "token-expired"
        status = {"token-expired": 303, "duplicate-keys": 409}.get(fault, READS[fault])
        expected = f"requested → unknown{' → resolved not_applied' if resolves else ''}, {status}"
        seen = f"{found.kinds(job.operation_id)}, {pages[fault].status_code}"
        calls = found.calls(ids[fault])
        ok = calls[0] == 0 and (resolves or 'role="alert"' in pages[fault].text)
        matrix.note(fault, "resolve", expected, seen, in_words(calls), ok=ok)
    matrix.hand_in(record_property)


def _date(seconds):
    moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
    return email.utils.format_datetime(moment, usegmt=True)


# form of Retry-After → its value, and what the admin's answer carries
PAUSES = {
    "absent": (None, None),
    "seconds": ("7", "7"),
    "zero": ("0", "0"),
    "date": (1800, "about 1800"),
    "past date": (-60, "0"),
    "negative": ("-5", None),
    "huge": ("9" * 40, "3600"),
    "garbage": ("soon", None),
    "fraction": ("1.5", None),
}


def test_each_form_of_retry_after(world, admin, auditor, matrix, record_property):
    jobs = [(form, action, Job(world, admin, action)) for form in PAUSES for action in ACTIONS]
    reads = [(form, "list", f"cell-{uuid.uuid4()}") for form in PAUSES]

    def work(cell):
        form, operation, one = cell
        value = PAUSES[form][0]
        value = _date(value) if isinstance(value, int) else value
        more = {} if value is None else {"retry_after": value}
        request_id = one if operation == "list" else one.request_id
        world.directory.fault("status-429", on=operation, times=-1, request_id=request_id, **more)
        if operation == "list":
            headers = {"X-Request-ID": one}
            return admin.session.get(f"{world.console.url}/orgs/acme/accounts/", headers=headers, timeout=60)
        return one.send()

    cells = [*jobs, *reads]
    pages = at_once(work, cells)
    found = Found(world, auditor)
    for (form, operation, one), page in zip(cells, pages, strict=True):
        wanted, got = PAUSES[form][1], page.headers.get("Retry-After")
        if wanted and wanted.startswith("about") and got and 1700 < int(got) <= 1800:
            got = wanted
        request_id = one if operation == "list" else one.request_id
        log = "" if operation == "list" else "requested → not_applied, "
        kinds = "" if operation == "list" else f"{found.kinds(one.operation_id)}, "
        calls = found.calls(request_id)
        expected, seen = f"{log}429, {wanted}", f"{kinds}{page.status_code}, {got}"
        ok = calls[0] == (operation != "list") and 'role="alert"' in page.text
        matrix.note(f"429, Retry-After: {form}", operation, expected, seen, in_words(calls), ok=ok)
    matrix.hand_in(record_property)
