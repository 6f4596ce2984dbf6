"""The one clock: code that records or compares times asks it, so that the sandbox can tell a story of several weeks."""

import datetime
from typing import Final

from django.utils import timezone

_NO_SHIFT: Final = datetime.timedelta(0)
_shift = _NO_SHIFT


def now() -> datetime.datetime:
    """Return the current time, in UTC."""
    return timezone.now() + _shift


def pretend(moment: datetime.datetime | None) -> None:
    """Make this process believe that it is ``moment`` now; ``None`` ends that. Time goes on from there.

    Only the sandbox's history calls this (``accounts_ui/sandbox_history``); a test holds everything else to it.
    """
    global _shift
    _shift = moment - timezone.now() if moment else _NO_SHIFT
