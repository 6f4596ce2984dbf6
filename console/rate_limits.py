"""Rate limits: how many sign-ins and changes an IP address or a person may send per minute.

Requests are counted in fixed windows of a minute, in the shared cache, so that all workers count together. If the cache
fails, nothing is limited: signing in and resolving an unknown outcome must still work, and the provider and the
directory have limits of their own.
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
from django.urls import get_script_prefix
from django.utils.translation import gettext as _
from prometheus_client import Counter

from console import safe_cache
from console.error_pages import Problem, show
from console.request import ConsoleRequest

View = TypeVar("View", bound=Callable[..., Any])

WINDOW: Final = 60  # seconds
_IPV6_NETWORKS: Final = ((64, 1), (48, 4))  # prefix lengths, each with the factor of its limit
_KIND: Final = "rate_limit_kind"  # the attribute of a view

logger = logging.getLogger(__name__)

rejected_total = Counter("console_rate_limited_total", "Requests rejected by a rate limit.", ["kind", "by"])
for _kind in ("signin", "write", "run"):
    for _by in ("address", "person"):
        rejected_total.labels(_kind, _by)  # a series that starts at 0 has a rate from its first count on


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most ``maximum`` requests of a ``kind`` per window from one ``key``, which ``by`` says the type of."""

    kind: str
    by: str
    key: str
    maximum: int


def rate_limited(kind: str) -> Callable[[View], View]:
    """Count all of the view's requests as ``kind``. With ``""`` none is counted, not even a POST."""

    def mark(view: View) -> View:
        setattr(view, _KIND, kind)
        return view

    return mark


class RateLimitMiddleware:
    """Answers 429 if an IP address or a person sends too many requests."""

    def __init__(self, get_response: Callable[[ConsoleRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: ConsoleRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: ConsoleRequest, view: Callable[..., Any], args: Any, kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Check before the access gate, so that requests that it rejects are counted too."""
        kind = getattr(view, _KIND, "write" if request.method == "POST" else "")
        if not kind:
            return None
        try:
            check_address_limit(kind, request.ip)
            if request.actor is not None:
                check_person_limit(kind, request.actor.issuer, request.actor.subject)
        except Problem as too_many:
            return show(request, too_many)
        return None


def check_address_limit(kind: str, address: str) -> None:
    """Count a request from an IP address. Raises a ``Problem`` (429) if there are too many."""
    for network, factor in networks_of(address):
        _check(RateLimit(kind, "address", network, factor * settings.RATE_LIMITS[kind][0]))


def check_person_limit(kind: str, issuer: str, subject: str) -> None:
    """Count a request of a person. Raises a ``Problem`` (429) if there are too many."""
    _check(RateLimit(kind, "person", f"{issuer} {subject}", settings.RATE_LIMITS[kind][1]))


def _check(limit: RateLimit) -> None:
    wait = _seconds_to_wait(limit) if limit.maximum else 0
    if wait:
        rejected_total.labels(limit.kind, limit.by).inc()
        logger.warning("Too many requests of the kind %s from one %s", limit.kind, limit.by)
        raise _too_many(wait)


def networks_of(address: str) -> list[tuple[str, int]]:
    """Return what an address is counted as, each with the factor of its limit.

    A site has a /64 of IPv6 at least, and often a whole /48 (RFC 6177): whoever changes the /64 with every request is
    still counted by the /48, which several sites may share.
    """
    ip = ip_address(address) if address else None
    if ip is None or ip.version == 4:
        return [(address, 1)]
    if ip.ipv4_mapped:
        return [(str(ip.ipv4_mapped), 1)]
    return [(str(ip_network(f"{ip}/{size}", strict=False)), factor) for size, factor in _IPV6_NETWORKS]


def _seconds_to_wait(limit: RateLimit) -> int:
    """Return when the next window starts, or 0 if the request is within its limit."""
    now = int(time.time())
    digest = hashlib.sha256(f"{limit.by} {limit.key}".encode()).hexdigest()[:32]  # no personal data in cache keys
    count = safe_cache.increment_cached(f"console:limit:{limit.kind}:{digest}:{now // WINDOW}", 2 * WINDOW)
    return WINDOW - now % WINDOW if count > limit.maximum else 0


def _too_many(wait: int) -> Problem:
    return Problem(
        429,
        _("Too many requests"),
        _(
            "You, or somebody else on your network, made too many requests within a minute. Nothing was sent or "
            "changed. Wait %(seconds)d seconds, go back, and try again."
        )
        % {"seconds": wait},
        actions=[(_("Organizations"), get_script_prefix())],
        code="too_many_requests",
        headers={"Retry-After": str(wait)},
    )
