"""A wall-clock limit over a whole exchange: name lookup, connection, TLS, request, headers and body.

The timeouts of requests and urllib3 hold for single socket operations: a peer that sends one byte at a time never runs
into them. Here every operation of an exchange gets only the time that is left of the whole. ``DeadlineAdapter`` is
requests' transport over such sockets.
"""

import contextlib
import contextvars
import http.client
import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from console.http_errors import ConnectTimedOut, ProxyUnreachable
from console.http_tunnel import open_tunnel
from console.outgoing import OutgoingProxy, client_context, outgoing_network


class DeadlinePassed(TimeoutError):
    """The exchange has used up its time."""


class HostNotResolved(urllib3.exceptions.HTTPError):
    """The name of the host has no address."""


@dataclass(slots=True)
class Deadline:
    """When an exchange has to be finished (``time.monotonic`` seconds), and whether it has a connection yet."""

    at: float
    connected: bool = False

    def remaining(self) -> float:
        """Return the seconds that are left. Raises ``DeadlinePassed`` if there are none."""
        left = self.at - time.monotonic()
        if left <= 0:
            raise DeadlinePassed
        return left


# An exchange runs in one thread. Its sockets, which urllib3 creates, find their deadline here.
_current: contextvars.ContextVar[Deadline] = contextvars.ContextVar("deadline")


@contextmanager
def deadline_after(seconds: float) -> Iterator[Deadline]:
    """Limit the exchange in this block."""
    deadline = Deadline(time.monotonic() + seconds)
    token = _current.set(deadline)
    try:
        yield deadline
    finally:
        _current.reset(token)


class _DeadlineMixin:
    """Socket methods that give each operation only the time that is left of the exchange."""

    def recv(self, *args: Any, **kwargs: Any) -> bytes:
        self.settimeout(_current.get().remaining())  # type: ignore[attr-defined]
        return super().recv(*args, **kwargs)  # type: ignore[misc,no-any-return]

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(_current.get().remaining())  # type: ignore[attr-defined]
        return super().recv_into(*args, **kwargs)  # type: ignore[misc,no-any-return]

    def send(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(_current.get().remaining())  # type: ignore[attr-defined]
        return super().send(*args, **kwargs)  # type: ignore[misc,no-any-return]

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        self.settimeout(_current.get().remaining())  # type: ignore[attr-defined]
        super().sendall(*args, **kwargs)  # type: ignore[misc]


class _DeadlineSocket(_DeadlineMixin, socket.socket):
    """A plain socket with the exchange's deadline."""


class _DeadlineTlsSocket(_DeadlineMixin, ssl.SSLSocket):
    """A TLS socket with the exchange's deadline."""


def _resolve(host: str, port: int) -> list[tuple[Any, ...]]:
    """Look up addresses before the deadline: ``getaddrinfo`` cannot be interrupted, so a thread runs it.

    What is an address already needs no thread, because nobody is asked about it.
    """
    with contextlib.suppress(OSError, UnicodeError):
        return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST))
    results: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            results.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            results.put(error)

    threading.Thread(target=look_up, daemon=True).start()
    try:
        result = results.get(timeout=_current.get().remaining())
    except queue.Empty:
        raise DeadlinePassed from None
    if isinstance(result, Exception):
        raise HostNotResolved(f"the name {host} has no address") from result
    return list(result)


def open_connection(host: str, port: int, *, is_direct: bool = False) -> socket.socket:
    """Return a connection to a service, through the outgoing proxy if there is one and ``is_direct`` is not set."""
    proxy = None if is_direct else outgoing_network().proxy_for(host, port)
    if proxy is None:
        return _connect(host, port)
    peer = _connect_to_proxy(proxy)
    try:
        open_tunnel(peer, proxy, host, port)
        peer.settimeout(_current.get().remaining())  # for the TLS handshake
    except BaseException:
        peer.close()
        raise
    return peer


def _connect_to_proxy(proxy: OutgoingProxy) -> socket.socket:
    try:
        return _connect(proxy.host, proxy.port)
    except TimeoutError as error:
        raise ConnectTimedOut(f"to the proxy {proxy.address}") from error
    except HostNotResolved as error:
        raise ProxyUnreachable(f"{proxy.address}: the name could not be resolved") from error
    except OSError as error:
        raise ProxyUnreachable(f"{proxy.address}: {error.strerror or type(error).__name__}") from error


def _connect(host: str, port: int) -> socket.socket:
    """Return a connection to the first address that accepts one."""
    failure: OSError | None = None
    for family, kind, protocol, _name, address in _resolve(host, port):
        peer = _DeadlineSocket(family, kind, protocol)
        try:
            peer.settimeout(_current.get().remaining())
            peer.connect(address)
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer.settimeout(_current.get().remaining())  # for the TLS handshake
        except OSError as error:
            peer.close()
            failure = error
        else:
            return peer
    raise failure or OSError("no address")


class _FinalResponse(http.client.HTTPResponse):
    """A response without the interim ones before it (RFC 9110, section 15.2).

    The standard library skips 100 alone: 103 Early Hints before a 200 would count as the response.
    """

    def _read_status(self) -> tuple[str, int, str]:
        version, status, reason = super()._read_status()  # type: ignore[misc]
        while http.HTTPStatus.CONTINUE < status < http.HTTPStatus.OK:
            http.client.parse_headers(self.fp)
            version, status, reason = super()._read_status()  # type: ignore[misc]
        return version, status, reason


class _DeadlineHTTPConnection(HTTPConnection):
    response_class = _FinalResponse

    def _new_conn(self) -> socket.socket:
        return open_connection(self._dns_host, self.port or 80)

    def connect(self) -> None:
        super().connect()
        _current.get().connected = True  # from here on the peer may have seen the request


class _DeadlineHTTPSConnection(HTTPSConnection):
    response_class = _FinalResponse

    def _new_conn(self) -> socket.socket:
        return open_connection(self._dns_host, self.port or 443)

    def connect(self) -> None:
        super().connect()
        _current.get().connected = True


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _DeadlineHTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _DeadlineHTTPSConnection


class DeadlineSession(requests.Session):
    """A session of requests without redirects, for which requests would read the body without a limit."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        return None


class DeadlineAdapter(HTTPAdapter):
    """Sends requests over connections with the exchange's deadline."""

    def init_poolmanager(self, *_args: Any, **_kwargs: Any) -> None:
        self.poolmanager = urllib3.PoolManager(num_pools=1, maxsize=1, retries=False)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        parts = urlsplit(request.url or "")
        host = {"scheme": parts.scheme, "host": parts.hostname, "port": parts.port}
        if parts.scheme != "https":
            return host, {}
        return host, {"ssl_context": client_context(_DeadlineTlsSocket)}

    def cert_verify(self, *_args: Any) -> None:
        """Do nothing: the context verifies already, and requests would read the authorities for each exchange."""
