"""The rows of an organization: what the directory lists, and what the log knows of each."""

import csv
import datetime
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from accounts_ui.changes import reading
from accounts_ui.changes.reading import Applied
from accounts_ui.directory.ids import is_id
from accounts_ui.directory.rows import Account, AccountType, Listing, Person, Row
from accounts_ui.services.outside import Key, Outside, all_outside
from accounts_ui.services.texts import as_time


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
    outside: Outside | None = None


@dataclass(frozen=True, slots=True)
class LastChange:
    """When and by whom this console last changed an account, or any account of a person."""

    at: datetime.datetime
    who: str
    change_id: str


@dataclass(slots=True)
class AccountRow:
    """One row of the directory's list: a person, a person's account, or (``text``) what fits neither."""

    subject_id: str | None = None
    name: str = ""
    email: str = ""
    username: str = ""
    code: str | None = None
    type_name: str = ""
    status: str = ""
    created_at: str = ""
    effective_at: str = ""
    expires_at: str = ""
    roles: tuple[str, ...] = ()
    extra: dict[str, str] = field(default_factory=dict)
    text: str = ""
    recorded: list[RecordedAccount] = field(default_factory=list)
    duplicate: bool = False
    outside: Outside | None = None
    last_change: LastChange | None = None

    @property
    def has_page(self) -> bool:
        """Whether the subject id can stand in an address, so that there is something to lead to."""
        return self.subject_id is not None and is_id(self.subject_id)

    @property
    def has_forms(self) -> bool:
        """Whether the account can be named in an address."""
        return self.has_page and self.code is not None and is_id(self.code)

    @property
    def pair(self) -> str:
        """``subject_id,code`` as CSV, for selecting it; empty where nothing can be asked for it."""
        if not (self.has_forms if self.code is not None else self.has_page):
            return ""
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow([self.subject_id, self.code or ""])
        return line.getvalue()

    @property
    def created(self) -> datetime.datetime | None:
        """``created_at`` as a time, where it is one."""
        return as_time(self.created_at)

    @property
    def codes(self) -> list[str]:
        """The account types of the row: the listed one, and those that the log alone tells of."""
        return [*([self.code] if self.code is not None else []), *(one.code for one in self.recorded)]


class Known:
    """What the log adds to the directory's list: what it last applied, by whom, and where the two differ."""

    def __init__(self, organization_id: str, listing: Listing, subject_ids: Iterable[str] | None = None) -> None:
        self._applied = reading.last_applied(organization_id, subject_ids=subject_ids)
        self.outside = all_outside(organization_id, listing, self._applied)

    @cached_property
    def recorded(self) -> list[RecordedAccount]:
        """Each account that the log knows."""
        return [_recorded(one, self.outside.get((one.subject_id, one.code))) for one in self._applied]

    @cached_property
    def last_changes(self) -> dict[tuple[str, str | None], LastChange]:
        """By subject and code; without a code the person's newest."""
        found: dict[tuple[str, str | None], LastChange] = {}
        for one in self._applied:  # oldest first: the newest stays
            change = LastChange(_moment_of(one), one.actor_name or one.actor_subject, str(one.change_id))
            found[one.subject_id, one.code] = found[one.subject_id, None] = change
        return found


def rows_of(listing: Listing, known: Known) -> list[AccountRow]:
    """The directory's rows in its order; account types are on a page of their own."""
    recorded: dict[str, list[RecordedAccount]] = {}
    for one in known.recorded:
        if listing.account(one.subject_id, one.code) is None:
            recorded.setdefault(one.subject_id, []).append(one)
    types = {row.code: row.name for row in listing.types}
    found = []
    for listed in listing.rows:
        row = _row(listed, listing, types, recorded, known.outside)
        if row is not None:
            if row.subject_id is not None:
                row.last_change = known.last_changes.get((row.subject_id, row.code))
            found.append(row)
    return found


def recorded_only(rows: list[AccountRow], listing: Listing, known: Known) -> list[RecordedAccount]:
    """What the log knows of people who have no row to say so at."""
    shown = {row.subject_id for row in rows if row.subject_id is not None}
    return [one for one in known.recorded if one.subject_id not in shown or _has_no_row(one, listing)]


def _moment_of(applied: Applied) -> datetime.datetime:
    return applied.settled_at or applied.requested_at


def _recorded(applied: Applied, outside: Outside | None) -> RecordedAccount:
    return RecordedAccount(
        subject_id=applied.subject_id,
        subject_name=applied.subject_name,
        code=applied.code,
        type_name=applied.type_name,
        status=applied.after or "",
        recorded_at=_moment_of(applied),
        change_id=str(applied.change_id),
        outside=outside,
    )


def _has_no_row(one: RecordedAccount, listing: Listing) -> bool:
    """Whether it is gone from the list, and there is no row of the person's own to say so at."""
    gone = one.outside is not None and one.outside.listed is None
    return gone and listing.person(one.subject_id) is None


def _row(
    row: Row,
    listing: Listing,
    types: dict[str, str],
    recorded: dict[str, list[RecordedAccount]],
    outside: dict[Key, Outside],
) -> AccountRow | None:
    if isinstance(row, AccountType):
        return None
    if isinstance(row, Person):
        return AccountRow(
            subject_id=row.subject_id,
            name=row.name,
            email=row.email,
            username=row.username,
            status=row.status,
            created_at=row.created_at,
            effective_at=row.effective_at,
            roles=row.roles,
            extra=row.extra,
            recorded=recorded.get(row.subject_id or "", []),
        )
    if isinstance(row, Account):
        return _account_row(row, listing, types, outside)
    return AccountRow(text=row.text, status=row.status)


def _account_row(account: Account, listing: Listing, types: dict[str, str], outside: dict[Key, Outside]) -> AccountRow:
    person = listing.person(account.subject_id)
    mark = outside.get((account.subject_id, account.code))
    return AccountRow(
        subject_id=account.subject_id,
        name=person.name if person else "",
        email=person.email if person else "",
        username=person.username if person else "",
        code=account.code,
        type_name=types.get(account.code, ""),
        status=account.status,
        created_at=account.created_at,
        effective_at=account.effective_at,
        expires_at=account.expires_at,
        roles=person.roles if person else (),
        extra=account.extra,
        duplicate=len(listing.accounts_with(account.subject_id, account.code)) > 1,
        outside=mark if mark and listing.account(account.subject_id, account.code) is account else None,
    )
