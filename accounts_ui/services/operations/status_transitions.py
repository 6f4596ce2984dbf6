"""From one status to the next: which are sensible, which are possible."""

from typing import Final

from accounts_ui.directory.client import STATUSES

_USUAL: Final = {
    "active": ("disabled", "expired"),
    "pending": ("active", "disabled"),
    "disabled": ("active", "expired"),
    "expired": ("active", "disabled"),
    "deleted": ("active",),
}
_NOT_KNOWN: Final = ("active", "disabled")


def usual_transitions(status: str | None) -> tuple[str, ...]:
    """What an account in ``status`` is usually set to, the likeliest first."""
    return _USUAL.get(status or "", _NOT_KNOWN)


def other_transitions(status: str | None) -> tuple[str, ...]:
    """The other statuses that can be set."""
    return tuple(one for one in STATUSES if one not in usual_transitions(status))
