"""The cache as a convenience: if it fails, the console is slower but keeps working."""

import logging
from typing import Any

from django.core.cache import cache

logger = logging.getLogger(__name__)


def get_cached(key: str) -> Any:
    """Return the value of ``key``; ``None`` if there is none, or if the cache fails."""
    try:
        return cache.get(key)
    except Exception as error:  # noqa: BLE001  (each backend has its own errors)
        logger.warning("The cache cannot be read: %s: %s", type(error).__name__, error)
        return None


def set_cached(key: str, value: Any, seconds: int) -> None:
    """Store ``value`` for some seconds, unless the cache fails."""
    try:
        cache.set(key, value, seconds)
    except Exception as error:  # noqa: BLE001  (as above)
        logger.warning("The cache cannot be written: %s: %s", type(error).__name__, error)


def increment_cached(key: str, seconds: int) -> int:
    """Return how many calls any process made with ``key``, this one included; 0 if the cache fails."""
    try:
        cache.add(key, 0, seconds)
        return int(cache.incr(key))
    except Exception as error:  # noqa: BLE001  (as above)
        logger.warning("The cache cannot count: %s: %s", type(error).__name__, error)
        return 0
