"""The one way to the outside: every call to the provider and to the directory is one ``exchange``.

What it promises, whatever the peer does:

* one wall-clock limit over the whole exchange — name, connect, TLS, request, headers, body; a peer that drips one
  byte at a time runs into it like one that is silent;
* TLS verified (``REQUESTS_CA_BUNDLE`` may name a company's own authorities), no proxy, ``.netrc`` or other
  credentials taken from the environment;
* no redirect followed: a 3xx is an answer like any other, so nothing secret goes to another host;
* the answer's size capped, after decompression;
* nothing sent twice: no retry happens here, and each exchange has a connection of its own, so that a reset never
  means "an old connection had gone stale";
* a failure says whether the peer can have seen the request.

::

    ExchangeError
    ├── NotSent              the peer has not seen the request
    │   ├── NameNotResolved
    │   ├── ConnectionRefused
    │   ├── ConnectTimedOut
    │   └── TlsFailed
    ├── NoAnswer             the peer may have seen it, and acted
    │   ├── ConnectionReset
    │   ├── TimedOut
    │   ├── AnswerTooLarge
    │   └── AnswerGarbled
    └── NotJson              an answer came, and is not the JSON that was asked for
"""

import contextvars
import json
import os
import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import certifi
import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from console.recorded_text import recorded

USER_AGENT = "org-accounts-console"
CHUNK = 256 * 1024
MAX_JSON_DEPTH = 64


class ExchangeError(Exception):
    """An exchange that brought no usable answer. ``detail`` is a sentence for the person who waits for it."""

    text = recorded("The service could not be reached")

    def __init__(self, specifics: str = "") -> None:
        self.specifics = specifics
        self.detail = self.in_words(self.text)
        super().__init__(self.detail)

    def in_words(self, text: str) -> str:
        """The detail, with ``text`` as its beginning: for whoever knows which service it was."""
        return f"{text}{f' ({self.specifics})' if self.specifics else ''}."


class NotSent(ExchangeError):
    """The request never left: the peer cannot have acted on it."""


class NameNotResolved(NotSent):
    """The peer's host name has no address."""

    text = recorded("The name of the service could not be resolved")


class ConnectionRefused(NotSent):
    """No connection could be made."""

    text = recorded("The service refused the connection")


class ConnectTimedOut(NotSent):
    """The time was up before a connection stood."""

    text = recorded("The service could not be connected to in time")


class TlsFailed(NotSent):
    """No trusted TLS connection could be made."""

    text = recorded("No trusted TLS connection to the service could be made")


class NoAnswer(ExchangeError):
    """The request left and no whole answer came back: the peer may have acted on it."""

    text = recorded("The service gave no answer")


class ConnectionReset(NoAnswer):
    """The connection broke before the answer was whole."""

    text = recorded("The connection to the service broke before its answer was complete")


class TimedOut(NoAnswer):
    """The time was up before the answer was whole."""

    text = recorded("The service did not answer in time")


class AnswerTooLarge(NoAnswer):
    """The answer is larger than anything that is expected here."""

    text = recorded("The answer of the service is too large")


class AnswerGarbled(NoAnswer):
    """The answer is not HTTP, or its body does not decode."""

    text = recorded("The answer of the service is not valid HTTP")


class NotJson(ExchangeError):
    """The body is not (strict) JSON."""

    text = recorded("The answer of the service is not valid JSON")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the peer said: status, headers (names in any case) and the decoded body."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """The body as strict JSON (RFC 8259): no repeated names, no NaN, no bottomless nesting.

        Raises:
            NotJson: anything else.

        """
        try:
            document = json.loads(self.body, object_pairs_hook=_unique_names, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise NotJson from error
        if _depth(document) > MAX_JSON_DEPTH:
            raise NotJson("nested too deeply")
        return document


def exchange(
    method: str,
    url: str,
    *,
    timeout: float,
    max_bytes: int,
    headers: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    body: bytes | None = None,
    basic_auth: tuple[str, str] | None = None,
) -> Answer:
    """Send one request and read the whole answer.

    Args:
        timeout: seconds that all of it may take.
        max_bytes: the largest body accepted, after decompression.
        form: fields sent as ``application/x-www-form-urlencoded``.
        body: raw bytes sent instead of a form; name their type in ``headers``.

    Raises:
        NotSent: the peer has not seen the request.
        NoAnswer: the peer may have seen it.

    """
    with _limited(timeout) as progress, _Session() as session:
        session.trust_env = False  # no proxies, no .netrc: nothing but the caller decides what is sent, and where
        session.headers = CaseInsensitiveDict(
            {"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "gzip", "Connection": "close"}
        )
        session.mount("https://", _DeadlineAdapter())
        session.mount("http://", _DeadlineAdapter())
        try:
            response = session.request(
                method,
                url,
                headers=dict(headers or {}),
                data=body if body is not None else form,
                auth=basic_auth,
                timeout=timeout,
                allow_redirects=False,
                stream=True,
            )
            return Answer(response.status_code, response.headers, _read(response, max_bytes))
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise _translate(error, progress) from error


# --- The wall clock -------------------------------------------------------------------------------------------------


class _OutOfTime(TimeoutError):
    """The exchange's time is up."""


