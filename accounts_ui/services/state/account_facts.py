"""What is known of one account: by the directory's list, by this console's log, and where the two differ."""

import datetime
from dataclasses import dataclass, field

from accounts_ui.changes.models import Change


@dataclass(frozen=True, slots=True)
class Drift:
    """A change of an account that this console did not make.

    ``kind``: ``changed``; ``gone`` from a list that would name it; ``back`` in use after our delete; ``expired`` by
    time.
    """

    kind: str
    listed: str | None
    applied: str | None
    applied_at: datetime.datetime
    change_id: str
    read_at: datetime.datetime


@dataclass(frozen=True, slots=True)
class AccountState:
    """What the preconditions of an operation depend on, and nothing else.

    Args:
        is_listed: the directory's list has the account, with ``listed_status``.
        is_recorded: this console applied a change to the account; the last one left ``recorded_status``.
        codes_listed: the list names this person's account types, so an account that is missing does not exist.
        person_listed: the list has any row of the person.
        person_recorded: this console applied a change to any account of the person.
        people_listed: the list has user references, so a person who is missing does not belong to the organization.
        type_known: the catalogue, the list or the log names the account type.
        drift: the change outside this console, if the list shows one.
        has_open_change: a change of the account is pending or has an unknown outcome.

    """

    is_listed: bool
    listed_status: str
    is_recorded: bool
    recorded_status: str | None
    codes_listed: bool
    person_listed: bool
    person_recorded: bool
    people_listed: bool
    type_known: bool
    drift: Drift | None
    has_open_change: bool

    @property
    def status(self) -> str | None:
        """The status by the list, or else by the log; ``None`` if neither has the account."""
        return self.listed_status if self.is_listed else self.recorded_status


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What the pages show of one account. ``source`` of the status: ``directory``, ``log`` or ``none``."""

    subject_id: str
    code: str
    subject_name: str
    subject_email: str
    type_name: str
    state: AccountState
    source: str
    recorded_at: datetime.datetime | None
    read_at: datetime.datetime
    created_at: str = ""
    expires_at: str = ""
    copies: int = 0
    changes: list[Change] = field(default_factory=list)
    open_change: Change | None = None

    @property
    def status(self) -> str | None:
        """The status of the account."""
        return self.state.status

    @property
    def drift(self) -> Drift | None:
        """The change outside this console, if the list shows one."""
        return self.state.drift
