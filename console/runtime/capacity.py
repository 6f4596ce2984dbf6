"""The size of a replica: its processes, their threads, and the database connections that they hold."""

import os
from typing import Final

THREADS: Final = 8
"""Threads of each process. A request mostly waits, for the directory or for the database."""


def worker_count() -> int:
    """Return the number of worker processes, from the variable that gunicorn reads too."""
    text = os.environ.get("WEB_CONCURRENCY", "")
    return int(text) if text.isdecimal() else 1


def max_connections() -> int:
    """Return the most PostgreSQL connections of this replica: one per thread, and one per process to wake workers."""
    return worker_count() * (THREADS + 1)
