"""The cache as what it is: a convenience. One that is gone makes things slower, and breaks nothing."""

import logging
from typing import Any

from django.core.cache import cache

logger = logging.getLogger(__name__)


def kept(key: str) -> Any:
    """What is kept under ``key``; ``None`` where nothing is, or the cache is gone."""
    try:
        return cache.get(key)
    except Exception as error:  # noqa: BLE001  (each backend has its own errors)
        logger.warning("The cache cannot be read: %s: %s", type(error).__name__, error)
        return None


def keep(key: str, value: Any, seconds: int) -> None:
    """Keep ``value`` for a while, where the cache answers."""
    try:
        cache.set(key, value, seconds)
    except Exception as error:  # noqa: BLE001  (as above)
        logger.warning("The cache cannot be written: %s: %s", type(error).__name__, error)


def count(key: str, seconds: int) -> int:
    """How often this was called with ``key``, now included, by whichever process; 0 where the cache is gone."""
    try:
        cache.add(key, 0, seconds)
        return int(cache.incr(key))
    except Exception as error:  # noqa: BLE001  (as above)
        logger.warning("The cache cannot count: %s: %s", type(error).__name__, error)
        return 0
