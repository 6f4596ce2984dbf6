"""What can be appended to a log: a request, its outcome, a later resolution, or a statement that belongs to no change.

An append decides by the changes that its batch has read (``KnownChanges``), not by queries of its own, because all
writers of the organization wait meanwhile.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from accounts_ui.changes.models import OPEN_OUTCOMES, Change, EventKind, Outcome, facts_of
from console.recorded_text import parts_of

Account = tuple[str, str]
"""Subject and code."""


class LogError(Exception):
    """The event cannot be appended."""


class _Refusal(LogError):
    def __init__(self, change: Change) -> None:
        super().__init__(str(change.change_id))
        self.change = change


class IdTaken(_Refusal):
    """The operation id names a change already: ``change``."""


class AccountBusy(_Refusal):
    """The account has an open change: ``change``."""


class AccountMoved(_Refusal):
    """Another change of the account was recorded since its state was read: ``change``."""


class KnownChanges:
    """The changes that a batch of appends has to know, with those that the batch itself opens or moves on."""

    def __init__(self, changes: Iterable[Change]) -> None:
        self._by_id: dict[uuid.UUID, Change] = {}
        self._by_account: dict[Account, dict[uuid.UUID, Change]] = defaultdict(dict)
        for change in changes:
            self.add(change)

    def add(self, change: Change) -> None:
        """Know a further change."""
        self._by_id[change.change_id] = change
        self._by_account[change.subject_id, change.code][change.change_id] = change

    def find(self, change_id: uuid.UUID) -> Change | None:
        """Return the change with this id, of any organization."""
        return self._by_id.get(change_id)

    def of_account(self, account: Account) -> Iterable[Change]:
        """Return the changes of the account that are open, or were recorded lately."""
        return self._by_account[account].values()


@dataclass(frozen=True, slots=True)
class Draft:
    """An event before it has its place in the log. ``change`` is the one that it moves on, if there is one already."""

    kind: str
    facts: dict[str, Any]
    change: Change | None = None
    change_id: uuid.UUID | None = None
    evidence: dict[str, Any] | None = None
    about: dict[str, Any] | None = None


class Append(Protocol):
    """Something that waits to be appended to an organization's log."""

    @property
    def organization_id(self) -> str:
        """Whose log."""

    @property
    def change_id(self) -> uuid.UUID | None:
        """The change that it opens or moves on."""

    def decide(self, known: KnownChanges) -> Draft | Change | None:
        """Return the event to append; or the change as it is, if there is nothing to append.

        Raises:
            LogError: it must not be appended.

        """


@dataclass(frozen=True, slots=True)
class Opening:
    """The ``requested`` event of a new change."""

    change_id: uuid.UUID
    facts: dict[str, Any]
    read_at_sequence: int
    evidence: dict[str, Any] | None = None

    @property
    def organization_id(self) -> str:
        """Whose log."""
        return str(self.facts["organization_id"])

    @property
    def account(self) -> Account:
        """The account that it is about."""
        return self.facts["subject_id"], self.facts["code"]

    def decide(self, known: KnownChanges) -> Draft:
        """Refuse a known id, an account with an open change, and one that has changed since it was read."""
        taken = known.find(self.change_id)
        if taken:
            raise IdTaken(taken)
        changes = [change for change in known.of_account(self.account) if self._conflicts_with(change)]
        for change in changes:
            if change.is_open:
                raise AccountBusy(change)
        if changes:
            raise AccountMoved(changes[0])
        facts = {**self.facts, "outcome": Outcome.PENDING.value, "http_status": None, **detail_columns("")}
        return Draft(EventKind.REQUESTED.value, facts, change_id=self.change_id, evidence=self.evidence)

    def _conflicts_with(self, change: Change) -> bool:
        if change.organization_id != self.organization_id:  # known only because another append has its id
            return False
        return change.is_open or change.last_sequence > self.read_at_sequence


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The outcome that the requesting process saw."""

    change: Change
    outcome: str
    http_status: int | None
    detail: str
    after: str | None
    evidence: dict[str, Any] | None = None

    @property
    def organization_id(self) -> str:
        """Whose log."""
        return self.change.organization_id

    @property
    def change_id(self) -> uuid.UUID:
        """The change that it concludes."""
        return self.change.change_id

    def decide(self, known: KnownChanges) -> Draft | Change:
        """Append it once. A change that was resolved meanwhile gets a different answer as ``resolved``."""
        current = _require(known, self.change_id)
        if self.outcome == current.outcome or (not current.is_open and self.outcome == Outcome.UNKNOWN):
            return current
        kind, evidence = EventKind(self.outcome), self.evidence
        if not current.is_open:
            kind, evidence = EventKind.RESOLVED, {**(evidence or {}), "late_answer": True}
        values = {"outcome": self.outcome, "http_status": self.http_status, "after": self.after}
        facts = {**facts_of(current), **values, **detail_columns(self.detail)}
        return Draft(kind.value, facts, change=current, change_id=self.change_id, evidence=evidence)


@dataclass(frozen=True, slots=True)
class Resolution:
    """An outcome that was found out later, with who found it (``by``: actor, ip, request id) and the evidence."""

    change: Change
    outcome: str
    by: dict[str, Any]
    detail: str
    after: str | None
    evidence: dict[str, Any]
    message: str | None = None

    @property
    def organization_id(self) -> str:
        """Whose log."""
        return self.change.organization_id

    @property
    def change_id(self) -> uuid.UUID:
        """The change that it resolves."""
        return self.change.change_id

    def decide(self, known: KnownChanges) -> Draft | Change:
        """Append it if the change is still open; ``unknown`` only for a ``pending`` change whose process ended."""
        current = _require(known, self.change_id)
        if not current.is_open or self.outcome == current.outcome:
            return current
        kind = EventKind.UNKNOWN if self.outcome == Outcome.UNKNOWN else EventKind.RESOLVED
        values: dict[str, Any] = {"outcome": self.outcome, "after": self.after, **detail_columns(self.detail)}
        if self.message is not None:
            values["message"] = self.message
        facts = {**facts_of(current), **values, **self.by}
        return Draft(kind.value, facts, change=current, change_id=self.change_id, evidence=self.evidence)


@dataclass(frozen=True, slots=True)
class Statement:
    """An event that belongs to no change: ``about`` says what it is about, ``by`` who caused it, if anybody did."""

    organization_id: str
    kind: str
    about: dict[str, Any]
    by: dict[str, Any] = field(default_factory=dict)
    change_id: None = None

    def decide(self, _known: KnownChanges) -> Draft:
        """Append it in any case."""
        nothing = {"organization_id": self.organization_id, "outcome": "", **detail_columns("")}
        return Draft(self.kind, {**nothing, **self.by}, about=self.about)


def detail_columns(detail: str) -> dict[str, Any]:
    """Return the columns of a detail, with the parts that it is translated from."""
    return {"detail": str(detail), "detail_parts": parts_of(detail)}


def _require(known: KnownChanges, change_id: uuid.UUID) -> Change:
    change = known.find(change_id)
    if change is None:
        raise Change.DoesNotExist(f"There is no change {change_id}.")
    return change


def move_on(change: Change, event: Any) -> None:
    """Bring the change to what its newest event says."""
    for name in COLUMNS_OF_OUTCOME:
        setattr(change, name, getattr(event, name))
    change.last_sequence = event.sequence
    if event.outcome not in OPEN_OUTCOMES:
        change.resolved_at = event.at


COLUMNS_OF_OUTCOME = ("outcome", "http_status", "detail", "detail_parts", "after")
