"""``/healthz`` says that this process answers, ``/readyz`` whether everything it depends on answers too.

Both are for probes: no sign-in, no secrets. The reason why a part is down is logged, not sent.
"""

import logging
import secrets
import threading
import time
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from console.http import exchange
from console.request import ConsoleRequest
from console.runtime import graceful_stop
from console.signin.access.gate import public
from console.signin.oidc.discovery import discovery_address

logger = logging.getLogger(__name__)

PROVIDER_TIMEOUT: Final = 3.0
"""Seconds that the provider's discovery document may take. Database and cache have limits in the settings."""

PROVIDER_FRESHNESS: Final = 5.0
"""Seconds for which a result is reused, so that frequent calls of ``/readyz`` do not flood the provider."""

_DISCOVERY_MAX_BYTES: Final = 1024 * 1024


class PartDown(Exception):
    """A part answers, but wrongly; the message says how."""


@public
@require_safe
def healthz(request: ConsoleRequest) -> HttpResponse:
    """``GET /healthz``: 200 as long as this process answers at all."""
    return HttpResponse("ok\n", "text/plain")


@public
@require_safe
def readyz(request: ConsoleRequest) -> JsonResponse:
    """``GET /readyz``: 200 if database, cache and provider answer, otherwise 503; the body names each part.

    Also 503 while this replica drains: it still serves requests, but the load balancer should send no new ones.
    """
    if graceful_stop.is_draining(settings.CONSOLE_DRAIN_FILE):
        return JsonResponse({"ready": False, "draining": True}, status=503)
    parts = {name: "up" if _is_up(name, check) else "down" for name, check in CHECKS.items()}
    ready = "down" not in parts.values()
    return JsonResponse({"ready": ready, "parts": parts}, status=200 if ready else 503)


def _is_up(name: str, check: Callable[[], None]) -> bool:
    try:
        check()
    except Exception as error:  # noqa: BLE001  (each driver raises its own errors; any of them means "down")
        logger.warning("Not ready: %s is down: %s: %s", name, type(error).__name__, error)
        return False
    return True


def check_database() -> None:
    """Raise an exception unless the database answers a query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def check_cache() -> None:
    """Raise an exception unless the cache returns a value that was written to it."""
    value = secrets.token_hex(8)
    key = f"console:readyz:{value}"
    cache.set(key, value, timeout=10)
    if cache.get(key) != value:
        raise PartDown("the cache does not return what was written to it")
    cache.delete(key)


class ProviderCheck:
    """Reads the provider's discovery document (OpenID Connect Discovery 1.0, section 4), and reuses the result."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._error: Exception | None = None

    def __call__(self) -> None:
        """Raise the last read's exception, if there was one; read again if that was too long ago."""
        with self._lock:
            if time.monotonic() - self._read_at > PROVIDER_FRESHNESS:
                self._error = self._read()
                self._read_at = time.monotonic()
        if self._error:
            raise self._error

    @staticmethod
    def _read() -> Exception | None:
        try:
            response = exchange("GET", discovery_address(), timeout=PROVIDER_TIMEOUT, max_bytes=_DISCOVERY_MAX_BYTES)
            if response.status != 200:
                raise PartDown(f"its discovery document answers {response.status}")
            if response.json().get("issuer") != settings.OIDC_ISSUER:
                raise PartDown("its discovery document names another issuer than OIDC_ISSUER")
        except Exception as error:  # noqa: BLE001  (stored, and raised by every call until the next read)
            return error
        return None


CHECKS: Final[dict[str, Callable[[], None]]] = {
    "database": check_database,
    "cache": check_cache,
    "provider": ProviderCheck(),
}
"""What ``/readyz`` checks, by the name that it shows."""
