"""Calls through a proxy that behaves as proxies do, and through ones that do not."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from console import http
from console.outgoing import OutgoingNetwork, OutgoingProxy, set_outgoing_network

URL = "https://service.example.org/path"  # no such name: whoever looks it up fails
Behaviour = Callable[[socket.socket, threading.Event], None]


class Proxy:
    """A proxy that does with each connection what a test says; ``heads`` are the requests that it got."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.heads: list[bytes] = []
        self.over = threading.Event()
        self.behaviour = behaviour
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            with peer:
                head = b""
                while b"\r\n\r\n" not in head:
                    head += peer.recv(4096)
                self.heads.append(head)
                with contextlib.suppress(OSError):
                    self.behaviour(peer, self.over)

    def stop(self) -> None:
        self.over.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(10)


@pytest.fixture
def start() -> Iterator[Callable[[Behaviour], Proxy]]:
    started: list[Proxy] = []

    def with_behaviour(behaviour: Behaviour, user: str = "", password: str = "") -> Proxy:
        proxy = Proxy(behaviour)
        started.append(proxy)
        port = proxy.listener.getsockname()[1]
        set_outgoing_network(OutgoingNetwork(proxy=OutgoingProxy("127.0.0.1", port, user, password)))
        return proxy

    yield with_behaviour
    set_outgoing_network(OutgoingNetwork())
    for proxy in started:
        proxy.stop()


def answer(data: bytes) -> Behaviour:
    return lambda peer, _over: peer.sendall(data)


def hang(_peer: socket.socket, over: threading.Event) -> None:
    over.wait(60)


def drip(data: bytes) -> Behaviour:
    """Send the first bytes, then one more now and then, without an end."""

    def behave(peer: socket.socket, over: threading.Event) -> None:
        peer.sendall(data)
        while not over.wait(0.05):
            peer.sendall(b"x")

    return behave


REFUSED = b"HTTP/1.1 407 Whatever it says\r\nProxy-Authenticate: Basic\r\nContent-Length: 4\r\n\r\nBody"
OK = b"HTTP/1.1 200 Connection established\r\n\r\n"
CASES = {
    "it wants a password": (answer(REFUSED), http.ProxyRefused, "407 Proxy Authentication Required, check the user"),
    "it forbids the host": (
        answer(b"HTTP/1.0 403 No\r\n\r\n<html>"),
        http.ProxyRefused,
        "403 Forbidden, let the proxy",
    ),
    "it cannot reach it": (
        answer(b"HTTP/1.1 503 x\r\n\r\n"),
        http.ProxyRefused,
        "503 Service Unavailable, for service.ex",
    ),
    "it redirects": (answer(b"HTTP/1.1 302 x\r\nLocation: http://evil/\r\n\r\n"), http.ProxyRefused, "302 Found"),
    "an unknown status": (answer(b"HTTP/1.1 599\r\n\r\n"), http.ProxyRefused, ": 599, for service.example.org:443"),
    "a page": (answer(b"<html>Please sign in</html>\r\n\r\n"), http.MalformedProxyResponse, "is not an HTTP proxy"),
    "SOCKS": (answer(b"\x05\xff"), http.MalformedProxyResponse, "closed the connection"),
    "HTTP/2": (answer(b"HTTP/2 200 OK\r\n\r\n"), http.MalformedProxyResponse, "is not an HTTP proxy"),
    "a status of letters": (answer(b"HTTP/1.1 OK 200\r\n\r\n"), http.MalformedProxyResponse, "is not an HTTP proxy"),
    "it closes": (answer(b""), http.MalformedProxyResponse, "closed the connection"),
    "it closes in the head": (
        answer(b"HTTP/1.1 200 OK\r\nVia: x"),
        http.MalformedProxyResponse,
        "closed the connection",
    ),
    "a head without an end": (
        drip(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000),
        http.MalformedProxyResponse,
        "without an end",
    ),
    "data before TLS": (answer(OK + b"HTTP/1.1 200 OK\r\n\r\n{}"), http.MalformedProxyResponse, "before TLS has begun"),
    "it hangs": (hang, http.ConnectTimedOut, "did not answer"),
    "it drips": (drip(b"HTTP/1.1 200 OK\r\nX: "), http.ConnectTimedOut, "did not answer"),
    "interim answers only": (answer(b"HTTP/1.1 100 Continue\r\n\r\n"), http.MalformedProxyResponse, "closed"),
    "it closes in the handshake": (answer(OK), http.RequestNotSent, ""),
    "it hangs in the handshake": (lambda peer, over: (peer.sendall(OK), over.wait(60)), http.ConnectTimedOut, ""),
    "no TLS behind it": (
        lambda peer, _: (peer.sendall(OK), peer.recv(9), peer.sendall(b"HTTP/1.1 400 Bad\r\n\r\n")),
        http.TlsFailed,
        "",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_an_odd_proxy(name: str, start: Callable[..., Proxy]) -> None:
    behaviour, kind, words = CASES[name]
    proxy = start(behaviour, "ada", "secret-word")
    with pytest.raises(http.RequestNotSent) as error:
        http.exchange("POST", URL, timeout=0.7, max_bytes=100, body=b"x")
    assert isinstance(error.value, kind), error.value
    assert words in str(error.value)
    assert "secret-word" not in str(error.value)
    assert b"POST" not in b"".join(proxy.heads), "nothing of the request came to the proxy"


def test_what_the_proxy_gets(start: Callable[..., Proxy]) -> None:
    proxy = start(answer(b"HTTP/1.1 403 x\r\n\r\n"), "adä", "p:ss")
    for url in ("https://service.example.org/secret?a=b", "https://[2001:db8::1]:8443/"):
        with pytest.raises(http.ProxyRefused):
            http.exchange("GET", url, timeout=5, max_bytes=100, headers={"Authorization": "Bearer token"})
    first, second = proxy.heads
    assert first == (
        b"CONNECT service.example.org:443 HTTP/1.1\r\nHost: service.example.org:443\r\n"
        b"User-Agent: org-accounts-console\r\nProxy-Authorization: Basic YWTDpDpwOnNz\r\n\r\n"
    )
    assert second.startswith(b"CONNECT [2001:db8::1]:8443 HTTP/1.1\r\nHost: [2001:db8::1]:8443\r\n")


def test_a_proxy_that_cannot_be_reached() -> None:
    closed = socket.create_server(("127.0.0.1", 0))
    port = closed.getsockname()[1]
    closed.close()
    for host, words in (("127.0.0.1", "Connection refused"), ("no-such-host.invalid", "could not be resolved")):
        set_outgoing_network(OutgoingNetwork(proxy=OutgoingProxy(host, port)))
        with pytest.raises(http.ProxyUnreachable) as error:
            http.exchange("GET", URL, timeout=5, max_bytes=100)
        assert words in str(error.value)
    set_outgoing_network(OutgoingNetwork())


def test_proxies_of_the_environment_are_not_used(start: Callable[..., Proxy], monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = start(answer(b"HTTP/1.1 403 x\r\n\r\n"))
    set_outgoing_network(OutgoingNetwork())
    address = f"http://127.0.0.1:{proxy.listener.getsockname()[1]}"
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, address)
    for url in ("https://service.invalid/", "http://service.invalid/"):
        with pytest.raises(http.NameNotResolved):
            http.exchange("GET", url, timeout=5, max_bytes=100)
    assert proxy.heads == []
