"""Rate limits: how often a minute an address or a person may sign in, or send what changes something.

Counted in fixed windows of a minute, in the shared cache, so that all workers count together. Without a cache nobody
is held back: signing in and resolving an unknown outcome must work then, and the provider and the directory have
limits of their own.
"""

import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any, Final, TypeVar

from django.conf import settings
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from prometheus_client import Counter

from console import safe_cache
from console.error_pages import Problem, show
from console.request import ConsoleRequest

View = TypeVar("View", bound=Callable[..., Any])

WINDOW: Final = 60  # seconds
_KIND: Final = "console_limit"

logger = logging.getLogger(__name__)

refused = Counter("console_rate_limited_total", "Requests refused for coming too often.", ["kind", "by"])
for _kind in ("signin", "write", "run"):
    for _by in ("address", "person"):
        refused.labels(_kind, _by)  # a series that begins with 0 has a rate from its first count on


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``most`` requests of a ``kind`` a window from one ``key``; ``by`` says what the key is."""

    kind: str
    by: str
    key: str
    most: int


def counted_as(kind: str) -> Callable[[View], View]:
    """Count the view's requests, whatever their method, as ``kind``; ``""`` counts none of them."""

    def mark(view: View) -> View:
        setattr(view, _KIND, kind)
        return view

    return mark


class LimitMiddleware:
    """Answers 429 where an address or a person comes too often."""

    def __init__(self, get_response: Callable[[ConsoleRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: ConsoleRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: ConsoleRequest, view: Callable[..., Any], args: Any, kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Before the gate decides: who is refused there counts too."""
        kind = getattr(view, _KIND, "write" if request.method == "POST" else "")
        if not kind:
            return None
        try:
            check_address(kind, request.ip)
            if request.actor is not None:
                check_person(kind, request.actor.issuer, request.actor.subject)
        except Problem as too_many:
            return show(request, too_many)
        return None


def check_address(kind: str, address: str) -> None:
    """Count a request from ``address``. Raises a ``Problem`` (429) where there are too many."""
    _check(Limit(kind, "address", _network_of(address), settings.RATE_LIMITS[kind][0]))


def check_person(kind: str, issuer: str, subject: str) -> None:
    """As ``check_address``, for a person."""
    _check(Limit(kind, "person", f"{issuer} {subject}", settings.RATE_LIMITS[kind][1]))


def _check(limit: Limit) -> None:
    wait = _seconds_to_wait(limit) if limit.most else 0
    if wait:
        refused.labels(limit.kind, limit.by).inc()
        logger.warning("Too many requests of the kind %s from one %s", limit.kind, limit.by)
        raise _too_many(wait)


def _network_of(address: str) -> str:
    """The address; of IPv6 the /64, which is what one connection is given (RFC 6177)."""
    if not address or ip_address(address).version == 4:
        return address
    return str(ip_network(f"{address}/64", strict=False))


def _seconds_to_wait(limit: Limit) -> int:
    """0 where the request is within its limit."""
    now = int(time.time())
    who = hashlib.sha256(f"{limit.by} {limit.key}".encode()).hexdigest()[:32]  # addresses and people stay out of keys
    count = safe_cache.count(f"console:limit:{limit.kind}:{who}:{now // WINDOW}", 2 * WINDOW)
    return WINDOW - now % WINDOW if count > limit.most else 0


def _too_many(wait: int) -> Problem:
    return Problem(
        429,
        _("Too many requests"),
        _(
            "You, or somebody at your network address, asked for more than this console takes in a minute. Nothing "
            "was sent or changed. Wait for %(seconds)d seconds, go back, and try again."
        )
        % {"seconds": wait},
        actions=[(_("Organizations"), "/")],
        code="too_many_requests",
        headers={"Retry-After": str(wait)},
    )
