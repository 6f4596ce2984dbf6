"""A wall-clock limit over a whole exchange: name lookup, connection, TLS, request, headers and body.

The timeouts of requests and urllib3 hold for single socket operations: a peer that sends one byte at a time never runs
into them. Here every operation of an exchange gets only the time that is left of the whole. ``DeadlineAdapter`` is
requests' transport over such sockets.
"""

import contextvars
import http.client
import os
import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import certifi
import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class DeadlinePassed(TimeoutError):
    """The exchange has used up its time."""


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
    """Look up addresses before the deadline: ``getaddrinfo`` cannot be interrupted, so a thread runs it."""
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
        raise urllib3.exceptions.HTTPError("name not resolved") from result
    return list(result)


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
        return _connect(self._dns_host, self.port or 80)

    def connect(self) -> None:
        super().connect()
        _current.get().connected = True  # from here on the peer may have seen the request


class _DeadlineHTTPSConnection(HTTPSConnection):
    response_class = _FinalResponse

    def _new_conn(self) -> socket.socket:
        return _connect(self._dns_host, self.port or 443)

    def connect(self) -> None:
        super().connect()
        _current.get().connected = True


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _DeadlineHTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _DeadlineHTTPSConnection


@lru_cache(maxsize=4)
def _tls_context(bundle: str) -> ssl.SSLContext:
    """Return one context for the whole process: reading the authorities takes longer than an exchange."""
    is_folder = os.path.isdir(bundle)
    context = ssl.create_default_context(cafile=None if is_folder else bundle, capath=bundle if is_folder else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = _DeadlineTlsSocket
    return context


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
        return host, {"ssl_context": _tls_context(os.environ.get("REQUESTS_CA_BUNDLE") or certifi.where())}

    def cert_verify(self, *_args: Any) -> None:
        """Do nothing: the context verifies already, and requests would read the authorities for each exchange."""
