"""What lies between an admin's browser and the console: it can lose requests or answers, or answer in its place."""

import contextlib
import socket
import struct
import threading
from dataclasses import dataclass, field

from tests.faults.wires import Listener


def _page(status: str, text: str, *more: str) -> bytes:
    body = f"<!doctype html><title>{text}</title><main id=main><h1>{text}</h1></main><p id=results>{text}</p>".encode()
    head = [f"HTTP/1.1 {status}", "Content-Type: text/html", f"Content-Length: {len(body)}", "Connection: close", *more]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


STRANGERS = {
    "502": _page("502 Bad Gateway", "Foreign words: bad gateway"),
    "407": _page("407 Proxy Authentication Required", "Foreign words: proxy", 'Proxy-Authenticate: Basic realm="x"'),
    "403": _page("403 Forbidden", "Foreign words: filtered"),
    "portal": _page("200 OK", "Foreign words: accept the terms", "HX-Redirect: /signout/", "HX-Trigger: evil"),
}
LOSSES = ("reset", "lost")  # before the console saw it, and after it did
FAILURES = (*STRANGERS, *LOSSES)


@dataclass
class Fault:
    kind: str
    method: str
    part: str
    times: int
    met: int = 0
    go_on: threading.Event = field(default_factory=threading.Event)


class Gateway(Listener):
    """Passes requests on to a console, except those that a fault is for."""

    def __init__(self, url: str) -> None:
        host, port = url.removeprefix("http://").split(":")
        self._target = (host, int(port))
        self._faults: list[Fault] = []
        self.asked: list[str] = []
        super().__init__()
        self.url = f"http://127.0.0.1:{self.port}"

    def fault(self, kind: str, method: str, part: str, times: int = 1) -> Fault:
        """Let requests with this method, and ``part`` in their path, fail.

        ``held``, ``held-lost``: wait for ``go_on``, and pass the answer on, or not.
        """
        self._faults.append(Fault(kind, method, part, times))
        return self._faults[-1]

    def mend(self) -> None:
        self._faults.clear()

    def serve(self, peer: socket.socket) -> None:
        peer.settimeout(60)
        request = _whole_request(peer)
        line = request.split(b"\r\n", 1)[0].decode()
        method, path = line.split(" ")[:2]
        self.asked.append(f"{method} {path}")
        fault = self._met(method, path)
        kind = fault.kind if fault else ""
        if kind in STRANGERS:
            peer.sendall(STRANGERS[kind])
            return
        if kind == "reset":
            _reset(peer)
            return
        if fault and kind.startswith("held"):
            assert fault.go_on.wait(60)
        self._pass_on(request, peer, is_lost=kind.endswith("lost"))

    def _pass_on(self, request: bytes, peer: socket.socket, *, is_lost: bool) -> None:
        head, _, body = request.partition(b"\r\n\r\n")
        lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
        with socket.create_connection(self._target, timeout=60) as server:
            server.sendall(b"\r\n".join([*lines, b"Connection: close"]) + b"\r\n\r\n" + body)
            while data := server.recv(65536):
                if not is_lost:
                    peer.sendall(data)
        if is_lost:
            _reset(peer)

    def _met(self, method: str, path: str) -> Fault | None:
        for fault in self._faults:
            if fault.method == method and fault.part in path and fault.met < fault.times:
                fault.met += 1
                return fault
        return None


def _reset(peer: socket.socket) -> None:
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _whole_request(peer: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(peer)
    head = data.split(b"\r\n\r\n")[0].lower()
    length = 0
    for line in head.split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(data) < len(head) + 4 + length:
        data += _more(peer)
    return data


def _more(peer: socket.socket) -> bytes:
    with contextlib.suppress(TimeoutError):
        if data := peer.recv(65536):
            return data
    raise ConnectionResetError
