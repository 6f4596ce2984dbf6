"""A Redis cache that trusts nobody else who can write to Redis.

Django's own backend stores pickles: whoever can write to Redis runs code in the console. Here a value is JSON, and
carries an HMAC-SHA256 under a key derived from ``SECRET_KEY`` over the entry's name, the time at which it expires, and
the JSON. What was altered, copied to another name, or put back after its time, reads as absent, and is logged. Redis
changes plain numbers itself (``incr``), so counters carry no HMAC: ``incr`` is the only way to read one, and ``get``
never returns it.
"""

import json
import logging
import math
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from django.utils.crypto import constant_time_compare, salted_hmac
from prometheus_client import Counter

logger = logging.getLogger(__name__)

_SALT: Final = "console.authenticated_cache"
_CLOCKS_DIFFER: Final = 60  # seconds, at most, between two replicas

rejected_entries = Counter(
    "console_cache_rejected_entries_total",
    "Entries of the shared cache that this console did not write, or that were put back after their time.",
)


def seal(name: str, value: Any, seconds: float) -> bytes:
    """Return ``value`` as JSON with its HMAC. Raises ``TypeError`` or ``ValueError`` for what JSON cannot hold."""
    text = json.dumps([math.ceil(time.time() + seconds), value], separators=(",", ":"), allow_nan=False)
    return f"{_mac(name, text)} {text}".encode()


def unseal(name: str, data: bytes) -> Any:
    """Return the value that was sealed under ``name``. Raises ``ValueError`` for anything else, or if it expired."""
    mac, _, text = data.decode().partition(" ")
    if not constant_time_compare(mac, _mac(name, text)):
        raise ValueError("no valid HMAC")
    expires_at, value = json.loads(text)
    if time.time() > expires_at + _CLOCKS_DIFFER:
        raise ValueError("expired, and was put back")
    return value


def _mac(name: str, text: str) -> str:
    return salted_hmac(_SALT, f"{len(name)} {name} {text}", algorithm="sha256").hexdigest()


class _PlainSerializer:
    """Passes on what the client below has sealed, and the numbers that Redis counts with."""

    def dumps(self, obj: Any) -> Any:
        return obj

    def loads(self, data: Any) -> Any:
        return data


class AuthenticatedClient(RedisCacheClient):
    """Seals each value on its way to Redis, and checks it on its way back."""

    def __init__(self, servers: list[str], **options: Any) -> None:
        super().__init__(servers, serializer=_PlainSerializer(), **options)

    def add(self, key: Any, value: Any, timeout: Any) -> bool:
        """As Django's. A whole number is a counter, for ``incr``."""
        return bool(super().add(key, value if type(value) is int else seal(key, value, timeout), timeout))

    def set(self, key: Any, value: Any, timeout: Any) -> None:
        super().set(key, seal(key, value, timeout), timeout)

    def get(self, key: Any, default: Any) -> Any:
        data = super().get(key, None)
        return default if data is None else _read(key, data, default)

    def set_many(self, data: Mapping[Any, Any], timeout: Any) -> None:
        super().set_many({key: seal(key, value, timeout) for key, value in data.items()}, timeout)

    def get_many(self, keys: Iterable[Any]) -> dict[Any, Any]:
        absent = object()
        values = {key: _read(key, data, absent) for key, data in super().get_many(list(keys)).items()}
        return {key: value for key, value in values.items() if value is not absent}


class AuthenticatedRedisCache(RedisCache):
    """The ``BACKEND`` of ``CACHES`` if ``CACHE_URL`` names a Redis server."""

    def __init__(self, server: str | list[str], params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = AuthenticatedClient


def _read(key: Any, data: bytes, default: Any) -> Any:
    try:
        return unseal(key, data)
    except (ValueError, RecursionError):
        rejected_entries.inc()
        logger.warning("The cache entry %s was not written by this console, or not lately, and is ignored.", key)
        return default
