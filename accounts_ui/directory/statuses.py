"""The statuses of an account: which there are, which of them end the account, and which usually follow.

These are the statuses that the Directory API documents. The directory may list others: pages show them as they came,
and no form offers them. To add a status, add it here; ``tests/unit/accounts_ui/test_vocabulary.py`` then names every
label, meaning and colour that is missing.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class StatusRules:
    """What holds for one status.

    Attributes:
        ends_account: the person no longer has what the account gave them.
        next_statuses: what an admin usually sets next, the likeliest first. Forms offer the others further down.

    """

    ends_account: bool
    next_statuses: tuple[str, ...]


STATUS_RULES: Final[dict[str, StatusRules]] = {
    "active": StatusRules(ends_account=False, next_statuses=("disabled", "expired")),
    "disabled": StatusRules(ends_account=True, next_statuses=("active", "expired")),
    "expired": StatusRules(ends_account=False, next_statuses=("active", "disabled")),
    "pending": StatusRules(ends_account=False, next_statuses=("active", "disabled")),
    "deleted": StatusRules(ends_account=True, next_statuses=("active",)),
}
STATUSES: Final = tuple(STATUS_RULES)
ENDED_STATUSES: Final = frozenset(status for status, rules in STATUS_RULES.items() if rules.ends_account)
NEXT_AFTER_OTHER: Final = ("active", "disabled")  # what usually follows a status that is not known, or not documented


def next_statuses(status: str | None) -> tuple[str, ...]:
    """Return the statuses that usually follow ``status``, the likeliest first."""
    rules = STATUS_RULES.get(status or "")
    return rules.next_statuses if rules else NEXT_AFTER_OTHER
