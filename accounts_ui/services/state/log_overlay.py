"""What the log adds to the directory's list: what it last applied to each account, and where the two differ."""

import copy
import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from accounts_ui.changes import queries
from accounts_ui.changes.queries import AppliedChange
from accounts_ui.directory.listing import Listing
from accounts_ui.services.account import Drift
from accounts_ui.services.state.drift import Key, find_all_drift

_MANY: Final = 500  # accounts changed since: from here on everything is read again


@dataclass(frozen=True, slots=True)
class RecordedAccount:
    """An account that only this console's own log tells of."""

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
    """The log's view of a list, as it was when the chain ended at ``sequence``.

    Args:
        sequence: where the chain ended before ``applied`` was read.
        applied: the last applied change of each account in question, oldest first.
        earlier: what was known before, of which everything but ``touched`` accounts still holds.

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
            {key: mark for key, mark in earlier.outside.items() if key[0] not in people} if earlier else {}
        )
        self._unlisted: dict[str, list[AppliedChange]] = (
            {one: rest for one, rest in earlier._unlisted.items() if one not in people} if earlier else {}
        )
        self._take(list(applied))

    @classmethod
    def of(cls, listing: Listing, subject_ids: Iterable[str] | None = None) -> "LogOverlay":
        """What the log knows now, of everybody or of some people."""
        sequence = queries.end_of_chain()
        return cls(listing, sequence, queries.last_applied(listing.organization_id, subject_ids=subject_ids))

    def since(self, sequence: int) -> "LogOverlay":
        """The same, as if nothing were known of what the log recorded after ``sequence``: ``later`` looks again."""
        earlier = copy.copy(self)
        earlier.sequence = sequence
        return earlier

    def later(self, listing: Listing) -> "LogOverlay":
        """The same for now: with what was recorded since, over a ``listing`` that own writes may have changed."""
        sequence = queries.end_of_chain()
        if sequence == self.sequence:
            return self
        touched = queries.accounts_updated_since(listing.organization_id, self.sequence, most=_MANY)
        if touched is None:
            return LogOverlay.of(listing)
        if not touched:
            self.sequence = sequence  # what was recorded was of other organizations
            return self
        applied = queries.last_applied(listing.organization_id, subject_ids={one for one, _code in touched})
        return LogOverlay(listing, sequence, applied, earlier=self, touched=touched)

    @property
    def unlisted(self) -> Iterable[str]:
        """The people with accounts that only the log tells of."""
        return self._unlisted

    @property
    def type_names(self) -> dict[str, str]:
        """What the log calls the account types of which only it tells."""
        return {one.code: one.type_name for rest in self._unlisted.values() for one in rest if one.type_name}

    @property
    def subjects(self) -> Iterable[str]:
        """The people whose accounts this console ever changed."""
        return self._newest

    def codes(self, subject_id: str) -> tuple[str, ...]:
        """The account types of which only the log tells."""
        return tuple(one.code for one in self._unlisted.get(subject_id, ()))

    def recorded(self, subject_id: str) -> list[RecordedAccount]:
        """The accounts of which only the log tells."""
        return [self._recorded(one) for one in self._unlisted.get(subject_id, ())]

    def last_change(self, subject_id: str, code: str | None) -> LastChange | None:
        """The last change of the account; without a code that of any of the person's accounts."""
        one = self._newest.get(subject_id) if code is None else self._applied.get((subject_id, code))
        return LastChange(_moment_of(one), one.actor_name or one.actor_subject, str(one.change_id)) if one else None

    def without_a_row(self) -> list[RecordedAccount]:
        """What the log knows of people who have no row to say so at."""
        return [
            self._recorded(one)
            for subject_id, rest in self._unlisted.items()
            for one in rest
            if not self._listing.is_listed(subject_id) or self._has_no_row(one)
        ]

    def _take(self, applied: list[AppliedChange]) -> None:
        """Take in what was applied, oldest first: the newest of each account stays."""
        self.outside |= find_all_drift(self._listing.organization_id, self._listing, applied)
        for one in applied:
            self._applied[one.subject_id, one.code] = self._newest[one.subject_id] = one
            if self._listing.account_row(one.subject_id, one.code) is None:
                self._unlisted.setdefault(one.subject_id, []).append(one)

    def _recorded(self, one: AppliedChange) -> RecordedAccount:
        return RecordedAccount(
            subject_id=one.subject_id,
            subject_name=one.subject_name,
            code=one.code,
            type_name=one.type_name,
            status=one.after or "",
            recorded_at=_moment_of(one),
            change_id=str(one.change_id),
            outside=self.outside.get((one.subject_id, one.code)),
        )

    def _has_no_row(self, one: AppliedChange) -> bool:
        """Whether it is gone from the list, and there is no row of the person's own to say so at."""
        mark = self.outside.get((one.subject_id, one.code))
        return mark is not None and mark.listed is None and self._listing.person(one.subject_id) is None


def _moment_of(applied: AppliedChange) -> datetime.datetime:
    return applied.resolved_at or applied.requested_at
