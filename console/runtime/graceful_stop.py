"""Stopping without losing anything: how long what is under way may take, and how a replica says that it is going.

gunicorn's workers stop accepting when they are told to end, and keep the port open until their last answer is out: a
connection made meanwhile finds nobody, and is reset. So a replica first says for a while that it is not ready
(``CONSOLE_DRAIN_FILE`` exists), until whoever hands out requests has noticed, and is told to end only then.
"""

from pathlib import Path
from typing import Final

BESIDES: Final = 30
"""Seconds for what a request does besides calling the directory: the database, a token's renewal, a chunk's five."""

STOP_SECONDS: Final = 120
"""``TimeoutStopSec`` of ``console.service``: past it systemd kills."""

PROXY_SECONDS: Final = 100
"""How long the proxies that are shipped wait for an answer."""


def seconds(directory_timeout: float) -> int:
    """How long the longest request may take: an operation reads list and types, writes, and may have to read again."""
    return int(4 * directory_timeout) + BESIDES


def is_draining(file: str) -> bool:
    """Whether this replica wants no new requests, because it is about to end."""
    return bool(file) and Path(file).exists()
