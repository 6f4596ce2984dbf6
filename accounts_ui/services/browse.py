"""What an admin can see: people and accounts, types, one person, one account."""

import datetime
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from accounts_ui.changes import reading
from accounts_ui.changes.models import Change
from accounts_ui.directory.client import DirectoryClient
from accounts_ui.directory.ids import is_id
from accounts_ui.directory.rows import Account, AccountType, Listing, Person, Row
from accounts_ui.services.catalogue import TypeRow, known_types
from accounts_ui.services.errors import SubjectUnknown
from accounts_ui.services.inputs import check_subject
from accounts_ui.services.origin import Origin
from accounts_ui.services.outside import Key, Outside, all_outside

_T = TypeVar("_T")
_NEVER = datetime.datetime.min.replace(tzinfo=datetime.UTC)


@dataclass(frozen=True, slots=True)
class AccountFilters:
    """What to show of the accounts. ``sort`` is one of ``ACCOUNT_SORTS``, reversed by a leading ``-``."""

    q: str = ""
    status: str = ""
    type: str = ""
    sort: str = "name"
    page: int = 1
    per_page: int = 50


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

    @property
    def has_page(self) -> bool:
        """Whether the subject id can stand in an address, so that there is something to lead to."""
        return self.subject_id is not None and is_id(self.subject_id)

    @property
    def has_forms(self) -> bool:
        """Whether the account can be named in an address."""
        return self.has_page and self.code is not None and is_id(self.code)

    @property
    def created(self) -> datetime.datetime | None:
        """``created_at`` as a time, where it is one."""
        return as_time(self.created_at)


@dataclass(frozen=True, slots=True)
class AccountPage:
    """One page of people and accounts; ``listed`` counts the rows before filtering."""

    rows: list[AccountRow]
    total: int
    page: int
    pages: int
    per_page: int
    statuses: list[tuple[str, int]]
    types: list[tuple[str, str, int]]
    read_at: datetime.datetime
    listed: int
    recorded_only: list[RecordedAccount]


@dataclass(frozen=True, slots=True)
class TypePage:
    """The types that match; ``note`` says why they may not be all."""

    rows: list[TypeRow]
    total: int
    statuses: list[tuple[str, int]]
    note: str
    read_at: datetime.datetime


@dataclass(frozen=True, slots=True)
class PersonPage:
    """Everything about one person."""

    subject_id: str
    name: str
    person: AccountRow | None
    accounts: list[AccountRow]
    recorded: list[RecordedAccount]
    changes: list[Change]
    read_at: datetime.datetime


@dataclass(frozen=True, slots=True)
class Choices:
    """Whom and what an assignment can name."""

    people: list[tuple[str, str]]
    types: list[TypeRow]
    note: str


ACCOUNT_SORTS: dict[str, Callable[[AccountRow], Any]] = {
    "name": lambda row: (not row.name, fold(row.name)),
    "subject_id": lambda row: (row.subject_id is None, row.subject_id or ""),
    "email": lambda row: (not row.email, fold(row.email)),
    "code": lambda row: (row.code is None, row.code or ""),
    "status": lambda row: row.status,
    "created": lambda row: row.created or _NEVER,
}

TYPE_SORTS: dict[str, Callable[[TypeRow], Any]] = {
    "code": lambda row: row.code,
    "name": lambda row: fold(row.name or row.code),
    "status": lambda row: row.status,
    "created": lambda row: as_time(row.created_at) or _NEVER,
}


