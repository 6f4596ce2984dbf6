"""Prometheus metrics: what is counted here, and ``/metrics``, which shows it.

Any part of the console may add its own metrics with prometheus-client; ``/metrics`` shows every one. A label may hold
only values from a short list known beforehand: never a path, an organization or a person.

With several worker processes set ``PROMETHEUS_MULTIPROC_DIR`` to a folder that is empty at each start: all of them
write there, and any one answers for all. What lies in the database is read from there whenever Prometheus asks.
"""

import os
from ipaddress import ip_address
from typing import Final

from django.conf import settings
from django.http import HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_GET
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from console.addresses import is_loopback
from console.request import ConsoleRequest
from console.signin.access.gate import public

METHODS: Final = frozenset({"GET", "HEAD", "POST", "OPTIONS"})

requests_total = Counter("http_requests_total", "Requests answered.", ["method", "route", "status"])
request_seconds = Histogram(
    "http_request_duration_seconds", "Seconds from a request to the head of its answer.", ["method", "route"]
)


def count_request(request: ConsoleRequest, status: int, seconds: float) -> None:
    """Count one answered request."""
    method, route = method_of(request), route_of(request)
    requests_total.labels(method, route, str(status)).inc()
    request_seconds.labels(method, route).observe(seconds)


def method_of(request: ConsoleRequest) -> str:
    """The method, where it is one that we know."""
    return request.method if request.method in METHODS else "other"


def route_of(request: ConsoleRequest) -> str:
    """The pattern of the address, e.g. ``orgs/<str:org>/accounts/``; one word where no pattern matched."""
    if request.resolver_match:
        return request.resolver_match.route
    return "static" if request.path.startswith(settings.STATIC_URL) else "unmatched"


@public
@require_GET
def metrics(request: ConsoleRequest) -> HttpResponse:
    """``GET /metrics``: to whoever holds ``METRICS_TOKEN``, from ``METRICS_NETWORKS``; neither set: to this machine."""
    if settings.METRICS_TOKEN and not _bears_token(request):
        refusal = "Send `Authorization: Bearer` with the value of METRICS_TOKEN.\n"
        return HttpResponse(refusal, "text/plain", 401, headers={"WWW-Authenticate": "Bearer"})
    if settings.METRICS_NETWORKS and not _comes_from_a_network(request):
        return HttpResponse("Metrics are shown to METRICS_NETWORKS only.\n", "text/plain", 403)
    if not (settings.METRICS_TOKEN or settings.METRICS_NETWORKS or _comes_from_this_machine(request)):
        refusal = (
            "Metrics are shown to this machine only. To read them from another: METRICS_TOKEN, METRICS_NETWORKS.\n"
        )
        return HttpResponse(refusal, "text/plain", 403)
    return HttpResponse(generate_latest(_registry()) + generate_latest(_from_database), CONTENT_TYPE_LATEST)


_from_database = CollectorRegistry()


def tell_from_database(collector: Collector) -> None:
    """Show what ``collector`` reads, anew for each scrape."""
    _from_database.register(collector)


def _bears_token(request: ConsoleRequest) -> bool:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower() == "bearer" and constant_time_compare(token.strip(), settings.METRICS_TOKEN)


def _comes_from_this_machine(request: ConsoleRequest) -> bool:
    return not _has_uncounted_proxy(request) and is_loopback(request.ip)


def _has_uncounted_proxy(request: ConsoleRequest) -> bool:
    """A proxy that TRUSTED_PROXY_COUNT does not know of makes the whole world look like where it stands."""
    return not settings.TRUSTED_PROXY_COUNT and "X-Forwarded-For" in request.headers


def _comes_from_a_network(request: ConsoleRequest) -> bool:
    if not request.ip or _has_uncounted_proxy(request):
        return False
    return any(ip_address(request.ip) in network for network in settings.METRICS_NETWORKS)


def _registry() -> CollectorRegistry:
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry
