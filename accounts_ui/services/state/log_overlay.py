"""What the log adds to the directory's list: the last change of each account, and where list and log differ."""

import copy
import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from accounts_ui.changes import queries
from accounts_ui.changes.queries import AppliedChange
from accounts_ui.directory.listing import Listing
from accounts_ui.services.state.account_facts import Drift
from accounts_ui.services.state.drift import Key, find_all_drift

_MANY: Final = 500  # changed accounts, from which on reading everything again is cheaper


@dataclass(frozen=True, slots=True)
class RecordedAccount:
    """An account that only this console's log names."""

    subject_id: str
    subject_name: str
    code: str
    type_name: str
    status: str
    recorded_at: datetime.datetime
    change_id: str
    outside: Drift | None = None


@dataclass(frozen=True, slots=True)
class LastChange:
    """When and by whom this console last changed an account, or any account of a person."""

    at: datetime.datetime
    who: str
    change_id: str


class LogOverlay:
    """The log's view of a list, as of the end of the log at ``sequence``.

    Args:
        sequence: where the log ended before ``applied`` was read.
        applied: the last applied change of each account in question, oldest first.
        earlier: the overlay before, of which everything but the ``touched`` accounts still holds.

    """

    def __init__(
        self,
        listing: Listing,
        sequence: int,
        applied: Iterable[AppliedChange],
        *,
        earlier: "LogOverlay | None" = None,
        touched: frozenset[Key] = frozenset(),
    ) -> None:
        people = {subject_id for subject_id, _code in touched}
        self.sequence = sequence
        self._listing = listing
        self._applied: dict[Key, AppliedChange] = dict(earlier._applied) if earlier else {}
        self._newest: dict[str, AppliedChange] = dict(earlier._newest) if earlier else {}
        self.outside: dict[Key, Drift] = (
            {key: drift for key, drift in earlier.outside.items() if key[0] not in people} if earlier else {}
        )
        self._unlisted: dict[str, list[AppliedChange]] = (
            {subject: changes for subject, changes in earlier._unlisted.items() if subject not in people}
            if earlier
            else {}
        )
        self._add(list(applied))

    @classmethod
    def of(cls, listing: Listing, subject_ids: Iterable[str] | None = None) -> "LogOverlay":
        """Return the overlay as of now, for everybody or for some people."""
        sequence = queries.end_of_log(listing.organization_id)
        return cls(listing, sequence, queries.last_applied(listing.organization_id, subject_ids=subject_ids))

    def since(self, sequence: int) -> "LogOverlay":
        """Return the same overlay as of ``sequence``, so that ``later`` reads again what was recorded after it."""
        earlier = copy.copy(self)
        earlier.sequence = sequence
        return earlier

    def later(self, listing: Listing) -> "LogOverlay":
        """Return the overlay as of now, over a ``listing`` that own writes may have changed."""
        sequence = queries.end_of_log(listing.organization_id)
        if sequence == self.sequence:
            return self
        touched = queries.accounts_updated_since(listing.organization_id, self.sequence, most=_MANY)
        if touched is None:
            return LogOverlay.of(listing)
        if not touched:
            self.sequence = sequence  # only events that belong to no change
            return self
        subject_ids = {subject_id for subject_id, _code in touched}
        applied = queries.last_applied(listing.organization_id, subject_ids=subject_ids)
        return LogOverlay(listing, sequence, applied, earlier=self, touched=touched)

    @property
    def unlisted(self) -> Iterable[str]:
        """The people with accounts that only the log names."""
        return self._unlisted

    @property
    def type_names(self) -> dict[str, str]:
        """The names of the account types of those accounts, by code."""
        unlisted = (change for changes in self._unlisted.values() for change in changes)
        return {change.code: change.type_name for change in unlisted if change.type_name}

    @property
    def subjects(self) -> Iterable[str]:
        """The people whose accounts this console has changed."""
        return self._newest

    def codes(self, subject_id: str) -> tuple[str, ...]:
        """Return the account types of the person's accounts that only the log names."""
        return tuple(change.code for change in self._unlisted.get(subject_id, ()))

    def recorded(self, subject_id: str) -> list[RecordedAccount]:
        """Return the person's accounts that only the log names."""
        return [self._recorded(change) for change in self._unlisted.get(subject_id, ())]

    def last_change(self, subject_id: str, code: str | None) -> LastChange | None:
        """Return the last change of the account; without a code, of any of the person's accounts."""
        change = self._newest.get(subject_id) if code is None else self._applied.get((subject_id, code))
        if change is None:
            return None
        who = change.actor_name or change.actor_email or change.actor_subject
        return LastChange(_applied_at(change), who, str(change.change_id))

    def without_a_row(self) -> list[RecordedAccount]:
        """Return the accounts that only the log names, of people who have no row in the list."""
        return [
            self._recorded(change)
            for subject_id, changes in self._unlisted.items()
            for change in changes
            if not self._listing.is_listed(subject_id) or self._has_no_row(change)
        ]

    def _add(self, applied: list[AppliedChange]) -> None:
        """Add applied changes, oldest first: the newest of each account stays."""
        self.outside |= find_all_drift(self._listing.organization_id, self._listing, applied)
        for change in applied:
            self._applied[change.subject_id, change.code] = self._newest[change.subject_id] = change
            if self._listing.account_row(change.subject_id, change.code) is None:
                self._unlisted.setdefault(change.subject_id, []).append(change)

    def _recorded(self, change: AppliedChange) -> RecordedAccount:
        return RecordedAccount(
            subject_id=change.subject_id,
            subject_name=change.subject_name,
            code=change.code,
            type_name=change.type_name,
            status=change.after or "",
            recorded_at=_applied_at(change),
            change_id=str(change.change_id),
            outside=self.outside.get((change.subject_id, change.code)),
        )

    def _has_no_row(self, change: AppliedChange) -> bool:
        """Return whether the account is gone from the list, and the person has no row of their own."""
        drift = self.outside.get((change.subject_id, change.code))
        return drift is not None and drift.listed is None and self._listing.person(change.subject_id) is None


def _applied_at(applied: AppliedChange) -> datetime.datetime:
    return applied.resolved_at or applied.requested_at
