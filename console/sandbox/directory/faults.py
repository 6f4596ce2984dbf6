"""Faults of the directory, down to the socket.

The name of a fault says what happens. With the suffix ``-after`` the change is made first, whatever the response says.
"""

import base64
import functools
import json
import socket
import struct
import time
import zlib
from http.server import BaseHTTPRequestHandler
from typing import Any, Final

_HANG_SECONDS: Final = 30.0
_DRIP_SECONDS: Final = 0.2  # between two bytes

# Complete responses with wrong content: status, headers, body.
_RESPONSES: Final[dict[str, tuple[int, dict[str, str], bytes]]] = {
    "empty-200": (200, {}, b""),
    "html-200": (200, {"Content-Type": "text/html"}, b"<!doctype html><title>Sign in</title>"),
    "invalid-json": (200, {}, b'{"status": "active"'),
    "wrong-type": (200, {}, b'{"rows": 5}'),
    "deep": (200, {}, b"[" * 100_000),
    "duplicate-keys": (200, {}, b'[{"status": "active", "status": "deleted", "subject_id": "x", "code": "y"}]'),
    "nan": (200, {}, b'[{"status": NaN}]'),
    "204": (204, {}, b""),
    "redirect": (302, {"Location": "http://127.0.0.1:9/elsewhere"}, b""),
    "html-502": (502, {"Content-Type": "text/html"}, b"<html><h1>Bad gateway</h1>"),
    "token-expired": (401, {"WWW-Authenticate": 'Bearer error="invalid_token"'}, b""),
    "missing-permissions": (401, {}, b'{"missing_permissions": ["org.directory.list"]}'),
    "service-500": (500, {}, b'{"status": 500, "error": {"reason": "broken", "id": "7"}, "metadata": {}}'),
    "spring-500": (
        500,
        {},
        b'{"error": "IllegalStateException", "message": "broken", "path": "/", "timestamp": "now"}',
    ),
}

_CHANGE_IS_MADE: Final = frozenset(
    {"empty-200", "html-200", "invalid-json", "wrong-type", "deep", "duplicate-keys", "nan", "204"}
    | {"raw", "early-hints", "bare-interim"}
    | {"drip-headers", "drip-body", "truncated", "wrong-length", "too-large", "gzip-bomb"}
)
"""Faults of the response alone: the request is executed."""

FAULT_NAMES: Final = (
    *_RESPONSES,
    "reset-before",
    "reset-after",
    "hang-before",
    "hang-after",
    "late",
    "stale",
    "drip-headers",
    "drip-body",
    "truncated",
    "wrong-length",
    "too-large",
    "gzip-bomb",
    "early-hints",
    "bare-interim",
    "raw",
    "status-NNN",
    "status-NNN-after",
    "service-500-after",
    "spring-500-after",
    "html-502-after",
)


def is_fault(name: str) -> bool:
    """Return whether there is a fault with this name."""
    parts = name.split("-")
    numbered = parts[0] == "status" and len(parts) in (2, 3) and parts[1].isdigit() and parts[2:] in ([], ["after"])
    return (name in FAULT_NAMES and "NNN" not in name) or numbered


def makes_change(name: str) -> bool:
    """Return whether the change is made in spite of the fault."""
    return name in _CHANGE_IS_MADE or name.endswith("-after")


def misbehave(handler: BaseHTTPRequestHandler, fault: dict[str, Any]) -> int | None:
    """Respond as the fault says. Return the status that was sent, or ``None`` if no complete response was."""
    name = fault["name"]
    if name.removesuffix("-after") in _RESPONSES:
        status, headers, body = _RESPONSES[name.removesuffix("-after")]
        _send(handler, status, headers, body)
        return status
    if name.startswith("status-"):
        status = int(name.split("-")[1])
        retry = {"Retry-After": str(fault["retry_after"])} if "retry_after" in fault else {}
        message = fault.get("message", "as requested")
        _send(handler, status, retry, json.dumps({"message": message}).encode())
        return status
    if name == "raw":
        status = fault.get("status", 200)
        _send_raw(handler, status, fault.get("headers", []), base64.b64decode(fault.get("body", "")))
        return int(status)
    kind = name.removesuffix("-before").removesuffix("-after")
    {
        "reset": _reset,
        "early-hints": _early_hints,
        "bare-interim": _bare_interim,
        "hang": _hang,
        "late": _hang,
        "drip-headers": _drip_headers,
        "drip-body": _drip_body,
        "truncated": _truncate,
        "wrong-length": _wrong_length,
        "too-large": _too_large,
        "gzip-bomb": _gzip_bomb,
    }[kind](handler)
    handler.close_connection = True
    return None


def _send(handler: BaseHTTPRequestHandler, status: int, headers: dict[str, str], body: bytes) -> None:
    handler.send_response(status)
    for name, value in {"Content-Type": "application/json", **headers}.items():
        handler.send_header(name, value)
    if status != 204:
        handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def _send_raw(handler: BaseHTTPRequestHandler, status: int, headers: list[list[str]], body: bytes) -> None:
    """Send any response: ``headers`` are not checked, so that a test can send a wrong length or a line break."""
    head = [f"HTTP/1.1 {status} As requested", *(f"{name}: {value}" for name, value in headers)]
    if not any(name.lower() == "content-length" for name, _ in headers):
        head.append(f"Content-Length: {len(body)}")
    handler.wfile.write("\r\n".join([*head, "Connection: close", "", ""]).encode("latin-1", "replace") + body)
    handler.close_connection = True


def _early_hints(handler: BaseHTTPRequestHandler) -> None:
    _bare_interim(handler)
    _send(handler, 200, {}, b"")


def _bare_interim(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n")


def _reset(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def _hang(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.settimeout(_HANG_SECONDS)
    try:
        handler.connection.recv(1)  # until the client gives up
    except OSError:
        return


def _drip(handler: BaseHTTPRequestHandler, data: bytes) -> None:
    deadline = time.monotonic() + _HANG_SECONDS
    for byte in data:
        if time.monotonic() > deadline:
            return
        handler.wfile.write(bytes([byte]))
        time.sleep(_DRIP_SECONDS)


def _drip_headers(handler: BaseHTTPRequestHandler) -> None:
    _drip(handler, b"HTTP/1.1 200 OK\r\n" + b"X-Drip: 1\r\n" * 100)


def _drip_body(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    _drip(handler, b" " * 1000)


def _truncate(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n[{"status": "act')


def _wrong_length(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n[{"status": "active"}]')


def _too_large(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[")
    chunk = b" " * 1024 * 1024
    for _ in range(400):
        handler.wfile.write(chunk)


def _gzip_bomb(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n")
    member = _compressed_spaces()
    for _ in range(40):
        handler.wfile.write(member)


@functools.cache
def _compressed_spaces() -> bytes:
    """Return 16 MiB of spaces, compressed to 16 KiB."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, 31)  # 31: gzip format
    return compressor.compress(b" " * 16 * 1024 * 1024) + compressor.flush()
