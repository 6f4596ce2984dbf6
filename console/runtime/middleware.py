"""The outermost middleware: request id, client address, access log, metrics, trace and response headers."""

import logging
import re
import time
import uuid
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from typing import Any, Final, cast

from django.conf import settings
from django.core.signals import request_finished
from django.http.response import HttpResponseBase
from opentelemetry.trace import Span, SpanKind, StatusCode

from console.embedding import Mode, security_headers
from console.redaction import forget_secrets
from console.request import ConsoleRequest, set_request_defaults
from console.runtime import metrics, telemetry
from console.runtime.logging import request_id

access_log = logging.getLogger("console.access")

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")
_LONGEST_LOGGED_PATH: Final = 500  # characters


class RequestMiddleware:
    """Sets ``request.id`` and ``request.ip`` before anything else runs, and adds the last headers of the response."""

    def __init__(self, get_response: Callable[[ConsoleRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.headers = security_headers(cast(Mode, settings.CONSOLE_EMBED_MODE))

    def __call__(self, request: ConsoleRequest) -> HttpResponseBase:
        started = time.monotonic()
        set_request_defaults(request)
        request.id = read_request_id(request.headers.get("X-Request-ID", ""))
        request.ip = read_address(request.META, settings.TRUSTED_PROXY_COUNT)
        request_id.set(request.id)
        forget_secrets()
        caller = telemetry.incoming_context(request.headers)
        attributes = {"console.request_id": request.id}
        with telemetry.start_span("request", attributes, SpanKind.SERVER, parent=caller) as span:
            response = self.get_response(request)
            self._add_headers(request, response)
            seconds = time.monotonic() - started
            metrics.count_request(request, response.status_code, seconds)
            _log_access(request, response, seconds)
            _describe_span(span, request, response.status_code)
        return response

    def _add_headers(self, request: ConsoleRequest, response: HttpResponseBase) -> None:
        response.headers["X-Request-ID"] = request.id
        for name, value in self.headers.items():
            response.headers.setdefault(name, value)
        # WhiteNoise has set the lifetime of static files. Everything else may be personal.
        response.headers.setdefault("Cache-Control", "no-store")


def read_request_id(header: str) -> str:
    """Return the proxy's request id if it is safe in headers and logs; otherwise a new one."""
    return header if _REQUEST_ID.fullmatch(header) else str(uuid.uuid4())


def read_address(meta: dict[str, Any], proxies: int) -> str:
    """Return the browser's IP address in normal notation; empty if there is none (a Unix socket).

    Args:
        meta: the WSGI environment.
        proxies: the number of our own reverse proxies. Each one appends its client's address to ``X-Forwarded-For``,
            so the ``proxies``-th entry from the end is the first one that a stranger cannot forge.

    """
    entries = meta.get("HTTP_X_FORWARDED_FOR", "").split(",")
    forwarded = entries[-proxies] if 0 < proxies <= len(entries) else ""
    return _normal_address(forwarded) or _normal_address(meta.get("REMOTE_ADDR", ""))


def _normal_address(text: str) -> str:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or IPv6Address(int(address)))  # the second without its zone, which is local
    return str(address)


def _log_access(request: ConsoleRequest, response: HttpResponseBase, seconds: float) -> None:
    # Only the path: a query can contain a one-time code, or the name that an admin searched for.
    path = request.path[:_LONGEST_LOGGED_PATH]
    milliseconds = round(seconds * 1000, 1)
    access_log.info(
        "%s %s %s %sms",
        request.method,
        path,
        response.status_code,
        milliseconds,
        extra={
            "method": request.method,
            "path": path,
            "route": metrics.route_of(request),
            "status": response.status_code,
            "duration_ms": milliseconds,
            "ip": request.ip,
        },
    )


def _describe_span(span: Span, request: ConsoleRequest, status: int) -> None:
    """Name the span as OpenTelemetry's conventions for HTTP servers say: by the route, never by the address."""
    method, route = metrics.method_of(request), metrics.route_of(request)
    span.update_name(f"{method} {route}")
    span.set_attributes({"http.request.method": method, "http.route": route, "http.response.status_code": status})
    if status >= 500:
        span.set_status(StatusCode.ERROR)


def _forget_request_id(**_: object) -> None:
    request_id.set("")


# Sent after the whole response, so that log lines of a streamed response still carry the id.
request_finished.connect(_forget_request_id, dispatch_uid="console.runtime.middleware")
