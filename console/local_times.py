"""Times as text in the reader's language and time zone."""

import datetime

from django.utils import timezone
from django.utils.formats import date_format


def local_text(at: datetime.datetime) -> str:
    """Return the time in the reader's zone, with its offset in the hour that a change of clocks repeats."""
    local = timezone.localtime(at)
    text = date_format(local, "DATETIME_FORMAT")
    return f"{text} ({offset(local)})" if is_repeated(local) else text


def is_repeated(local: datetime.datetime) -> bool:
    """Return whether the clocks of its zone show this time twice."""
    return local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset()


def offset(local: datetime.datetime) -> str:
    """Return such as ``UTC+02:00``."""
    return f"UTC{local.isoformat()[-6:]}"
