"""What one replica takes and gives: requests a second at 16 clients, processor time, memory, connections.

Processor time is that of the replica's own processes, so a busy machine makes it hardly longer; requests a second it
does make fewer. ``REPLICA_WORKERS`` is another number of worker processes than 2.
"""

import http.client
import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
import redis
import requests

from console.sandbox import processes
from console.sandbox.processes import free_port
from tests.faults.fleet import Redis, Replica, wait_until
from tests.servers import UNLIMITED, Browser, outcome_of

ROUNDS, CLIENTS, EACH, PEOPLE = 9, 16, 1, 1000
WORKERS = int(os.environ.get("REPLICA_WORKERS", "2"))
THREADS = 8  # of each, as gunicorn.conf.py has it
TICKS = os.sysconf("SC_CLK_TCK")
ASSIGN = "/orgs/acme/accounts/assign/"
PAGES = {
    "`/healthz`": ("/healthz", "ok"),
    f"accounts, {PEOPLE:,} people": ("/orgs/acme/accounts/", 'data-total="'),
    f"accounts, a search of {PEOPLE:,}": ("/orgs/acme/accounts/?q=an", 'data-total="'),
    "account types": ("/orgs/acme/types/", "data-code="),
    "the form to assign": (ASSIGN, "operation_id"),
    "change log": ("/orgs/acme/changes/", "data-change-id="),
    "change log, is anything new": ("/orgs/acme/changes/new/?after=1&seen=1", ""),
}


class Measured:
    """A replica, with what it takes."""

    def __init__(self, replica: Replica, redis_url: str, database_url: str) -> None:
        self.replica, self.redis_url, self.database_url = replica, redis_url, database_url

    @property
    def processes(self) -> list[int]:
        master = self.replica.process.pid
        children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        return [master, *map(int, children)]

    def seconds(self) -> float:
        """Processor time of all its processes so far."""
        stats = [Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split() for one in self.processes]
        return sum(int(stat[11]) + int(stat[12]) for stat in stats) / TICKS

    def megabytes(self) -> float:
        """Memory of all its processes, what they share counted once."""
        rollups = [Path(f"/proc/{one}/smaps_rollup").read_text() for one in self.processes]
        return sum(int(text.partition("\nPss:")[2].split()[0]) for text in rollups) / 1024

    def connections(self) -> tuple[int, int]:
        """To PostgreSQL and to Redis."""
        with psycopg.connect(self.database_url) as own:
            statement = "SELECT count(*) - 1 FROM pg_stat_activity WHERE datname = current_database()"
            [held] = own.execute(statement).fetchone()
        with redis.Redis.from_url(self.redis_url) as own:
            return held, own.info("clients")["connected_clients"] - 1


@pytest.fixture
def measured(tmp_path, state, migrated, provider, directory_server):
    port, cache, database_url = free_port(), Redis(tmp_path), migrated("postgresql")
    environment = {
        **processes.console_environment(
            state, provider, directory_server, database_url=database_url, cache_url=cache.url
        ),
        **UNLIMITED,
        "CONSOLE_BIND": f"127.0.0.1:{port}",
        "WEB_CONCURRENCY": str(WORKERS),
        "LOG_FORMAT": "json",
    }
    replica = Replica(0, port, tmp_path, environment)
    provider.control(allow=replica.url)
    replica.start()
    wait_until(lambda: answers(replica.url), "the replica answers")
    yield Measured(replica, cache.url, database_url.replace("postgres://", "postgresql://"))
    replica.kill()
    cache.kill()


def answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/readyz", timeout=20).status_code == 200
    except requests.ConnectionError:
        return False


class Clients:
    """So many browsers of one session, each with a connection that it keeps."""

    def __init__(self, browser: Browser) -> None:
        self.host = browser.url.removeprefix("http://")
        cookies = "; ".join(f"{name}={value}" for name, value in browser.session.cookies.items())
        self.headers = {"Cookie": cookies, "Accept-Encoding": "gzip"}
        self.pool = ThreadPoolExecutor(CLIENTS)

    def get(self, path: str, times: int) -> int:
        """Each asks so often. How many answers were right."""
        return sum(self.pool.map(lambda _: self._get(path, times), range(CLIENTS)))

    def _get(self, path: str, times: int) -> int:
        connection, right = http.client.HTTPConnection(self.host, timeout=60), 0
        for _ in range(times):
            connection.request("GET", path, headers=self.headers)
            answer = connection.getresponse()
            answer.read()
            right += answer.status in (200, 204)
        connection.close()
        return right


