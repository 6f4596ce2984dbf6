"""Stopping without losing anything: the longest time a request may take, and how a replica announces that it stops.

When gunicorn's workers are told to stop, they no longer accept connections but keep the port open until their last
response is out, so a connection made meanwhile is reset. Therefore a replica first reports for a while that it is not
ready (``CONSOLE_DRAIN_FILE`` exists), until the load balancer has noticed, and only then is told to stop.
"""

from pathlib import Path
from typing import Final

OVERHEAD_SECONDS: Final = 30
"""What a request may take besides its calls to the directory: database, token renewal, five seconds of a bulk run."""

STOP_SECONDS: Final = 120
"""``TimeoutStopSec`` of ``console.service``: after this time systemd kills the console."""

PROXY_SECONDS: Final = 100
"""How long the shipped proxies wait for a response."""


def longest_request_seconds(directory_timeout: float) -> int:
    """Return the longest time a request may take: an operation reads list and types, writes, and may read again."""
    return int(4 * directory_timeout) + OVERHEAD_SECONDS


def is_draining(file: str) -> bool:
    """Return whether this replica wants no new requests, because it is about to stop."""
    return bool(file) and Path(file).exists()
