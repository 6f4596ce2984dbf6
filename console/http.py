"""The only way to call other services: every request to the provider and to the directory is one ``exchange``.

Whatever the peer does:

* one deadline holds for the whole exchange: name lookup, connection, TLS, request, headers and body
  (``console.http_deadline``);
* TLS is verified, by the system's authorities and those of ``CA_BUNDLE`` (``console.trust``), and no ``.netrc`` or
  other credentials are taken from the environment;
* it goes through ``OUTGOING_PROXY`` if there is one, and never through a proxy of ``HTTPS_PROXY`` or the like;
* no redirect is followed: a 3xx is a response like any other, so no secret is sent to another host;
* the size of the response is limited, after decompression;
* nothing is sent twice: there are no retries, and each exchange has its own connection, so that a reset never means
  that an idle connection had expired;
* an error says whether the peer can have seen the request (``console.http_errors``).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import requests
import urllib3
from requests.structures import CaseInsensitiveDict

from console.http_deadline import DeadlineAdapter, DeadlineSession, deadline_after
from console.http_errors import (
    ConnectionRefused,
    ConnectionReset,
    ConnectTimedOut,
    ExchangeError,
    InvalidJson,
    MalformedProxyResponse,
    MalformedResponse,
    NameNotResolved,
    NoResponse,
    ProxyRefused,
    ProxyUnreachable,
    RequestNotSent,
    ResponseTooLarge,
    TimedOut,
    TlsFailed,
    translate_error,
)
from console.json_depth import MAX_JSON_DEPTH, json_depth

__all__ = [
    "ConnectTimedOut",
    "ConnectionRefused",
    "ConnectionReset",
    "ExchangeError",
    "InvalidJson",
    "MalformedProxyResponse",
    "MalformedResponse",
    "NameNotResolved",
    "NoResponse",
    "ProxyRefused",
    "ProxyUnreachable",
    "RequestNotSent",
    "Response",
    "ResponseTooLarge",
    "TimedOut",
    "TlsFailed",
    "exchange",
]

USER_AGENT: Final = "org-accounts-console"
CHUNK: Final = 256 * 1024  # bytes


@dataclass(frozen=True, slots=True)
class Response:
    """A peer's response: status, headers (names in any case) and the decoded body."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """Return the body as strict JSON (RFC 8259): no repeated names, no NaN, no deep nesting.

        Raises:
            InvalidJson: anything else.

        """
        try:
            document = json.loads(self.body, object_pairs_hook=_unique_names, parse_constant=_reject_constant)
        except (ValueError, RecursionError) as error:
            raise InvalidJson from error
        if json_depth(document) > MAX_JSON_DEPTH:
            raise InvalidJson("nested too deeply")
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
) -> Response:
    """Send one request and read the whole response.

    Args:
        timeout: the seconds that the whole exchange may take.
        max_bytes: the largest accepted body, after decompression.
        form: fields to send as ``application/x-www-form-urlencoded``.
        body: raw bytes to send instead of a form; name their type in ``headers``.

    Raises:
        RequestNotSent: the peer has not seen the request.
        NoResponse: the peer may have seen it.

    """
    with deadline_after(timeout) as deadline, DeadlineSession() as session:
        session.trust_env = False  # no proxies, no .netrc: only the settings decide what is sent, and where
        session.headers = CaseInsensitiveDict(
            {"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "gzip", "Connection": "close"}
        )
        session.mount("https://", DeadlineAdapter())
        session.mount("http://", DeadlineAdapter())
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
            return Response(response.status_code, response.headers, _read_body(response, max_bytes))
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            host = urlsplit(url).netloc
            raise translate_error(error, connected=deadline.connected, host=host) from error


def _read_body(response: requests.Response, max_bytes: int) -> bytes:
    declared = response.headers.get("Content-Length", "")
    if declared.isascii() and declared.isdigit() and (len(declared) > 18 or int(declared) > max_bytes):
        raise ResponseTooLarge(f"{declared[:20]} bytes; at most {max_bytes} are read")
    chunks: list[bytes] = []
    size = 0
    while chunk := response.raw.read(CHUNK, decode_content=True):
        size += len(chunk)
        if size > max_bytes:
            raise ResponseTooLarge(f"more than {max_bytes} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("repeated name")
    return document


def _reject_constant(name: str) -> None:
    raise ValueError(name)
