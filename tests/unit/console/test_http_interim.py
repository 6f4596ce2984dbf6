"""Interim answers (1xx) are skipped: only the final one counts (RFC 9110, section 15.2)."""

import socket
import threading

import pytest

from console import http

FINAL = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
PROCESSING = b"HTTP/1.1 102 Processing\r\n\r\n"


def answer_with(data: bytes) -> str:
    """Answer one request on loopback with these bytes, then close. Return the address."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with server, server.accept()[0] as peer:
            peer.recv(65536)
            peer.sendall(data)

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{server.getsockname()[1]}/"


@pytest.mark.parametrize("interim", [b"", HINTS, PROCESSING + HINTS, b"HTTP/1.1 100 Continue\r\n\r\n" + HINTS])
def test_the_final_answer_counts(interim):
    answer = http.exchange("GET", answer_with(interim + FINAL), timeout=5, max_bytes=100)
    assert (answer.status, answer.body) == (200, b"ok")
    assert "Link" not in answer.headers


def test_a_bare_interim_answer_is_no_answer():
    with pytest.raises(http.NoResponse):
        http.exchange("GET", answer_with(HINTS), timeout=5, max_bytes=100)
