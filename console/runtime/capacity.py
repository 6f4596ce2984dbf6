"""How large a replica is: its processes, their threads, and the connections that these take."""

import os
from typing import Final

THREADS: Final = 8
"""Threads of each process. Most of a request's time is waiting, for the directory or the database."""


def workers() -> int:
    """The number of worker processes, from the variable that gunicorn reads."""
    text = os.environ.get("WEB_CONCURRENCY", "")
    return int(text) if text.isdecimal() else 1


def connections() -> int:
    """The most connections to PostgreSQL that this replica holds: one a thread, and one a process to wake workers."""
    return workers() * (THREADS + 1)
