"""How an unknown outcome is going to be decided: by the automatic read, or by a person."""

import datetime
import enum
from collections.abc import Sequence
from dataclasses import dataclass

from accounts_ui.changes.models import Change, EventBase, Outcome
from accounts_ui.services.reread_schedule import SHARED_READ_WINDOW, conclusive_from


class CheckState(enum.StrEnum):
    """What a page says about an outcome that is unknown."""

    CHECKING = "checking"  # the directory is read again automatically
    UNREADABLE = "unreadable"  # the list does not name codes, so no read can tell
    UNRESOLVED = "unresolved"  # the automatic read did not decide it, or did not take place


@dataclass(frozen=True, slots=True)
class OutcomeCheck:
    """The state of the check, and when the automatic read is due."""

    state: CheckState
    until: datetime.datetime


def check_of(
    change: Change, events: Sequence[EventBase], *, now: datetime.datetime, read_seconds: float
) -> OutcomeCheck | None:
    """Return how the outcome of ``change`` is going to be decided; ``None`` if it is not unknown.

    Args:
        events: those of the change, oldest first.
        read_seconds: how long a read may take. The automatic one is waited for that much longer.

    """
    if change.shown_outcome != Outcome.UNKNOWN:
        return None
    until = conclusive_from(change)
    evidence = (events[-1].evidence if events else None) or {}
    if evidence.get("lists_types") is False:
        return OutcomeCheck(CheckState.UNREADABLE, until)
    is_waited_for = now < until + SHARED_READ_WINDOW + datetime.timedelta(seconds=read_seconds)
    return OutcomeCheck(CheckState.CHECKING if is_waited_for else CheckState.UNRESOLVED, until)
