"""Replicas of the console on one database and one Redis, behind HAProxy, with the files that are shipped for them.

``Fleet`` starts, kills and stops replicas as a machine that dies, a start of ``console.service`` and its stop do.
"""

import csv
import io
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import requests

from console.sandbox import processes
from console.sandbox.processes import ROOT, free_port
from tests import proxies
from tests.faults.wires import certificates
from tests.servers import TIMEOUT, UNLIMITED, Console, Server

CONFIGURATION = "console/deploy/gunicorn.conf.py"
NAME = "console.example.org"
START_SECONDS = 60


class Redis:
    """A Redis of the test's own, which keeps nothing over its end."""

    def __init__(self, folder: Path) -> None:
        self.port, self._folder = free_port(), folder
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        command = [proxies.program("redis-server"), "--port", str(self.port), "--dir", str(self._folder)]
        command += ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        with (self._folder / "redis.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        wait_until(lambda: _accepts(self.port), "Redis answers")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@dataclass
class Replica:
    """One replica. ``drain`` is its file of that name; ``log`` what it and its access log say."""

    number: int
    port: int
    folder: Path
    env: dict[str, str]
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"http{'s' if 'CONSOLE_TLS_KEY' in self.env else ''}://127.0.0.1:{self.port}"

    @property
    def drain(self) -> Path:
        return self.folder / f"draining{self.number}"

    def log(self) -> str:
        return (self.folder / f"replica{self.number}.log").read_text(errors="replace")

    def start(self) -> None:
        command = [sys.executable, "-m", "gunicorn", "--config", CONFIGURATION, "--log-level", "warning"]
        with (self.folder / f"replica{self.number}.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, env=self.env, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
            )

    def kill(self) -> None:
        """As a machine that loses its power: nobody says good-bye."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """As ``systemctl stop`` does it: what ``ExecStop`` says, then SIGTERM. The exit status."""
        self.drain.touch()
        time.sleep(_drain_seconds())
        self.process.terminate()
        return self.process.wait(60)


@dataclass
class Fleet:
    """What a test of several replicas works with. ``url`` is the proxy's."""

    url: str
    folder: Path
    replicas: list[Replica]
    redis: Redis
    database_url: str
    trusted: Path

    @property
    def living(self) -> list[Replica]:
        return [one for one in self.replicas if one.process and one.process.poll() is None]

    def wait_for(self, *replicas: Replica) -> None:
        """Until the proxy sends requests to them."""
        wait_until(lambda: all(map(self.is_ready, replicas)), "the proxy takes the replicas for ready")

    def is_ready(self, replica: Replica) -> bool:
        return self.told("console", replica)["status"] == "UP"

    def told(self, backend: str, replica: Replica) -> dict[str, str]:
        """What the proxy says of a replica."""
        with socket.socket(socket.AF_UNIX) as proxy:
            proxy.connect(str(self.folder / "admin.sock"))
            proxy.sendall(b"show stat\n")
            said = b"".join(iter(lambda: proxy.recv(65536), b"")).decode()
        rows = csv.DictReader(io.StringIO(said.removeprefix("# ")))
        return next(row for row in rows if (row["pxname"], row["svname"]) == (backend, f"replica{replica.number}"))

    def has_a_request(self, replica: Replica) -> bool:
        return int(self.told("console", replica)["scur"]) > 0

    def who_is_at_it(self) -> Replica:
        """The one replica that has a request at the moment."""
        busy: list[Replica] = []

        def found() -> bool:
            busy[:] = filter(self.has_a_request, self.replicas)
            return len(busy) == 1

        wait_until(found, "one replica has a request")
        return busy[0]

    def cut_database(self) -> int:
        """End all connections to the database, at whatever they are. How many there were."""
        with psycopg.connect(self.database_url, autocommit=True) as own:
            statement = (
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            return int(own.execute(statement).fetchone()[0])

    def look(self, replica: Replica, browser, path: str) -> requests.Response:
        """A page from this very replica, past the proxy, as the browser's person."""
        headers = {"Host": self.url.removeprefix("http://"), "X-Forwarded-Proto": "http"}
        return requests.get(
            replica.url + path,
            cookies=browser.session.cookies.get_dict(),
            headers=headers,
            verify=str(self.trusted),
            allow_redirects=False,
            timeout=60,
        )

    @property
    def console(self) -> Console:
        """The whole of it, as other tests know a console."""
        first = self.replicas[0]
        server = Server("fleet", self.url, first.process, first.env)
        return Console(server, self.folder / "replica0.log", "postgresql")


@contextmanager
def fleet(
    folder: Path, count: int, migrated: Callable[[str], str], provider: Server, directory: Server, *, state: Path
) -> Iterator[Fleet]:
    """``count`` replicas that the proxy knows of, not started yet. ``state`` has the keys of the provider's client."""
    authorities, _, _ = certificates(folder, NAME)
    redis, database_url = Redis(folder), migrated("postgresql")
    environment = {
        **processes.console_environment(state, provider, directory, database_url=database_url, cache_url=redis.url),
        **UNLIMITED,
        "DIRECTORY_TIMEOUT": str(TIMEOUT),
        "DIRECTORY_KEEP_ROWS": "1",  # each replica keeps lists, though they are short
        "TRUSTED_PROXY_COUNT": "1",
        "WEB_CONCURRENCY": "1",
        "CONSOLE_TLS_CERTIFICATE": str(folder / "trusted.pem"),
        "CONSOLE_TLS_KEY": str(folder / "trusted.pem"),
    }
    replicas = [_replica(number, folder, environment) for number in range(count)]
    with ExitStack() as stack:
        stack.callback(redis.kill)
        ports: Sequence[int] = [one.port for one in replicas]
        url = stack.enter_context(proxies.run_haproxy(folder, ports, tls=authorities))
        provider.control(allow=url)
        found = Fleet(url, folder, replicas, redis, database_url.replace("postgres://", "postgresql://"), authorities)
        yield found
        for one in found.living:
            one.kill()


def _replica(number: int, folder: Path, environment: dict[str, str]) -> Replica:
    port = free_port()
    more = {"CONSOLE_BIND": f"127.0.0.1:{port}", "CONSOLE_DRAIN_FILE": str(folder / f"draining{number}")}
    return Replica(number, port, folder, {**environment, **more})


def _drain_seconds() -> int:
    """How long the unit waits before SIGTERM."""
    return int(re.findall(r"&& sleep (\d+)'", proxies.shipped("console.service"))[0])


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + START_SECONDS
    while not is_so():
        assert time.monotonic() < until, f"not within {START_SECONDS} seconds: {what}"
        time.sleep(0.05)
