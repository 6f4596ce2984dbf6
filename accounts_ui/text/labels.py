"""The words of the contract, for people: actions, outcomes, events, statuses."""

from django.utils.translation import gettext_lazy, pgettext_lazy

from console.recorded_text import register_status_labels

OUTCOME_LABELS = {
    "pending": gettext_lazy("running"),
    "applied": gettext_lazy("applied"),
    "not_applied": gettext_lazy("not applied"),
    "unknown": gettext_lazy("unknown"),
}

# The statuses that the documentation names, of accounts and of types. Others are shown as they came.
STATUS_LABELS = {
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

# What each status that a form offers means for the person.
STATUS_MEANINGS = {
    "active": gettext_lazy("the person can use it"),
    "pending": gettext_lazy("waits for something before it can be used"),
    "disabled": gettext_lazy("cannot be used for now; it can be set active again"),
    "expired": gettext_lazy("its time is over; it can be set active again"),
    "deleted": gettext_lazy("gone; the person can be assigned this type again"),
}

# Statuses stand in recorded sentences, too, and what stands there instead of one.
register_status_labels(
    {
        **STATUS_LABELS,
        "unknown": pgettext_lazy("status", "unknown"),
        "not known": pgettext_lazy("status", "not known"),
        "without a status": pgettext_lazy("status", "without a status"),
    }
)

EVENT_LABELS = {
    "requested": gettext_lazy("requested"),
    "resolved": gettext_lazy("resolved"),
    "key_changed": gettext_lazy("signing key changed"),
    "break_acknowledged": gettext_lazy("break acknowledged"),
}

ACTION_LABELS = {
    "assign": gettext_lazy("assign"),
    "change_status": gettext_lazy("change status"),
    "delete": gettext_lazy("delete"),
}


def action_word(action: str) -> str:
    """An action, for people."""
    return str(ACTION_LABELS.get(action, action))


def event_word(event: str) -> str:
    """An event of a change, for people. Most have the name of the outcome that they bring."""
    return str(EVENT_LABELS[event]) if event in EVENT_LABELS else outcome_word(event)


def outcome_word(outcome: str) -> str:
    """An outcome, for people."""
    return str(OUTCOME_LABELS.get(outcome, outcome))


def status_word(status: str) -> str:
    """A status, for people."""
    return str(STATUS_LABELS.get(status, status))
