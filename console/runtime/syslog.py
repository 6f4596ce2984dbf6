"""The change log's lines to a SIEM, as syslog: RFC 5424 over UDP (RFC 5426), TCP (RFC 6587) or TLS (RFC 5425).

Lines leave beside the request, in their order, from a queue: a collector that is slow or away holds nobody up. A line
that TCP or TLS does not take is kept and tried again until the queue is full; what is lost then, or with the process,
shows as a gap in ``sequence``, and stands in the log itself.
"""

import atexit
import logging
import os
import queue
import re
import socket
import ssl
import threading
import time
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from prometheus_client import Counter

PRIORITY: Final = 13 * 8 + 6  # facility "log audit", severity "informational"
APP_NAME: Final = "org-accounts-console"
MOST_WAITING: Final = 10_000  # lines
TIMEOUT: Final = 5.0  # seconds to connect, and to send one line
LONGEST_PAUSE: Final = 30.0  # seconds between two attempts
LAST_SECONDS: Final = 3.0  # that a process which ends gives the lines that wait
PORTS: Final = {"udp": 514, "tcp": 601, "tcp+tls": 6514}

logger = logging.getLogger(__name__)

lines_total = Counter("console_syslog_lines_total", "Lines of the change log for the SIEM.", ["result"])
for _result in ("sent", "dropped"):
    lines_total.labels(_result)  # begins with 0


class Rfc5424(logging.Formatter):
    """One record as a syslog message. The message itself is ASCII already: one JSON object."""

    def __init__(self) -> None:
        super().__init__()
        self._host = re.sub(r"[^\x21-\x7e]", "", socket.gethostname())[:255] or "-"

    def format(self, record: logging.LogRecord) -> str:
        """Header and message; ``MSGID`` is the end of the logger's name."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        kind = record.name.rsplit(".", 1)[-1][:32]
        return f"<{PRIORITY}>1 {at} {self._host} {APP_NAME} {os.getpid()} {kind} - {record.getMessage()}"


class SyslogHandler(logging.Handler):
    """Hands records to the thread of this process that sends them. Never fails, never waits."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address
        self._sender: _Sender | None = None
        self._process = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Queue it. A process that was forked has a queue and a thread of its own."""
        if self._sender is None or self._process != os.getpid():
            self._sender, self._process = _Sender(self._address), os.getpid()
        self._sender.put(self.format(record))


class _Sender:
    """The queue, and the thread that empties it."""

    def __init__(self, address: str) -> None:
        self._queue: queue.Queue[str] = queue.Queue(MOST_WAITING)
        self._wire = _Wire(address)
        self._told_at = float("-inf")
        threading.Thread(target=self._run, name="syslog", daemon=True).start()
        atexit.register(self._last_words)

    def put(self, line: str) -> None:
        try:
            self._queue.put_nowait(line)
        except queue.Full:
            lines_total.labels("dropped").inc()
            self._tell("%s lines wait for the SIEM already: what comes now is not sent to it.", MOST_WAITING)

    def _run(self) -> None:
        while True:
            line, pause = self._queue.get(), 0.5
            while not self._sent(line):
                time.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            lines_total.labels("sent").inc()
            self._queue.task_done()

    def _sent(self, line: str) -> bool:
        try:
            self._wire.send(line.encode("ascii", "backslashreplace"))
        except OSError as error:
            self._tell("The SIEM does not take lines of the change log: %s. They are kept, and tried again.", error)
            return False
        return True

    def _tell(self, text: str, value: object) -> None:
        """At most once a minute."""
        if time.monotonic() - self._told_at > 60:
            self._told_at = time.monotonic()
            logger.error(text, value)

    def _last_words(self) -> None:
        until = time.monotonic() + LAST_SECONDS
        while self._queue.unfinished_tasks and time.monotonic() < until:
            time.sleep(0.02)


class _Wire:
    """The way to the collector, connected when something is to be sent."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._kind, self._host = parts.scheme, parts.hostname or ""
        self._port = parts.port or PORTS[parts.scheme]
        self._peer: socket.socket | None = None

    def send(self, message: bytes) -> None:
        """Send one message. Raises ``OSError``."""
        if self._peer is not None and self._is_gone(self._peer):
            self._close()
        try:
            if self._peer is None:
                self._peer = self._connected()
            # RFC 6587, section 3.4.1: the length tells where a message ends; a datagram ends by itself
            self._peer.sendall(message if self._kind == "udp" else b"%d %b" % (len(message), message))
        except OSError:
            self._close()
            raise

    def _connected(self) -> socket.socket:
        if self._kind == "udp":
            return self._udp()
        peer = socket.create_connection((self._host, self._port), TIMEOUT)
        if self._kind == "tcp":
            return peer
        context = ssl.create_default_context(cafile=os.environ.get("REQUESTS_CA_BUNDLE"))
        return context.wrap_socket(peer, server_hostname=self._host)

    def _udp(self) -> socket.socket:
        family, _, _, _, where = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_DGRAM)[0]
        peer = socket.socket(family, socket.SOCK_DGRAM)
        peer.connect(where)
        return peer

    def _is_gone(self, peer: socket.socket) -> bool:
        """Whether a collector, which never answers, has closed: the next line would go nowhere."""
        if self._kind == "udp":
            return False
        try:
            peer.setblocking(False)
            return peer.recv(1) == b""
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        except OSError:
            return True
        finally:
            peer.settimeout(TIMEOUT)

    def _close(self) -> None:
        if self._peer is not None:
            self._peer.close()
        self._peer = None
