"""``/healthz`` tells that this process answers, ``/readyz`` whether what it depends on answers too.

Both are for probes: no sign-in, no secrets. Why a part is down stands in the log, not in the answer.
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
"""Seconds for which one look at the provider counts: whoever calls ``/readyz`` a lot must not flood the provider."""

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
    """``GET /readyz``: 200 where database, cache and provider answer, otherwise 503; the body names each part.

    503 as well while this replica drains: it answers whoever asks, and wants to be asked no more.
    """
    if graceful_stop.is_draining(settings.CONSOLE_DRAIN_FILE):
        return JsonResponse({"ready": False, "draining": True}, status=503)
    parts = {name: "up" if _is_up(name, check) else "down" for name, check in CHECKS.items()}
    ready = "down" not in parts.values()
    return JsonResponse({"ready": ready, "parts": parts}, status=200 if ready else 503)


def _is_up(name: str, check: Callable[[], None]) -> bool:
    try:
        check()
    except Exception as error:  # noqa: BLE001  (whatever a driver raises, the answer is the same: down)
        logger.warning("Not ready: %s is down: %s: %s", name, type(error).__name__, error)
        return False
    return True


def check_database() -> None:
    """Run the smallest query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def check_cache() -> None:
    """Write a value and read it back."""
    written = secrets.token_hex(8)
    key = f"console:readyz:{written}"
    cache.set(key, written, timeout=10)
    if cache.get(key) != written:
        raise PartDown("the cache did not give back what was written to it")
    cache.delete(key)


class ProviderCheck:
    """Reads the provider's discovery document (OpenID Connect Discovery 1.0, section 4), seldom."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._error: Exception | None = None

    def __call__(self) -> None:
        """Raise what the last look raised; look again where that was too long ago."""
        with self._lock:
            if time.monotonic() - self._read_at > PROVIDER_FRESHNESS:
                self._error = self._look()
                self._read_at = time.monotonic()
        if self._error:
            raise self._error

    @staticmethod
    def _look() -> Exception | None:
        try:
            answer = exchange("GET", discovery_address(), timeout=PROVIDER_TIMEOUT, max_bytes=_DISCOVERY_MAX_BYTES)
            if answer.status != 200:
                raise PartDown(f"its discovery document answers {answer.status}")
            if answer.json().get("issuer") != settings.OIDC_ISSUER:
                raise PartDown("its discovery document names another issuer than OIDC_ISSUER")
        except Exception as error:  # noqa: BLE001  (kept, and raised by every caller until the next look)
            return error
        return None


CHECKS: Final[dict[str, Callable[[], None]]] = {
    "database": check_database,
    "cache": check_cache,
    "provider": ProviderCheck(),
}
"""The parts that ``/readyz`` looks at, by the name that it shows."""
