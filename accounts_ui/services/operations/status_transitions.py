"""The statuses that a form offers for an account: the usual next ones first, then the others."""

from accounts_ui.directory.statuses import STATUSES, next_statuses


def usual_transitions(status: str | None) -> tuple[str, ...]:
    """Return what an account in ``status`` is usually set to, the likeliest first."""
    return next_statuses(status)


def other_transitions(status: str | None) -> tuple[str, ...]:
    """Return the other statuses that can be set."""
    usual = next_statuses(status)
    return tuple(other for other in STATUSES if other not in usual)