@dataclass(slots=True)
class _Progress:
    """How far one exchange has come, and until when it may go on (``time.monotonic`` seconds)."""

    deadline: float
    connected: bool = False

    def remaining(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise _OutOfTime
        return left


# An exchange happens within one thread; its sockets, made deep inside urllib3, find their clock here.
_current: contextvars.ContextVar[_Progress] = contextvars.ContextVar("exchange")


@contextmanager
def _limited(timeout: float) -> Iterator[_Progress]:
    progress = _Progress(time.monotonic() + timeout)
    token = _current.set(progress)
    try:
        yield progress
    finally:
        _current.reset(token)


class _Clocked:
    """Socket methods that allow each operation only what is left of the whole exchange."""

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


class _ClockedSocket(_Clocked, socket.socket):
    """A plain socket under the exchange's clock."""


class _ClockedTlsSocket(_Clocked, ssl.SSLSocket):
    """A TLS socket under the exchange's clock."""


def _resolve(host: str, port: int) -> list[tuple[Any, ...]]:
    """``getaddrinfo`` under the clock: it cannot be interrupted, so it runs beside us and may be left behind."""
    found: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            found.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            found.put(error)

    threading.Thread(target=look_up, daemon=True).start()
    try:
        result = found.get(timeout=_current.get().remaining())
    except queue.Empty:
        raise _OutOfTime from None
    if isinstance(result, Exception):
        raise urllib3.exceptions.HTTPError("name not resolved") from result
    return list(result)


def _connect(host: str, port: int) -> socket.socket:
    """The first address that accepts a connection."""
    last: OSError | None = None
    for family, kind, protocol, _name, address in _resolve(host, port):
        peer = _ClockedSocket(family, kind, protocol)
        try:
            peer.settimeout(_current.get().remaining())
            peer.connect(address)
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer.settimeout(_current.get().remaining())  # what a TLS handshake may take
        except OSError as error:
            peer.close()
            last = error
        else:
            return peer
    raise last or OSError("no address")


class _ClockedHTTPConnection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self._dns_host, self.port or 80)

    def connect(self) -> None:
        super().connect()
        _current.get().connected = True  # from here on the peer may see bytes of ours


class _ClockedHTTPSConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self._dns_host, self.port or 443)

    def connect(self) -> None:
        super().connect()
        _current.get().connected = True


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _ClockedHTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _ClockedHTTPSConnection


@lru_cache(maxsize=4)
def _tls_context(bundle: str) -> ssl.SSLContext:
    """One context for the process: reading the authorities costs more than a whole exchange."""
    is_folder = os.path.isdir(bundle)
    context = ssl.create_default_context(cafile=None if is_folder else bundle, capath=bundle if is_folder else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = _ClockedTlsSocket
    return context


class _Session(requests.Session):
    """requests without redirects: to offer one, it would read a body without limit and parse the ``Location``."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        return None


class _DeadlineAdapter(HTTPAdapter):
    """requests' transport on our connections."""

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
        """Nothing: our context verifies already, and requests would read the authorities anew each time."""


# --- Reading and translating ----------------------------------------------------------------------------------------


def _read(response: requests.Response, max_bytes: int) -> bytes:
    declared = response.headers.get("Content-Length", "")
    if declared.isascii() and declared.isdigit() and (len(declared) > 18 or int(declared) > max_bytes):
        raise AnswerTooLarge(f"{declared[:20]} bytes; at most {max_bytes} are read")
    chunks: list[bytes] = []
    size = 0
    while chunk := response.raw.read(CHUNK, decode_content=True):
        size += len(chunk)
        if size > max_bytes:
            raise AnswerTooLarge(f"more than {max_bytes} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def _translate(error: BaseException, progress: _Progress) -> ExchangeError:
    """The most specific class for what went wrong: the one place where lower layers' errors become ours."""
    causes = list(_causes(error))
    out_of_time = any(isinstance(one, TimeoutError | urllib3.exceptions.TimeoutError) for one in causes)
    if not progress.connected:
        return _never_sent(causes, out_of_time)
    if out_of_time:
        return TimedOut()
    if any(isinstance(one, ConnectionError | urllib3.exceptions.IncompleteRead | ssl.SSLError) for one in causes):
        return ConnectionReset()
    return AnswerGarbled()


def _never_sent(causes: list[BaseException], out_of_time: bool) -> NotSent:
    if any(isinstance(one, socket.gaierror | UnicodeError) for one in causes):
        return NameNotResolved()
    if out_of_time:
        return ConnectTimedOut()
    for one in causes:
        if isinstance(one, ssl.SSLCertVerificationError):
            return TlsFailed(one.verify_message)
    if any(isinstance(one, ssl.SSLError | urllib3.exceptions.SSLError) for one in causes):
        return TlsFailed()
    return ConnectionRefused()


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and everything it was made from: libraries nest it in causes, contexts, arguments and ``reason``."""
    seen: set[int] = set()
    waiting: list[Any] = [error]
    while waiting:
        one = waiting.pop()
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("repeated name")
    return document


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _depth(document: Any) -> int:
    deepest, waiting = 0, [(document, 1)]
    while waiting:
        value, depth = waiting.pop()
        deepest = max(deepest, depth)
        if isinstance(value, dict):
            waiting += [(one, depth + 1) for one in value.values()]
        elif isinstance(value, list):
            waiting += [(one, depth + 1) for one in value]
    return deepest