def test_replica(measured, directory):
    directory.reset(people=PEOPLE)
    browser = Browser(measured.replica.url)
    browser.sign_in("ada")
    operate(browser, [directory.person("visitor")])
    for path, said in PAGES.values():
        page = browser.get(path)
        assert page.ok, path
        assert said in page.text, path
    clients, at_rest = Clients(browser), measured.megabytes()
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in (*PAGES, "sign-in", "operation", "operations")}
    for _ in range(ROUNDS):  # interleaved, so that a busy minute of the machine slows all of them
        for name, (path, _said) in PAGES.items():
            took[name].append(measure(measured, CLIENTS * EACH, lambda path=path: clients.get(path, EACH)))
        took["sign-in"].append(measure(measured, 1, lambda: signed_in(measured)))
        for name, number in (("operation", 1), ("operations", CLIENTS)):
            people = [directory.person("visitor") for _ in range(number)]
            forms = [form(browser, one) for one in people]
            took[name].append(measure(measured, number, lambda forms=forms: send(clients, browser, forms)))
            assert all(len(directory.writes(one)) == 1 for one in people)
    held = measured.connections()
    print(f"\n\n{table_of(took)}\n\n{table_of_state(measured, at_rest, held)}")
    assert held[0] <= WORKERS * (THREADS + 1)


def measure(measured, number, act) -> tuple[float, float]:
    """How many a second, and the processor time of each in seconds."""
    spent, began = measured.seconds(), time.perf_counter()
    assert act() == number, "each was answered, and rightly"
    seconds = time.perf_counter() - began
    return number / seconds, (measured.seconds() - spent) / number


def signed_in(measured) -> int:
    return Browser(measured.replica.url).sign_in("ada").url.startswith(measured.replica.url)


def operate(browser, people) -> None:
    for one in people:
        assert outcome_of(browser.post(ASSIGN, form(browser, one))) == "applied"


def form(browser, subject) -> dict[str, str]:
    return {**browser.form(ASSIGN), "subject_id": subject, "code": "worker"}


def send(clients, browser, forms) -> int:
    """All at once. How many were applied, as the page says to which each answer leads."""

    def one(fields) -> bool:
        answer = requests.post(browser.url + ASSIGN, data=fields, cookies=browser.session.cookies, timeout=60)
        return outcome_of(answer) == "applied"

    return sum(clients.pool.map(one, forms))


def table_of(took) -> str:
    load = os.getloadavg()[0]
    lines = [
        f"One replica, {WORKERS} processes of {THREADS} threads, {os.cpu_count()} cores that others use too (load "
        f"{load:.0f}); medians of {ROUNDS} interleaved rounds:",
        "",
        f"| | a second, {CLIENTS} clients | processor time of one, ms | so a core gives, a second |",
        "| --- | --- | --- | --- |",
    ]
    words = {"sign-in": "sign-in (one at a time)", "operation": "operation (one at a time)", "operations": "operation"}
    for name, rounds in took.items():
        rate, spent = (statistics.median(column) for column in zip(*rounds, strict=True))
        lines.append(f"| {words.get(name, name)} | {rate:.0f} | {spent * 1000:.1f} | {1 / max(spent, 1e-4):.0f} |")
    return "\n".join(lines)


def table_of_state(measured, at_rest, held) -> str:
    each = WORKERS + 1
    return "\n".join(
        [
            "| Of the replica | |",
            "| --- | --- |",
            f"| memory after its first pages, {each} processes | {at_rest:.0f} MB |",
            f"| memory after all of this | {measured.megabytes():.0f} MB |",
            f"| connections to PostgreSQL, {WORKERS} × {THREADS} threads | {held[0]} |",
            f"| connections to Redis | {held[1]} |",
        ]
    )
