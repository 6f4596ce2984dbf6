"""The words of the contract, for people: actions, outcomes, statuses."""

from django.utils.translation import gettext_lazy, pgettext_lazy

_OUTCOMES = {
    "pending": gettext_lazy("running"),
    "applied": gettext_lazy("applied"),
    "not_applied": gettext_lazy("not applied"),
    "unknown": gettext_lazy("unknown"),
}

# The statuses that the documentation names, of accounts and of types. Others are shown as they came.
_STATUSES = {
    "active": pgettext_lazy("status", "active"),
    "disabled": pgettext_lazy("status", "disabled"),
    "expired": pgettext_lazy("status", "expired"),
    "pending": pgettext_lazy("status", "pending"),
    "deleted": pgettext_lazy("status", "deleted"),
    "draft": pgettext_lazy("status", "draft"),
    "test": pgettext_lazy("status", "test"),
    "inactive": pgettext_lazy("status", "inactive"),
    "published": pgettext_lazy("status", "published"),
}

_ACTIONS = {
    "assign": gettext_lazy("assign"),
    "change_status": gettext_lazy("change status"),
    "delete": gettext_lazy("delete"),
}


def action_word(action: str) -> str:
    """An action, for people."""
    return str(_ACTIONS.get(action, action))


def outcome_word(outcome: str) -> str:
    """An outcome, for people."""
    return str(_OUTCOMES.get(outcome, outcome))


def status_word(status: str) -> str:
    """A status, for people."""
    return str(_STATUSES.get(status, status))
