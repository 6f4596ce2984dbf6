"""The ``Host`` header: pages are served under the names in ``ALLOWED_HOSTS`` only, probes under any name.

A probe asks by address, such as ``10.0.0.7:8000``, which differs from machine to machine. Its answers contain no links,
so a forged name does no harm there.
"""

import logging
from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http.response import HttpResponseBase
from django.middleware.security import SecurityMiddleware

from console.error_pages import wrong_host
from console.path_prefix import PROBE_PATHS
from console.request import ConsoleRequest

logger = logging.getLogger(__name__)


class HostMiddleware:
    """Answers 400 to requests for another host, with one line in the log, before anything uses the name."""

    def __init__(self, get_response: Callable[[ConsoleRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.headers = SecurityMiddleware(cast(Any, get_response))

    def __call__(self, request: ConsoleRequest) -> HttpResponseBase:
        if request.path_info in PROBE_PATHS:
            request.META["HTTP_HOST"] = _any_allowed_host()  # Django's own middlewares check it again
        try:
            request.get_host()
        except DisallowedHost:
            named = request.META.get("HTTP_HOST") or request.META.get("SERVER_NAME", "")
            logger.warning("The host %r is not in ALLOWED_HOSTS: answered 400", str(named)[:255])
            # Django's middleware would read the name to redirect, but its headers belong to this answer as well.
            return self.headers.process_response(request, wrong_host(request))
        return self.get_response(request)


def _any_allowed_host() -> str:
    return next((host.lstrip("*.") for host in settings.ALLOWED_HOSTS if host.strip("*.")), "localhost")
