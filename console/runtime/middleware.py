"""The outermost middleware: request id, client address, access log, metrics, trace and response headers."""

import logging
import re
import time
import uuid
from collections.abc import Callable
from typing import Final, cast

from django.conf import settings
from django.core.signals import request_finished
from django.http.response import HttpResponseBase
from opentelemetry.trace import Span, SpanKind, StatusCode

from console.embedding import Mode, security_headers
from console.redaction import forget_secrets
from console.request import ConsoleRequest, set_request_defaults
from console.runtime import metrics, telemetry
from console.runtime.client_address import client_address, forwarded_scheme
from console.runtime.logging import request_id

access_log = logging.getLogger("console.access")

CONSOLE_HEADER: Final = "X-Console"
"""By this header the pages' scripts know that the console itself answered, and no proxy, filter or portal."""

_NEVER_DOCUMENTS: Final = ("text/javascript", "text/css")
_DOCUMENT_HEADERS: Final = (
    "Content-Security-Policy",
    "Cross-Origin-Opener-Policy",
    "Permissions-Policy",
    "X-Frame-Options",
)
"""What browsers obey in documents only. On each of a page's twenty scripts and style sheets it was a kilobyte."""

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
        _read_proxy_headers(request)
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
        response.headers[CONSOLE_HEADER] = "1"
        for name, value in self.headers.items():
            response.headers.setdefault(name, value)
        if response.headers.get("Content-Type", "").startswith(_NEVER_DOCUMENTS):
            for name in _DOCUMENT_HEADERS:
                del response.headers[name]
        # WhiteNoise has set the lifetime of static files. Everything else may be personal.
        response.headers.setdefault("Cache-Control", "no-store")


def _read_proxy_headers(request: ConsoleRequest) -> None:
    """Set ``request.ip``; and where proxies send ``Forwarded``, take the scheme from there, too."""
    proxies, header = settings.TRUSTED_PROXY_COUNT, settings.TRUSTED_PROXY_HEADER
    request.ip = client_address(request.META, proxies, header)
    if header == "Forwarded":
        request.META["HTTP_X_FORWARDED_PROTO"] = forwarded_scheme(request.META, proxies)  # for SECURE_PROXY_SSL_HEADER


def read_request_id(header: str) -> str:
    """Return the proxy's request id if it is safe in headers and logs; otherwise a new one."""
    return header if _REQUEST_ID.fullmatch(header) else str(uuid.uuid4())


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
