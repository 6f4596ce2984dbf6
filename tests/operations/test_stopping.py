"""A stop waits for the requests in flight: they are answered and their outcomes recorded before the process ends."""

import re
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from console.sandbox import processes
from console.sandbox.processes import free_port
from tests.faults.fleet import Replica, wait_until
from tests.servers import REDIS, TIMEOUT, UNLIMITED, Browser, outcome_of

ACCOUNTS, BULK = "/orgs/acme/accounts/", "/orgs/acme/accounts/bulk/"
ROWS = 4
SLOW = 0.6  # seconds that the directory takes to tell of each write


@pytest.fixture
def replica(tmp_path, state, provider, directory_server, migrated):
    """The console as console.service runs it, with one worker."""
    port = free_port()
    url = migrated("sqlite")
    settings = {
        **processes.console_environment(state, provider, directory_server, database_url=url, cache_url=REDIS),
        **UNLIMITED,
        "DIRECTORY_TIMEOUT": str(TIMEOUT),
        "CONSOLE_BIND": f"127.0.0.1:{port}",
        "CONSOLE_DRAIN_FILE": str(tmp_path / "draining0"),
        "WEB_CONCURRENCY": "1",
    }
    found = Replica(0, port, tmp_path, settings)
    provider.control(allow=found.url)
    start(found)
    yield found
    if found.process.poll() is None:
        found.kill()


def start(replica):
    replica.start()
    wait_until(lambda: ready(replica) == 200, "the console is ready")


def ready(replica) -> int:
    """Return the status of /readyz; 0 if nobody answers."""
    try:
        return requests.get(f"{replica.url}/readyz", timeout=20).status_code
    except requests.ConnectionError:
        return 0


def test_in_flight_requests_finish_first(replica, directory):
    ada, subject = Browser(replica.url), directory.person("visitor")
    ada.sign_in("ada")
    people = [directory.person("visitor") for _ in range(ROWS)]
    plan = confirmed(ada, people)
    run = ada.form(plan, "run/")
    fields = {**ada.form(f"{ACCOUNTS}assign/"), "subject_id": subject, "code": "worker"}
    directory.fault("stale", on="assign", times=-1, seconds=SLOW)

    with ThreadPoolExecutor(2) as pool:
        operation = pool.submit(send, ada, f"{ACCOUNTS}assign/", fields)
        chunk = pool.submit(send, ada, f"{plan}run/", run)
        wait_until(lambda: directory.writes(subject) and directory.writes(people[0]), "both are at it")
        replica.drain.touch()
        assert ready(replica) == 503
        assert ada.get(ACCOUNTS).status_code == 200, "who asks all the same is answered"
        replica.process.terminate()
        assert operation.result().status_code == chunk.result().status_code == 303
    assert replica.process.wait(20) == 0
    assert ready(replica) == 0

    start(replica)  # which drains no more
    ada.get(f"/orgs/acme/changes/{uuid.UUID(fields['operation_id'])}/")
    assert outcome_of(ada.last) == "applied"
    ada.get(plan)
    assert re.findall(r'data-result="(\w*)"', ada.last.text) == ["applied"] * ROWS
    assert all(len(directory.writes(one)) == 1 for one in (subject, *people))


def confirmed(browser, people) -> str:
    """Return the path of a plan that is ready to run."""
    lines = "subject_id,code\n" + "".join(f"{one},worker\n" for one in people)
    page = browser.post(BULK, {**browser.form(BULK), "action": "assign", "status": "", "list": lines})
    path = page.url.removeprefix(browser.url).split("?")[0]
    browser.post(f"{path}confirm/", {**browser.form(path, "bulk/"), "count": str(len(people))})
    return path


def send(browser, path, fields):
    """Send a form on a new connection, without following redirects: the server stops meanwhile."""
    return requests.post(
        browser.url + path, data=fields, cookies=browser.session.cookies, allow_redirects=False, timeout=60
    )