def list_accounts(*, client: DirectoryClient, origin: Origin, filters: AccountFilters) -> AccountPage:
    """One page of the organization's people and accounts, read now."""
    listing = client.list_users(origin.organization_id)
    known = _known(origin.organization_id, listing)
    rows = _rows(listing, known)
    found = _matching(rows, filters)
    pages = max(1, -(-len(found) // filters.per_page))
    page = min(filters.page, pages)
    names = {row.code: row.type_name for row in rows if row.code}
    shown = {row.subject_id for row in rows if row.subject_id is not None}
    return AccountPage(
        rows=found[(page - 1) * filters.per_page : page * filters.per_page],
        total=len(found),
        page=page,
        pages=pages,
        per_page=filters.per_page,
        statuses=sorted(Counter(row.status for row in rows).items()),
        types=[(code, names.get(code, ""), count) for code, count in sorted(_codes(rows).items())],
        read_at=listing.read_at,
        listed=len(rows),
        recorded_only=[one for one in known.recorded if one.subject_id not in shown or _has_no_row(one, listing)],
    )


def matching_accounts(*, client: DirectoryClient, origin: Origin, filters: AccountFilters) -> list[AccountRow]:
    """All rows that match, as an export wants them."""
    listing = client.list_users(origin.organization_id)
    return _matching(_rows(listing, _known(origin.organization_id, listing)), filters)


def list_types(
    *, client: DirectoryClient, origin: Origin, q: str = "", status: str = "", sort: str = "name"
) -> TypePage:
    """The organization's account types, from the catalogue or what else tells of them."""
    known = known_types(client=client, organization_id=origin.organization_id)
    words = fold(q).split()
    rows = [row for row in known.rows if not status or row.status == status]
    rows = [row for row in rows if all(word in fold(f"{row.code} {row.name} {row.description}") for word in words)]
    rows = _sorted(rows, TYPE_SORTS, sort)
    statuses = sorted(Counter(row.status for row in known.rows).items())
    return TypePage(rows=rows, total=len(rows), statuses=statuses, note=known.note, read_at=known.read_at)


def show_person(*, client: DirectoryClient, origin: Origin, subject_id: str) -> PersonPage:
    """One person as the directory shows them now, and what this console knows besides.

    Raises:
        InvalidInput: not a subject id.
        SubjectUnknown: neither the directory nor the log knows the person.

    """
    check_subject(subject_id)
    listing = client.list_users(origin.organization_id)
    known = _known(origin.organization_id, listing, [subject_id])
    rows = [row for row in _rows(listing, known) if row.subject_id == subject_id]
    changes = reading.of_subject(origin.organization_id, subject_id)
    if not rows and not changes:
        raise SubjectUnknown("Neither the directory nor the change log of this organization knows this person.")
    accounts = [row for row in rows if row.code is not None]
    codes = {row.code for row in accounts}
    recorded = [one for one in known.recorded if one.code not in codes]
    person = next((row for row in rows if row.code is None), None)
    name = next((row.name for row in rows if row.name), changes[0].subject_name if changes else "")
    return PersonPage(
        subject_id=subject_id,
        name=name,
        person=person,
        accounts=accounts,
        recorded=recorded,
        changes=changes,
        read_at=listing.read_at,
    )


def choices(*, client: DirectoryClient, origin: Origin) -> Choices:
    """Whom and what an assignment can name, as the directory tells now."""
    listing = client.list_users(origin.organization_id)
    known = known_types(client=client, organization_id=origin.organization_id, listing=listing)
    people = {p.subject_id: _label(p) for p in listing.people if p.subject_id is not None}
    for account in listing.accounts:
        people.setdefault(account.subject_id, account.subject_id)
    ordered = sorted(people.items(), key=lambda pair: fold(pair[1]))
    types = [row for row in known.rows if row.status != "deleted"]
    return Choices(people=ordered, types=types, note=known.note)


def fold(text: str) -> str:
    """``text`` without case and accents, for searching and sorting."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def as_time(text: str) -> datetime.datetime | None:
    """An RFC 3339 time; ``None`` where ``text`` is none."""
    try:
        found = datetime.datetime.fromisoformat(text)
        return found.astimezone(datetime.UTC) if found.tzinfo else found.replace(tzinfo=datetime.UTC)
    except (ValueError, OverflowError):  # the latter: in UTC it would lie before the year 1 or after 9999
        return None


def _label(person: Person) -> str:
    detail = person.email or person.username
    return f"{person.name} ({detail})" if person.name and detail else person.name or detail or str(person.subject_id)


@dataclass(frozen=True, slots=True)
class _Known:
    """What the log adds to the directory's list: what it last applied, and where the two differ."""

    recorded: list[RecordedAccount]
    outside: dict[Key, Outside]


def _known(organization_id: str, listing: Listing, subject_ids: Iterable[str] | None = None) -> _Known:
    applied = reading.last_applied(organization_id, subject_ids=subject_ids)
    outside = all_outside(organization_id, listing, applied)
    recorded = [
        RecordedAccount(
            subject_id=one.subject_id,
            subject_name=one.subject_name,
            code=one.code,
            type_name=one.type_name,
            status=one.after or "",
            recorded_at=one.settled_at or one.requested_at,
            change_id=str(one.change_id),
            outside=outside.get((one.subject_id, one.code)),
        )
        for one in applied
    ]
    return _Known(recorded, outside)


def _has_no_row(one: RecordedAccount, listing: Listing) -> bool:
    """Whether it is gone from the list, and there is no row of the person's own to say so at."""
    gone = one.outside is not None and one.outside.listed is None
    return gone and listing.person(one.subject_id) is None


def _rows(listing: Listing, known: _Known) -> list[AccountRow]:
    """The directory's rows in its order; account types are on a page of their own."""
    recorded: dict[str, list[RecordedAccount]] = {}
    for one in known.recorded:
        if listing.account(one.subject_id, one.code) is None:
            recorded.setdefault(one.subject_id, []).append(one)
    types = {row.code: row.name for row in listing.types}
    rows = (_row(row, listing, types, recorded, known.outside) for row in listing.rows)
    return [row for row in rows if row is not None]


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


def _matching(rows: list[AccountRow], filters: AccountFilters) -> list[AccountRow]:
    if filters.status:
        rows = [row for row in rows if row.status == filters.status]
    if filters.type:
        rows = [row for row in rows if filters.type in _codes_of(row)]
    if words := fold(filters.q).split():
        rows = [row for row in rows if _mentions(row, words)]
    return _sorted(rows, ACCOUNT_SORTS, filters.sort)


def _mentions(row: AccountRow, words: list[str]) -> bool:
    parts = (row.name, row.email, row.username, row.subject_id or "", *_codes_of(row), row.text)
    text = fold("\n".join(parts))
    return all(word in text for word in words)


def _codes_of(row: AccountRow) -> list[str]:
    return [*([row.code] if row.code is not None else []), *(one.code for one in row.recorded)]


def _codes(rows: Iterable[AccountRow]) -> Counter[str]:
    return Counter(code for row in rows for code in _codes_of(row))


def _sorted(rows: list[_T], sorts: dict[str, Callable[[_T], Any]], sort: str) -> list[_T]:
    return sorted(rows, key=sorts[sort.removeprefix("-")], reverse=sort.startswith("-"))
