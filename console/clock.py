"""The clock of the whole console: code that records or compares times asks it, and nothing else."""

import datetime

from django.utils import timezone


def now() -> datetime.datetime:
    """Return the current time, in UTC."""
    return timezone.now()
