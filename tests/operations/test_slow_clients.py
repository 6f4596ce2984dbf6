"""Slow and idle clients take no thread: with each proxy whose file we ship, and without one."""

import socket
import threading

import pytest
import requests

from tests import proxies

SLOW = 40  # more than all threads of a process, and more than gunicorn's backlog of them
ANSWERED = (200, 301, 302)  # a page, or the way to it
HOST = "console.example.org"
FORM = f"POST /signin/ HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/x-www-form-urlencoded\r\n"


@pytest.fixture(scope="module")
def bare(start_console):
    """A console without a proxy. Its limits are short, so that a test can wait for their end."""
    return start_console("sqlite", ALLOWED_HOSTS=f"{HOST},127.0.0.1", REQUEST_HEAD_SECONDS="3", REQUEST_SECONDS="6")


@pytest.fixture(scope="module")
def proxied(start_console):
    return start_console("sqlite", ALLOWED_HOSTS=HOST, TRUSTED_PROXY_COUNT="1")


class Slow:
    """A client that has sent ``text`` and goes on with a byte now and then until its connection is closed."""

    def __init__(self, url: str, text: str, source: str = "127.0.0.1") -> None:
        host, port = url.removeprefix("http://").split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=60, source_address=(source, 0))
        self.socket.sendall(text.encode())
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._drip, daemon=True)
        self.thread.start()

    def _drip(self) -> None:
        while not self.stopped.wait(0.3):
            try:
                self.socket.sendall(b"a")
            except OSError:
                return

    def answer(self) -> bytes:
        """What the server says before it closes the connection."""
        text = b""
        try:
            while data := self.socket.recv(4096):
                text += data
        except ConnectionResetError:
            pass
        return text

    def close(self) -> None:
        self.stopped.set()
        self.thread.join()
        self.socket.close()


@pytest.fixture
def slow():
    clients: list[Slow] = []

    def start(url: str, text: str, number: int = SLOW, **more: str) -> list[Slow]:
        clients.extend(Slow(url, text, **more) for _ in range(number))
        return clients[-number:]

    yield start
    for client in clients:
        client.close()


TEXTS = {
    "head": f"GET / HTTP/1.1\r\nHost: {HOST}\r\nX-Slow: ",
    "body": f"{FORM}Content-Length: 5000\r\n\r\na=",
    "large body": f"{FORM}Content-Length: 500000\r\n\r\na={'x' * 40_000}",
    "chunks": f"{FORM}Transfer-Encoding: chunked\r\n\r\n5000\r\na=",
}


def answers(url: str) -> int:
    return requests.get(f"{url}/", headers={"Host": HOST}, allow_redirects=False, timeout=60).status_code


@pytest.mark.parametrize("kind", TEXTS)
def test_without_a_proxy_a_page_is_answered_beside_slow_clients_and_these_are_ended(kind, bare, slow):
    clients = slow(bare.url, TEXTS[kind])
    assert answers(bare.url) in ANSWERED
    for client in clients:
        assert client.answer().startswith(b"HTTP/1.1 408 ")
    assert answers(bare.url) in ANSWERED


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("name", proxies.RUN)
def test_behind_each_proxy_a_page_is_answered_beside_slow_clients(name, kind, proxied, slow, tmp_path):
    with proxies.RUN[name](tmp_path, [int(proxied.url.rsplit(":", 1)[1])]) as url:
        clients = slow(url, TEXTS[kind])
        assert answers(url) in ANSWERED
        for client in clients:
            client.close()  # a proxy that stops waits for them


def test_idle_connections_of_one_source_leave_room_for_another(bare):
    def connect(source: str) -> socket.socket:
        return socket.create_connection(("127.0.0.1", int(bare.url.rsplit(":", 1)[1])), 30, source_address=(source, 0))

    idle = [connect("127.0.0.1") for _ in range(300)]
    try:
        with connect("127.0.0.2") as other:
            other.sendall(f"GET /healthz HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
            assert other.recv(4096).startswith(b"HTTP/1.1 200 ")
        assert [client.recv(1) for client in idle] == [b""] * 300, "and all of them are closed: too many, or idle"
    finally:
        for client in idle:
            client.close()


def test_a_client_that_does_not_close_holds_nobody_up(bare):
    """After ``Connection: close`` the server ends its side, and does not wait for the client's."""
    address = ("127.0.0.1", int(bare.url.rsplit(":", 1)[1]))
    lingering = [socket.create_connection(address, 30) for _ in range(30)]
    for client in lingering:
        client.sendall(f"GET /healthz HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
    assert all(client.recv(4096).startswith(b"HTTP/1.1 200 ") for client in lingering)
    assert answers(bare.url) in ANSWERED
    for client in lingering:
        client.close()


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (f"{FORM}Content-Length: 90000000\r\n\r\na=", 413),
        (f"{FORM}Transfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\na", 413),
        (f"GET / HTTP/1.1\r\nHost: {HOST}\r\nX-Large: {'x' * 70_000}", 431),
        (f"{FORM}Transfer-Encoding: chunked\r\n\r\nnonsense\r\n", 301),
        (f"{FORM}Content-Length: 1\r\nContent-Length: 2\r\n\r\nabc", 400),
    ],
)
def test_what_is_too_large_or_malformed_is_answered_at_once(bare, text, status):
    with socket.create_connection(("127.0.0.1", int(bare.url.rsplit(":", 1)[1])), 30) as client:
        client.sendall(text.encode())
        assert client.recv(4096).startswith(f"HTTP/1.1 {status} ".encode())


def test_requests_in_one_packet_and_an_expected_continue_are_answered(bare):
    get = f"GET /healthz HTTP/1.1\r\nHost: {HOST}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", int(bare.url.rsplit(":", 1)[1])), 30) as client:
        client.sendall((get * 3).encode())
        text = b""
        while text.count(b"HTTP/1.1 200 ") < 3:
            data = client.recv(4096)
            assert data, text
            text += data
        client.sendall(f"{FORM}Expect: 100-continue\r\nContent-Length: 3\r\n\r\n".encode())
        text = b""
        while b"HTTP/1.1 100 Continue\r\n\r\n" not in text:
            data = client.recv(4096)
            assert data, text
            text += data
        client.sendall(b"a=b")
        assert client.recv(4096).startswith(b"HTTP/1.1 301 ")  # to https://, which the form would have needed
