"""Prometheus metrics: counters of requests, and the page ``/metrics``.

Any module may define metrics with prometheus-client; ``/metrics`` shows all of them. A label may only have values from
a short, fixed list: never a path, an organization or a person.

With several worker processes set ``PROMETHEUS_MULTIPROC_DIR`` to a folder that is empty at each start: all of them
write there, and each one can answer for all. Metrics of the database's content are read from it for each scrape.
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
from console.runtime.build_info import BuildCollector
from console.runtime.client_address import peer_address
from console.signin.access.gate import public

METHODS: Final = frozenset({"GET", "HEAD", "POST", "OPTIONS"})

requests_total = Counter("http_requests_total", "Requests answered.", ["method", "route", "status"])
request_seconds = Histogram(
    "http_request_duration_seconds", "Seconds from a request to the headers of its response.", ["method", "route"]
)


def count_request(request: ConsoleRequest, status: int, seconds: float) -> None:
    """Count one answered request."""
    method, route = method_of(request), route_of(request)
    requests_total.labels(method, route, str(status)).inc()
    request_seconds.labels(method, route).observe(seconds)


def method_of(request: ConsoleRequest) -> str:
    """Return the method as a label; ``other`` for methods that the console does not use."""
    return request.method if request.method in METHODS else "other"


def route_of(request: ConsoleRequest) -> str:
    """Return the URL pattern, such as ``orgs/<str:org>/accounts/``; one word if no pattern matched."""
    if request.resolver_match:
        return request.resolver_match.route
    return "static" if request.path.startswith(settings.STATIC_URL) else "unmatched"


@public
@require_GET
def metrics(request: ConsoleRequest) -> HttpResponse:
    """``GET /metrics``: needs ``METRICS_TOKEN`` and an IP in ``METRICS_NETWORKS``; if both are unset, this machine."""
    if settings.METRICS_TOKEN and not _has_token(request):
        refusal = "Send `Authorization: Bearer` with the value of METRICS_TOKEN.\n"
        return HttpResponse(refusal, "text/plain", 401, headers={"WWW-Authenticate": "Bearer"})
    if settings.METRICS_NETWORKS and not _is_in_metrics_networks(request):
        return HttpResponse("Metrics are only available in METRICS_NETWORKS.\n", "text/plain", 403)
    if not (settings.METRICS_TOKEN or settings.METRICS_NETWORKS or _is_this_machine(request)):
        refusal = "Only this machine may read the metrics, unless METRICS_TOKEN or METRICS_NETWORKS is set.\n"
        return HttpResponse(refusal, "text/plain", 403)
    return HttpResponse(generate_latest(_registry()) + generate_latest(_database_registry), CONTENT_TYPE_LATEST)


_database_registry = CollectorRegistry()
_database_registry.register(BuildCollector())


def register_database_collector(collector: Collector) -> None:
    """Show the metrics of ``collector``, which reads the database for each scrape."""
    _database_registry.register(collector)


def _has_token(request: ConsoleRequest) -> bool:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower() == "bearer" and constant_time_compare(token.strip(), settings.METRICS_TOKEN)


def _is_this_machine(request: ConsoleRequest) -> bool:
    return is_loopback(_reader_address(request))


def _is_in_metrics_networks(request: ConsoleRequest) -> bool:
    address = _reader_address(request)
    return bool(address) and any(ip_address(address) in network for network in settings.METRICS_NETWORKS)


def _reader_address(request: ConsoleRequest) -> str:
    """Return who asks: Prometheus asks directly, past the proxies that ``request.ip`` is about, or through them.

    Behind a proxy that TRUSTED_PROXY_COUNT does not count, all clients seem to have the proxy's address: then it is
    empty.
    """
    return peer_address(request.META) or (request.ip if settings.TRUSTED_PROXY_COUNT else "")


def _registry() -> CollectorRegistry:
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry
