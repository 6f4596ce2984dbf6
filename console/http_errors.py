"""What can go wrong in an exchange (``console.http``), and how errors of lower layers become one of these classes.

::

    ExchangeError
    ├── RequestNotSent       the peer has not seen the request
    │   ├── NameNotResolved
    │   ├── ConnectionRefused
    │   ├── ConnectTimedOut
    │   ├── TlsFailed
    │   ├── ProxyUnreachable
    │   ├── ProxyRefused
    │   └── MalformedProxyResponse
    ├── NoResponse           the peer may have seen the request, and acted on it
    │   ├── ConnectionReset
    │   ├── TimedOut
    │   ├── ResponseTooLarge
    │   └── MalformedResponse
    └── InvalidJson          a response came, but it is not the JSON that was expected
"""

import socket
import ssl
from collections.abc import Iterator
from typing import Any, Final

import requests
import urllib3.exceptions

from console.recorded_text import RecordedText, recorded

_SENTENCE: Final = recorded("exchange.sentence", "{problem}.")
_SENTENCE_WITH_SPECIFICS: Final = recorded("exchange.sentence_with_specifics", "{problem} ({specifics}).")


class ExchangeError(Exception):
    """An exchange without a usable response. ``detail`` is a sentence for the person who waits for it."""

    text = recorded("exchange.unreachable", "The service could not be reached")

    def __init__(self, specifics: str = "") -> None:
        self.specifics = specifics
        self.detail = self.in_words(self.text)
        super().__init__(self.detail)

    def in_words(self, text: RecordedText) -> RecordedText:
        """Return the detail with ``text`` as its beginning, for callers that know which service it was."""
        if self.specifics:
            return _SENTENCE_WITH_SPECIFICS.format(problem=text, specifics=self.specifics)
        return _SENTENCE.format(problem=text)


class RequestNotSent(ExchangeError):
    """The request was not sent: the peer cannot have acted on it."""


class NameNotResolved(RequestNotSent):
    """The peer's host name has no address."""

    text = recorded("exchange.name_not_resolved", "The name of the service could not be resolved")


class ConnectionRefused(RequestNotSent):
    """No connection could be made."""

    text = recorded("exchange.connection_refused", "The service refused the connection")


class ConnectTimedOut(RequestNotSent):
    """The deadline passed before a connection was made."""

    text = recorded("exchange.connect_timed_out", "The service could not be connected to in time")


class TlsFailed(RequestNotSent):
    """No trusted TLS connection could be made."""

    text = recorded("exchange.tls_failed", "No trusted TLS connection to the service could be made")


class ProxyUnreachable(RequestNotSent):
    """No connection to the outgoing proxy could be made."""

    text = recorded("exchange.proxy_unreachable", "The outgoing proxy could not be reached")


class ProxyRefused(RequestNotSent):
    """The outgoing proxy will not, or cannot, connect to the peer."""

    text = recorded("exchange.proxy_refused", "The outgoing proxy refused the connection")


class MalformedProxyResponse(RequestNotSent):
    """The outgoing proxy did not answer as an HTTP proxy."""

    text = recorded("exchange.malformed_proxy_response", "The outgoing proxy did not answer as an HTTP proxy")


class NoResponse(ExchangeError):
    """The request was sent, and no complete response came back: the peer may have acted on it."""

    text = recorded("exchange.no_response", "The service gave no answer")


class ConnectionReset(NoResponse):
    """The connection broke before the response was complete."""

    text = recorded("exchange.connection_reset", "The connection to the service broke before its answer was complete")


class TimedOut(NoResponse):
    """The deadline passed before the response was complete."""

    text = recorded("exchange.timed_out", "The service did not answer in time")


class ResponseTooLarge(NoResponse):
    """The response is larger than the caller accepts."""

    text = recorded("exchange.response_too_large", "The answer of the service is too large")


class MalformedResponse(NoResponse):
    """The response is not HTTP, or its body cannot be decoded."""

    text = recorded("exchange.malformed_response", "The answer of the service is not valid HTTP")


class InvalidJson(ExchangeError):
    """The body is not (strict) JSON."""

    text = recorded("exchange.invalid_json", "The answer of the service is not valid JSON")


_Meaning = tuple[type[RequestNotSent], type[NoResponse]]
"""What an error means before there is a connection, and after."""

_NAME: Final[_Meaning] = (NameNotResolved, MalformedResponse)
_TIMEOUT: Final[_Meaning] = (ConnectTimedOut, TimedOut)
_TLS: Final[_Meaning] = (TlsFailed, ConnectionReset)
_CONNECTION: Final[_Meaning] = (ConnectionRefused, ConnectionReset)
_OTHER: Final[_Meaning] = (ConnectionRefused, MalformedResponse)  # also of wrappers, whose cause says more

# An exception is nested in others. Of all their meanings the first one in this order counts.
_ORDER: Final = (NameNotResolved, ConnectTimedOut, TlsFailed, TimedOut, ConnectionReset, ConnectionRefused)

