"""A gunicorn worker that gives a request to a thread only when all of it has arrived.

gunicorn's ``gthread`` worker reads head and body in one of its few threads: two dozen connections that send a byte
now and then occupy all of them. This worker reads in its event loop, where a slow client costs a socket and no thread,
and sets limits that hold with or without a reverse proxy in front:

==========================  ================================================================================
``REQUEST_HEAD_SECONDS``    from the first byte of a request (or the connection) until its head is complete
``REQUEST_SECONDS``         until its body is complete as well
``MAX_BODY_BYTES``          of one request (``request_framing``)
``MAX_BUFFERED_BYTES``      of all requests that are arriving at this process; beyond it the largest is refused
``CONNECTIONS_PER_SOURCE``  of one address (IPv6: of one /64) at a time; 0 for no limit, as behind a proxy
==========================  ================================================================================

Closing is done in the loop as well: a client that keeps a connection open after ``Connection: close`` holds nobody up.
"""

import contextlib
import errno
import ipaddress
import os
import re
import selectors
import socket
import ssl
import struct
import time
from collections import Counter
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from gunicorn import http
from gunicorn.sock import ssl_wrap_socket
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, TConn, ThreadWorker

from console.runtime.request_framing import Progress, RequestFraming

HEAD_SECONDS: Final = float(os.environ.get("REQUEST_HEAD_SECONDS") or 10)
REQUEST_SECONDS: Final = float(os.environ.get("REQUEST_SECONDS") or 40)
SEND_SECONDS: Final = 30.0  # that a client may take nothing of an answer
LINGER_SECONDS: Final = 2.0  # for a client to read the last answer before the connection is closed (RFC 9112, 9.6)
MAX_BUFFERED_BYTES: Final = 96 * 1024 * 1024
PER_SOURCE_WITHOUT_PROXY: Final = 64  # ten browsers behind one company address open six connections each

_READ_BYTES: Final = 64 * 1024
_WOULD_BLOCK: Final = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
# The header in the head of a request, and what stands before it. Cut out once answered: gunicorn would answer it again.
_EXPECT: Final = re.compile(rb"(?is)\A((?:(?!\r\n\r\n).)*?\r\n)expect:[ \t]*100-continue[ \t]*\r\n")
_REFUSALS: Final = {
    Progress.HEAD_TOO_LARGE: (
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        "Delete the cookies of this site and try again.",
    ),
    Progress.BODY_TOO_LARGE: (
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "Nothing was stored or changed. A file may have 5 MB at most: split it, or leave out columns.",
    ),
}
_TOO_SLOW: Final = (HTTPStatus.REQUEST_TIMEOUT, "Nothing was stored or changed. Try again.")
_NO_ROOM: Final = (HTTPStatus.SERVICE_UNAVAILABLE, "Nothing was stored or changed. Try again in a minute.")


@dataclass(slots=True, eq=False)
class Arrival:
    """A request on its way in. ``connection`` is gunicorn's; ``deadline`` is on the monotonic clock."""

    connection: TConn
    source: str
    deadline: float
    data: bytearray = field(default_factory=bytearray)
    framing: RequestFraming = field(default_factory=RequestFraming)
    started: float | None = None  # when its first byte came; None on an idle connection
    shaking_hands: bool = False  # TLS
    head_seen: bool = False
    continued: bool = False  # "100 Continue" was sent


def source_of(address: Any) -> str:
    """The part of a client's address that one person is assumed to have: all of IPv4, the /64 of IPv6."""
    if not isinstance(address, tuple) or not address:
        return ""  # a Unix socket: only a proxy on this machine connects to it
    try:
        ip = ipaddress.ip_address(str(address[0]).partition("%")[0])
    except ValueError:
        return ""
    if ip.version == 6 and ip.ipv4_mapped is None:
        return str(ipaddress.ip_network((int(ip), 64), strict=False))
    return str(ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else ip)


