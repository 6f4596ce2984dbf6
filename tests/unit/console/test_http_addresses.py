"""A host that is an address already is connected to at once; a name is looked up within the deadline."""

import socket
import threading

import pytest

from console import http_deadline
from console.http_deadline import HostNotResolved, deadline_after, open_connection

LOOPBACK = {"127.0.0.1": socket.AF_INET, "::1": socket.AF_INET6}


class Thread(threading.Thread):
    started = 0

    def start(self) -> None:
        Thread.started += 1
        super().start()


@pytest.fixture(autouse=True)
def _counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Thread, "started", 0)
    monkeypatch.setattr(http_deadline.threading, "Thread", Thread)


@pytest.mark.parametrize("host", LOOPBACK)
def test_an_address_needs_no_look_up(host: str) -> None:
    with socket.create_server((host, 0), family=LOOPBACK[host]) as server, deadline_after(5):
        open_connection(host, server.getsockname()[1], is_direct=True).close()
    assert Thread.started == 0


def test_a_name_is_looked_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, deadline_after(5):
        open_connection("localhost", server.getsockname()[1], is_direct=True).close()
    assert Thread.started == 1


@pytest.mark.parametrize("host", ["no-such-host.invalid", "127.0.0.1.invalid", "a" * 64 + ".invalid", "::1::"])
def test_what_is_neither_cannot_be_resolved(host: str) -> None:
    with deadline_after(20), pytest.raises(HostNotResolved):
        open_connection(host, 9, is_direct=True)
