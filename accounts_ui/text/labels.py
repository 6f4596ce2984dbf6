"""The words of the contract, for people: actions, outcomes, events, statuses."""

from django.utils.translation import gettext_lazy, pgettext_lazy

from console.recorded_text import know_words

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

# Statuses stand in recorded sentences, too, and what stands there instead of one.
know_words(
    {
        **_STATUSES,
        "unknown": pgettext_lazy("status", "unknown"),
        "not known": pgettext_lazy("status", "not known"),
        "without a status": pgettext_lazy("status", "without a status"),
    }
)

_EVENTS = {
    "requested": gettext_lazy("requested"),
    "settled": gettext_lazy("settled"),
}

_ACTIONS = {
    "assign": gettext_lazy("assign"),
    "change_status": gettext_lazy("change status"),
    "delete": gettext_lazy("delete"),
}


def action_word(action: str) -> str:
    """An action, for people."""
    return str(_ACTIONS.get(action, action))


def event_word(event: str) -> str:
    """An event of a change, for people. Most have the name of the outcome that they bring."""
    return str(_EVENTS[event]) if event in _EVENTS else outcome_word(event)


def outcome_word(outcome: str) -> str:
    """An outcome, for people."""
    return str(_OUTCOMES.get(outcome, outcome))


def status_word(status: str) -> str:
    """A status, for people."""
    return str(_STATUSES.get(status, status))
