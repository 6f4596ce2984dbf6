"""No proxy sends a change twice: a replica that does not respond may have made it."""

import re
import socket
import threading
from collections import Counter

import pytest
import requests

from tests import proxies
from tests.faults.wires import Listener

RESENDING = {
    "nginx": "proxy_next_upstream error timeout non_idempotent;",
    "caddy": "\t\tlb_retries 3\n\t\tlb_retry_match {\n\t\t\tmethod POST\n\t\t}",
    "haproxy": "    retry-on conn-failure empty-response\n",
}
"""Settings with which each proxy does send it twice, which shows that this test would notice."""


class Dying(Listener):
    """A replica that is killed once it has read a POST. It answers everything else, and keeps the connection open."""

    def __init__(self, seen: Counter[str]) -> None:
        self.seen, self.lock = seen, threading.Lock()
        super().__init__()

    def serve(self, peer) -> None:
        head = b""
        while data := peer.recv(65536):
            head += data
            if b"\r\n\r\n" not in head:
                continue
            length = re.search(rb"content-length: (\d+)", head.lower())
            if len(head.partition(b"\r\n\r\n")[2]) < int(length[1] if length else 0):
                continue
            with self.lock:
                self.seen[head.split(b" ")[0].decode()] += 1
            if head.startswith(b"POST"):
                return  # without a word
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            head = b""


class Release(Listener):
    """A replica of a release with one static file; ``asked`` counts the requests for others."""

    def __init__(self, file: str) -> None:
        self.file, self.asked = file.encode(), 0
        super().__init__()

    def serve(self, peer) -> None:
        head = peer.recv(65536)
        self.asked += b" /orgs/" in head
        is_there = b" /healthz " in head or b" /readyz " in head or b" /static/" + self.file + b" " in head
        peer.sendall(f"HTTP/1.1 {'200 OK' if is_there else '404 Not Found'}\r\nContent-Length: 0\r\n\r\n".encode())


@pytest.fixture
def replicas():
    seen: Counter[str] = Counter()
    found = [Dying(seen) for _ in range(3)]
    yield seen, [one.port for one in found]
    for one in found:
        one.shut()


def ask(method, url, session, body):
    """Return the status of the response; 0 if the connection was closed without one."""
    try:
        return session.request(method, url, data=body, timeout=20).status_code
    except requests.ConnectionError:
        return 0


@pytest.mark.parametrize("name", proxies.RUN)
@pytest.mark.parametrize("connection", ["new", "used"])
def test_a_post_is_sent_once(name, connection, replicas, tmp_path):
    seen, ports = replicas
    with proxies.RUN[name](tmp_path, ports) as url, requests.Session() as session:
        host = {"Host": "console.example.org"} if name == "nginx" else {}
        session.headers.update(host)
        for _ in range(4 if connection == "used" else 0):
            assert ask("GET", f"{url}/", session, None) == 200
        answered = ask("POST", f"{url}/orgs/acme/accounts/assign/", session, b"operation_id=1")
        assert answered in (0, 502, 503)
        assert seen["POST"] == 1
        assert ask("GET", f"{url}/", session, None) == 200, "the others are asked what is asked next"


@pytest.mark.parametrize("name", proxies.RUN)
def test_a_proxy_that_sends_again_would_be_noticed(name, replicas, tmp_path):
    seen, ports = replicas
    with proxies.RUN[name](tmp_path, ports, more=RESENDING[name]) as url, requests.Session() as session:
        ask("POST", f"{url}/", session, b"")  # without a body, which not each of them would have kept
        assert seen["POST"] > 1


@pytest.mark.parametrize("name", proxies.RUN)
def test_proxies_do_not_forward_probes_and_metrics(name, replicas, tmp_path):
    _, ports = replicas
    with proxies.RUN[name](tmp_path, ports) as url:
        for path in ("/healthz", "/readyz", "/metrics"):
            assert (
                requests.get(
                    url + path, headers={"Host": "console.example.org"} if name == "nginx" else {}, timeout=20
                ).status_code
                == 404
            )


def test_files_of_both_releases_are_served_during_an_upgrade(tmp_path):
    releases = [Release("old.css"), Release("old.css"), Release("new.css")]
    with proxies.run_haproxy(tmp_path, [one.port for one in releases]) as url:
        for file, there in (("old.css", 200), ("new.css", 200), ("none.css", 404)):
            found = Counter(requests.get(f"{url}/static/{file}", timeout=20).status_code for _ in range(9))
            assert found == {there: 9}
        assert requests.post(f"{url}/static/new.css", timeout=20).status_code == 405
    for one in releases:
        one.shut()


def test_a_session_can_stick_to_one_replica(tmp_path):
    found = [Release("any.css") for _ in range(3)]
    with proxies.run_haproxy(tmp_path, [one.port for one in found], sticky=True) as url:
        for session in range(9):
            before = [one.asked for one in found]
            for _ in range(4):
                requests.get(f"{url}/orgs/", cookies={"__Host-console-session": f"session-{session}"}, timeout=20)
            assert sorted(one.asked - was for one, was in zip(found, before, strict=True)) == [0, 0, 4]
    assert sum(one.asked > 0 for one in found) > 1, "and sessions are spread"
    for one in found:
        one.shut()


INSIDE = ("healthz", "readyz", "metrics")
SPELLINGS = (
    "/{name}",
    "//{name}",
    "/./{name}",
    "/x/../{name}",
    "/%2e/{name}",
    "/x/%2e%2e/{name}",
    "/{name}/",
    "/{name};a=b",
    "/{name}?a=b",
    "/{name}%3fa=b",
    "/{upper}",
    "/{encoded}",
    "/{half}",
    "/%2F{name}",
)


def spelled(template: str, name: str) -> str:
    encoded = "".join(f"%{ord(letter):02x}" for letter in name)
    half = "".join(f"%{ord(letter):02X}" if place % 2 else letter for place, letter in enumerate(name))
    return template.format(name=name, upper=name.upper(), encoded=encoded, half=half)


class Echo(Listener):
    """A replica that responds with the requested path."""

    def serve(self, peer) -> None:
        path = peer.recv(65536).split(b" ")[1]
        peer.sendall(b"HTTP/1.1 200 OK\r\nX-Path: %b\r\nContent-Length: 0\r\n\r\n" % path)


@pytest.mark.parametrize("name", proxies.RUN)
def test_no_spelling_of_an_internal_path_passes_a_proxy(name, tmp_path):
    replica = Echo()
    host = "console.example.org" if name == "nginx" else "127.0.0.1"
    with proxies.RUN[name](tmp_path, [replica.port]) as url:
        port = int(url.rsplit(":", 1)[1])
        for template in SPELLINGS:
            for inside in INSIDE:
                path = spelled(template, inside)
                with socket.create_connection(("127.0.0.1", port), 20) as client:
                    client.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
                    answer = b"".join(iter(lambda: client.recv(65536), b""))
                assert b"x-path" not in answer.lower(), (path, answer)
                assert answer.split(b" ")[1] in (b"404", b"400", b"301", b"308"), (path, answer)
    replica.shut()