def connections_per_source() -> int:
    """The limit for this deployment. Behind a proxy all connections have the proxy's address, so there it is off."""
    text = os.environ.get("CONNECTIONS_PER_SOURCE", "")
    if text.isdecimal():
        return int(text)
    return 0 if os.environ.get("TRUSTED_PROXY_COUNT", "0").strip() not in ("", "0") else PER_SOURCE_WITHOUT_PROXY


def _timeval(seconds: float) -> bytes:
    """``struct timeval``, as the socket options of socket(7) want it."""
    return struct.pack("ll", int(seconds), 0)


class BufferingWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """``worker_class`` of the console: see the module."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._arrivals: dict[TConn, Arrival] = {}
        self._closing: dict[TConn, float] = {}  # until when each lingers
        self._sources: dict[TConn, str] = {}
        self._per_source: Counter[str] = Counter()
        self._limit_per_source = connections_per_source()

    # Connections

    def accept(self, listener: socket.socket) -> None:
        """Take a connection, and read from it as it becomes readable."""
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                raise
            return
        source = source_of(address)
        if self._limit_per_source and source and self._per_source[source] >= self._limit_per_source:
            client.close()
            return
        # The thread blocks: for a parser that wants more than arrived (a malformed request), and for a slow reader.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _timeval(HEAD_SECONDS))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _timeval(SEND_SECONDS))
        connection = TConn(self.cfg, client, address, listener.getsockname())
        self.nr_conns += 1
        self._sources[connection] = source
        self._per_source[source] += 1
        try:
            if self.cfg.is_ssl:
                connection.sock = ssl_wrap_socket(client, self.cfg)
                connection.sock.setblocking(False)
        except OSError:
            self._close(connection)
            return
        self._await_request(connection, HEAD_SECONDS, shaking_hands=self.cfg.is_ssl)

    def finish_request(self, conn: TConn, fs: "Future[Any]") -> None:
        """Keep the connection for another request, or close it, when a thread has answered."""
        try:
            keep_alive = bool(fs.result()) if not fs.cancelled() else False
            if not keep_alive:
                self._linger(conn)
                return
            conn.sock.setblocking(False)
            idle = self.cfg.keepalive if self.alive else min(self.cfg.keepalive, STOP_KEEPALIVE_LINGER)
            self._await_request(conn, idle, data=conn.parser.unreader.take_buffered())
        except Exception:
            self.log.exception("A connection could not be kept.")
            self._close(conn)

    def _cap_keepalive(self, deadline: float) -> None:
        """A stopping worker waits no longer than ``deadline`` for the first byte of another request."""
        for arrival in self._arrivals.values():
            if arrival.started is None:
                arrival.deadline = min(arrival.deadline, deadline)

    def murder_keepalived(self, force: bool = False) -> None:
        """Close what is idle, too slow, or has lingered for long enough. gunicorn calls this each second."""
        now = time.monotonic()
        for arrival in [arrival for arrival in self._arrivals.values() if force or arrival.deadline <= now]:
            if arrival.started is None or force:
                self._forget(arrival)
                self._close(arrival.connection)
            else:
                self._refuse(arrival, *_TOO_SLOW)
        for connection in [connection for connection, until in self._closing.items() if force or until <= now]:
            self._stop_lingering(connection)

    # Requests on their way in

    def _await_request(
        self, connection: TConn, seconds: float, *, data: bytes = b"", shaking_hands: bool = False
    ) -> None:
        deadline = time.monotonic() + seconds
        arrival = Arrival(connection, self._sources[connection], deadline, shaking_hands=shaking_hands)
        self._arrivals[connection] = arrival
        self.poller.register(connection.sock, selectors.EVENT_READ, partial(self._on_readable, arrival))
        if data:
            self._take(arrival, data)

    def _on_readable(self, arrival: Arrival, _sock: Any) -> None:
        if arrival.connection not in self._arrivals:
            return  # closed while its event was waiting
        try:
            if arrival.shaking_hands:
                arrival.connection.sock.do_handshake()
                arrival.shaking_hands = False
            data = arrival.connection.sock.recv(_READ_BYTES)
            while data and isinstance(arrival.connection.sock, ssl.SSLSocket) and arrival.connection.sock.pending():
                data += arrival.connection.sock.recv(_READ_BYTES)
        except _WOULD_BLOCK:
            return
        except OSError:
            data = b""
        if data:
            self._take(arrival, data)
        else:
            self._forget(arrival)
            self._close(arrival.connection)

    def _take(self, arrival: Arrival, data: bytes) -> None:
        if arrival.started is None:
            arrival.started = time.monotonic()
            arrival.deadline = arrival.started + HEAD_SECONDS
        arrival.data += data
        progress = arrival.framing.advance(arrival.data)
        if progress is Progress.WHOLE:
            self._dispatch(arrival)
        elif progress in _REFUSALS:
            self._refuse(arrival, *_REFUSALS[progress])
        elif progress is Progress.BODY:
            arrival.deadline = arrival.started + REQUEST_SECONDS
            self._tell_to_continue(arrival)
            self._make_room()

    def _dispatch(self, arrival: Arrival) -> None:
        """Give the request to a thread, whose reads find all of it in memory."""
        self._forget(arrival)
        connection = arrival.connection
        if connection.parser is None:
            connection.parser = http.get_parser(self.cfg, connection.sock, connection.client)
        data = bytes(arrival.data)
        connection.parser.unreader.unread(_EXPECT.sub(rb"\1", data, count=1) if arrival.continued else data)
        connection.data_ready = True
        self.enqueue_req(connection)

    def _tell_to_continue(self, arrival: Arrival) -> None:
        """Answer ``Expect: 100-continue`` (RFC 9110, 10.1.1), since no thread is there yet to do it."""
        if arrival.head_seen:
            return
        arrival.head_seen = True
        arrival.continued = bool(_EXPECT.match(arrival.data))
        if not arrival.continued:
            return
        with contextlib.suppress(OSError):
            arrival.connection.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _make_room(self) -> None:
        if sum(len(arrival.data) for arrival in self._arrivals.values()) > MAX_BUFFERED_BYTES:
            self._refuse(max(self._arrivals.values(), key=lambda arrival: len(arrival.data)), *_NO_ROOM)

    # Endings

    def _refuse(self, arrival: Arrival, status: HTTPStatus, advice: str) -> None:
        self._forget(arrival)
        self.log.warning("Refused a request of %s: %s.", arrival.source or "a proxy", status.phrase)
        body = f"{status.phrase}. {advice}\n".encode()
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: text/plain; charset=utf-8\r\n"
            f"Content-Length: {len(body)}\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n"
            "Connection: close\r\n\r\n"
        )
        with contextlib.suppress(OSError):
            arrival.connection.sock.send(head.encode() + body)
        self._linger(arrival.connection)

    def _linger(self, connection: TConn) -> None:
        """Close after the client has read the last answer, without waiting for it here."""
        try:
            connection.sock.setblocking(False)
            connection.sock.shutdown(socket.SHUT_WR)
            self.poller.register(connection.sock, selectors.EVENT_READ, partial(self._drain, connection))
        except (OSError, ValueError, KeyError):
            self._close(connection)
            return
        self._closing[connection] = time.monotonic() + LINGER_SECONDS

    def _drain(self, connection: TConn, _sock: Any) -> None:
        if connection not in self._closing:
            return
        try:
            more = connection.sock.recv(_READ_BYTES)
        except _WOULD_BLOCK:
            return
        except OSError:
            more = b""
        if not more:
            self._stop_lingering(connection)

    def _stop_lingering(self, connection: TConn) -> None:
        del self._closing[connection]
        self._unregister(connection)
        self._close(connection)

    def _forget(self, arrival: Arrival) -> None:
        self._arrivals.pop(arrival.connection, None)
        self._unregister(arrival.connection)

    def _unregister(self, connection: TConn) -> None:
        with contextlib.suppress(OSError, KeyError, ValueError):
            self.poller.unregister(connection.sock)

    def _close(self, connection: TConn) -> None:
        source = self._sources.pop(connection, None)
        if source is not None:
            self.nr_conns -= 1
            self._per_source[source] -= 1
            if not self._per_source[source]:
                del self._per_source[source]
        connection.close()
