"""The syslog handler: header, framing, and a queue that is full."""

import logging
import queue
import re
import socket

import pytest

from console.runtime import syslog
from console.runtime.syslog import Rfc5424Formatter, SyslogHandler, lines_total


def record(message: str, name: str = "console.changes") -> logging.LogRecord:
    return logging.LogRecord(name, logging.INFO, __file__, 1, message, None, None)


def test_a_line_has_the_header_of_rfc_5424() -> None:
    line = Rfc5424Formatter().format(record('{"sequence": 1}'))
    header = r"<110>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z \S+ org-accounts-console \d+ changes - "
    assert re.fullmatch(header + re.escape('{"sequence": 1}'), line)


def test_lines_arrive_in_their_order_with_their_lengths() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        handler = SyslogHandler(f"tcp://127.0.0.1:{server.getsockname()[1]}")
        handler.setFormatter(logging.Formatter("%(message)s"))
        for message in ("first", "second", "ümlaut"):
            handler.handle(record(message))
        peer, _ = server.accept()
        with peer:
            peer.settimeout(20)
            received = b""
            while not received.endswith(b"\\xfcmlaut"):
                received += peer.recv(100)
    assert received == b"5 first6 second9 \\xfcmlaut"


def test_a_full_queue_drops_lines_and_reports_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(SyslogHandler, "_start_sending", lambda handler: None)
    handler = SyslogHandler("udp://127.0.0.1:9")
    handler.queue = queue.Queue(1)
    dropped = lines_total.labels("dropped")._value.get()
    for _ in range(3):
        handler.handle(record("line"))
    handler.queue.get()
    handler.queue.task_done()  # otherwise the end of the process waits for it
    assert lines_total.labels("dropped")._value.get() == dropped + 2
    assert caplog.text.count(f"{syslog.QUEUE_SIZE} lines for the SIEM are waiting") == 1