LOWER_LAYER_ERRORS: Final[dict[type[BaseException], _Meaning]] = {
    # the standard library
    socket.gaierror: _NAME,
    UnicodeError: _NAME,  # a host name that IDNA cannot encode
    TimeoutError: _TIMEOUT,
    ssl.SSLError: _TLS,
    ConnectionError: _CONNECTION,
    OSError: _OTHER,
    ValueError: _OTHER,
    # requests
    requests.exceptions.RequestException: _OTHER,
    requests.exceptions.ChunkedEncodingError: _OTHER,
    requests.exceptions.ConnectionError: _OTHER,
    requests.exceptions.ConnectTimeout: _TIMEOUT,
    requests.exceptions.ContentDecodingError: _OTHER,
    requests.exceptions.HTTPError: _OTHER,
    requests.exceptions.InvalidHeader: _OTHER,
    requests.exceptions.InvalidJSONError: _OTHER,
    requests.exceptions.InvalidProxyURL: _OTHER,
    requests.exceptions.InvalidSchema: _OTHER,
    requests.exceptions.InvalidURL: _OTHER,
    requests.exceptions.JSONDecodeError: _OTHER,
    requests.exceptions.MissingSchema: _OTHER,
    requests.exceptions.ProxyError: _OTHER,
    requests.exceptions.ReadTimeout: _TIMEOUT,
    requests.exceptions.RetryError: _OTHER,
    requests.exceptions.SSLError: _TLS,
    requests.exceptions.StreamConsumedError: _OTHER,
    requests.exceptions.Timeout: _TIMEOUT,
    requests.exceptions.TooManyRedirects: _OTHER,
    requests.exceptions.UnrewindableBodyError: _OTHER,
    requests.exceptions.URLRequired: _OTHER,
    # urllib3
    urllib3.exceptions.HTTPError: _OTHER,
    urllib3.exceptions.BodyNotHttplibCompatible: _OTHER,
    urllib3.exceptions.ClosedPoolError: _OTHER,
    urllib3.exceptions.ConnectTimeoutError: _TIMEOUT,
    urllib3.exceptions.DecodeError: _OTHER,
    urllib3.exceptions.EmptyPoolError: _OTHER,
    urllib3.exceptions.FullPoolError: _OTHER,
    urllib3.exceptions.HeaderParsingError: _OTHER,
    urllib3.exceptions.HostChangedError: _OTHER,
    urllib3.exceptions.IncompleteRead: _CONNECTION,
    urllib3.exceptions.InvalidChunkLength: _OTHER,
    urllib3.exceptions.InvalidHeader: _OTHER,
    urllib3.exceptions.LocationParseError: _OTHER,
    urllib3.exceptions.LocationValueError: _OTHER,
    urllib3.exceptions.MaxRetryError: _OTHER,
    urllib3.exceptions.NameResolutionError: _NAME,
    urllib3.exceptions.NewConnectionError: _OTHER,
    urllib3.exceptions.PoolError: _OTHER,
    urllib3.exceptions.ProtocolError: _OTHER,
    urllib3.exceptions.ProxyError: _OTHER,
    urllib3.exceptions.ProxySchemeUnknown: _OTHER,
    urllib3.exceptions.ProxySchemeUnsupported: _OTHER,
    urllib3.exceptions.ReadTimeoutError: _TIMEOUT,
    urllib3.exceptions.RequestError: _OTHER,
    urllib3.exceptions.ResponseError: _OTHER,
    urllib3.exceptions.ResponseNotChunked: _OTHER,
    urllib3.exceptions.SSLError: _TLS,
    urllib3.exceptions.TimeoutError: _TIMEOUT,
    urllib3.exceptions.TimeoutStateError: _OTHER,
    urllib3.exceptions.UnrewindableBodyError: _OTHER,
    urllib3.exceptions.URLSchemeUnknown: _OTHER,
}
"""What each error means. A test fails if a release of requests or urllib3 brings one that is not here."""


def translate_error(error: BaseException, *, connected: bool, host: str = "") -> ExchangeError:
    """Return the most specific error for an exception of a lower layer.

    Args:
        connected: whether there was a connection, so that the peer may have seen the request.
        host: whose certificate may have been refused.

    """
    causes = list(_causes(error))
    kinds = {_meaning(cause)[connected] for cause in causes}
    kind = next((kind for kind in _ORDER if kind in kinds), MalformedResponse)
    if kind is TlsFailed:
        invalid = (cause for cause in causes if isinstance(cause, ssl.SSLCertVerificationError))
        message = next((cause.verify_message for cause in invalid), "").rstrip(".")
        return TlsFailed(f"{host}: {message}" if host and message else message)
    return kind()


def _meaning(error: BaseException) -> _Meaning:
    return next((LOWER_LAYER_ERRORS[kind] for kind in type(error).__mro__ if kind in LOWER_LAYER_ERRORS), _OTHER)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and those nested in it: libraries put them into causes, contexts, arguments and ``reason``."""
    visited: set[int] = set()
    pending: list[Any] = [error]
    while pending:
        candidate = pending.pop()
        if not isinstance(candidate, BaseException) or id(candidate) in visited:
            continue
        visited.add(id(candidate))
        yield candidate
        pending += [candidate.__cause__, candidate.__context__, getattr(candidate, "reason", None), *candidate.args]
