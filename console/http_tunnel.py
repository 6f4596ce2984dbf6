"""A tunnel through the outgoing proxy: ``CONNECT`` (RFC 9110, section 9.3.6), before TLS with the service begins.

Nothing of the request has been sent yet, so every error here means that the service cannot have acted on it.
"""

import base64
import http
import re
import socket
from typing import Final

from console.http_errors import ConnectTimedOut, MalformedProxyResponse, ProxyRefused
from console.outgoing import OutgoingProxy

MAX_HEAD_BYTES: Final = 16 * 1024  # of the proxy's response

_HEAD_END: Final = re.compile(rb"\r?\n\r?\n")
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[01] ([1-9][0-9][0-9])(?: [^\r\n]*)?\r?\n")
_FIXES: Final = {
    401: "check the user and password in OUTGOING_PROXY",  # tinyproxy says so of a wrong password
    407: "check the user and password in OUTGOING_PROXY",
    403: "let the proxy allow this host and port",
    405: "the proxy does not allow CONNECT",
}


def open_tunnel(peer: socket.socket, proxy: OutgoingProxy, host: str, port: int) -> None:
    """Make ``peer``, a connection to the proxy, one to the service.

    Raises:
        ProxyRefused: the proxy answered that it will not, or cannot, connect.
        MalformedProxyResponse: it did not answer as an HTTP proxy.
        ConnectTimedOut: it did not answer in time.

    """
    try:
        peer.sendall(_request(proxy, host, port))
        status = _read_status(peer, proxy)
    except TimeoutError as error:
        raise ConnectTimedOut(f"the proxy {proxy.address} did not answer") from error
    except OSError as error:
        raise MalformedProxyResponse(f"{proxy.address} closed the connection") from error
    if not 200 <= status < 300:
        raise ProxyRefused(f"{proxy.address}: {_in_words(status)}, for {_authority(host, port)}")


def _request(proxy: OutgoingProxy, host: str, port: int) -> bytes:
    authority = _authority(host, port)
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}", "User-Agent: org-accounts-console"]
    if proxy.user:
        credentials = base64.b64encode(f"{proxy.user}:{proxy.password}".encode()).decode()
        lines.append(f"Proxy-Authorization: Basic {credentials}")
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _read_status(peer: socket.socket, proxy: OutgoingProxy) -> int:
    """Return the status of the final response. Interim ones (1xx) are skipped."""
    data = b""
    while True:
        while not (end := _HEAD_END.search(data)):
            if len(data) > MAX_HEAD_BYTES:
                raise MalformedProxyResponse(f"{proxy.address} sends a head without an end")
            received = peer.recv(4096)
            if not received:
                raise MalformedProxyResponse(f"{proxy.address} closed the connection")
            data += received
        line = _STATUS_LINE.match(data)
        if line is None:
            raise MalformedProxyResponse(f"{proxy.address} is not an HTTP proxy")
        status, rest = int(line[1]), data[end.end() :]
        if status >= 200:
            break
        data = rest
    if status < 300 and rest:  # in TLS the client speaks first
        raise MalformedProxyResponse(f"{proxy.address} sends data before TLS has begun")
    return status


def _in_words(status: int) -> str:
    phrase = http.HTTPStatus(status).phrase if status in http.HTTPStatus.__members__.values() else ""
    words = f"{status} {phrase}".strip()
    return f"{words}, {_FIXES[status]}" if status in _FIXES else words
