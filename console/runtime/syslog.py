"""The change log's lines as RFC 5424 syslog, over UDP (RFC 5426), TCP (RFC 6587) or TLS (RFC 5425).

Requests only queue lines. A thread sends them in order, and retries each one until the collector accepts it. Lines are
lost if the queue is full or the process ends first. The collector sees the gap in ``sequence``; the log has them all.
"""

import atexit
import logging
import os
import queue
import re
import socket
import ssl
import time
from datetime import UTC, datetime
from logging.handlers import QueueHandler, QueueListener, SocketHandler
from typing import Final
from urllib.parse import urlsplit

from prometheus_client import Counter

from console.outgoing import client_context

PRIORITY: Final = 13 * 8 + 6  # facility "log audit", severity "informational"
APP_NAME: Final = "org-accounts-console"
QUEUE_SIZE: Final = 10_000  # lines
TIMEOUT: Final = 5.0  # seconds to connect, and to send one line
RETRY_SECONDS: Final = 0.5  # between attempts to send; the base class connects less and less often, up to every 30 s
EXIT_SECONDS: Final = 3.0  # that the queue gets to empty when the process ends
PORTS: Final = {"udp": 514, "tcp": 601, "tcp+tls": 6514}

logger = logging.getLogger(__name__)
lines_total = Counter("console_syslog_lines_total", "Lines of the change log for the SIEM.", ["result"])
for _result in ("sent", "dropped"):
    lines_total.labels(_result)  # a series that starts at 0 has a rate from its first count on


class Rfc5424Formatter(logging.Formatter):
    """Formats a record as a syslog message. The text of the change log's records is ASCII: one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Return header and message; ``MSGID`` is the last part of the logger's name."""
        at = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        host = re.sub(r"[^\x21-\x7e]", "", socket.gethostname())[:255] or "-"
        message_id = record.name.rsplit(".", 1)[-1][:32]
        return f"<{PRIORITY}>1 {at} {host} {APP_NAME} {os.getpid()} {message_id} - {record.getMessage()}"


class SyslogHandler(QueueHandler):
    """Queues formatted records for the thread that sends them. It never blocks and never raises."""

    def __init__(self, address: str) -> None:
        super().__init__(queue.Queue())
        self._address, self._is_full = address, False
        self._start_sending()
        os.register_at_fork(after_in_child=self._start_sending)  # a forked process has no thread yet
        atexit.register(self._wait_until_sent)

    def enqueue(self, record: logging.LogRecord) -> None:
        """Queue the record, or count it as dropped. Reports once each time that the queue fills up."""
        try:
            self.queue.put_nowait(record)
            self._is_full = False
        except queue.Full:
            lines_total.labels("dropped").inc()
            if not self._is_full:
                logger.error("%s lines for the SIEM are waiting: new lines are not sent to it", QUEUE_SIZE)
            self._is_full = True

    def _start_sending(self) -> None:
        self.queue = queue.Queue[logging.LogRecord](QUEUE_SIZE)
        QueueListener(self.queue, SyslogConnection(self._address)).start()

    def _wait_until_sent(self) -> None:
        deadline = time.monotonic() + EXIT_SECONDS
        while self.queue.unfinished_tasks and time.monotonic() < deadline:  # type: ignore[attr-defined]
            time.sleep(0.02)


class SyslogConnection(SocketHandler):
    """The connection to the collector, which the base class opens again after a failure."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        super().__init__(parts.hostname or "", parts.port or PORTS[parts.scheme])
        self._scheme = parts.scheme

    def handle(self, record: logging.LogRecord) -> bool:
        """Send one record, as often as it takes. Without the handler's lock, for which the process's end would wait."""
        message = record.getMessage().encode("ascii", "backslashreplace")
        # RFC 6587, section 3.4.1: a stream needs the length before each message; a datagram ends by itself.
        frame = message if self._scheme == "udp" else b"%d %b" % (len(message), message)
        if self.sock is not None and self._is_closed_by_peer(self.sock):
            self.sock.close()
            self.sock = None
        self.send(frame)
        if self.sock is None:  # the base class drops a socket that fails
            logger.error("The SIEM does not accept lines of the change log. They are queued and sent later.")
        while self.sock is None:
            time.sleep(RETRY_SECONDS)
            self.send(frame)
        lines_total.labels("sent").inc()
        return True

    def makeSocket(self, timeout: float = TIMEOUT) -> socket.socket:  # noqa: N802  (the standard library's name)
        """Return a connected socket."""
        if self._scheme == "udp":
            family, kind, _, _, peer = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_DGRAM)[0]
            datagrams = socket.socket(family, kind)
            datagrams.connect(peer)
            return datagrams
        stream = super().makeSocket(timeout)
        if self._scheme == "tcp":
            return stream
        return client_context().wrap_socket(stream, server_hostname=self.host)

    @staticmethod
    def _is_closed_by_peer(peer: socket.socket) -> bool:
        """Return whether the collector, which never answers, has closed: the next line would be lost silently."""
        try:
            peer.setblocking(False)
            return peer.recv(1) == b""
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        except OSError:
            return True
        finally:
            peer.settimeout(TIMEOUT)
