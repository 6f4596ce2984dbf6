"""What an admin can see: people and accounts, types, one person, one account."""

import datetime
from dataclasses import dataclass

from accounts_ui.changes import reading
from accounts_ui.changes.models import Change
from accounts_ui.directory.client import DirectoryClient
from accounts_ui.directory.rows import Person
from accounts_ui.services.catalogue import TypeRow, known_types
from accounts_ui.services.errors import SubjectUnknown
from accounts_ui.services.facets import (
    ACCOUNT_FACETS,
    TYPE_FACETS,
    Facet,
    mentioning,
    narrow,
    texts_of_account,
    texts_of_type,
)
from accounts_ui.services.inputs import check_subject
from accounts_ui.services.origin import Origin
from accounts_ui.services.people import AccountRow, Known, RecordedAccount, recorded_only, rows_of
from accounts_ui.services.sorting import ACCOUNT_SORTS, TYPE_SORTS, in_order
from accounts_ui.services.texts import fold


@dataclass(frozen=True, slots=True)
class AccountFilters:
    """What to show of the accounts. ``sort`` is one of ``ACCOUNT_SORTS``, reversed by a leading ``-``."""

    q: str = ""
    status: str = ""
    type: str = ""
    role: str = ""
    sort: str = "name"
    page: int = 1
    per_page: int = 50

    @property
    def chosen(self) -> dict[str, str]:
        """What is chosen of each facet."""
        return {"status": self.status, "type": self.type, "role": self.role}


@dataclass(frozen=True, slots=True)
class TypeFilters:
    """What to show of the types."""

    q: str = ""
    status: str = ""
    source: str = ""
    sort: str = "name"

    @property
    def chosen(self) -> dict[str, str]:
        """What is chosen of each facet."""
        return {"status": self.status, "source": self.source}


@dataclass(frozen=True, slots=True)
class AccountPage:
    """One page of people and accounts; ``listed`` counts the rows before filtering."""

    rows: list[AccountRow]
    total: int
    page: int
    pages: int
    per_page: int
    facets: list[Facet]
    read_at: datetime.datetime
    listed: int
    recorded_only: list[RecordedAccount]


@dataclass(frozen=True, slots=True)
class TypePage:
    """The types that match; ``note`` says why they may not be all."""

    rows: list[TypeRow]
    total: int
    listed: int
    facets: list[Facet]
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


def list_accounts(*, client: DirectoryClient, origin: Origin, filters: AccountFilters) -> AccountPage:
    """One page of the organization's people and accounts, read now."""
    listing = client.list_users(origin.organization_id)
    known = Known(origin.organization_id, listing)
    rows = rows_of(listing, known)
    found, facets = _found(rows, filters)
    pages = max(1, -(-len(found) // filters.per_page))
    page = min(filters.page, pages)
    return AccountPage(
        rows=found[(page - 1) * filters.per_page : page * filters.per_page],
        total=len(found),
        page=page,
        pages=pages,
        per_page=filters.per_page,
        facets=facets,
        read_at=listing.read_at,
        listed=len(rows),
        recorded_only=recorded_only(rows, listing, known),
    )


def matching_accounts(*, client: DirectoryClient, origin: Origin, filters: AccountFilters) -> list[AccountRow]:
    """All rows that match, as an export wants them."""
    listing = client.list_users(origin.organization_id)
    return _found(rows_of(listing, Known(origin.organization_id, listing)), filters)[0]


def list_types(*, client: DirectoryClient, origin: Origin, filters: TypeFilters) -> TypePage:
    """The organization's account types, from the catalogue or what else tells of them."""
    known = known_types(client=client, organization_id=origin.organization_id)
    named = mentioning(known.rows, filters.q, texts_of_type)
    rows, facets = narrow(named, TYPE_FACETS, filters.chosen)
    return TypePage(
        rows=in_order(rows, TYPE_SORTS, filters.sort),
        total=len(rows),
        listed=len(known.rows),
        facets=facets,
        note=known.note,
        read_at=known.read_at,
    )


def show_person(*, client: DirectoryClient, origin: Origin, subject_id: str) -> PersonPage:
    """One person as the directory shows them now, and what this console knows besides.

    Raises:
        InvalidInput: not a subject id.
        SubjectUnknown: neither the directory nor the log knows the person.

    """
    check_subject(subject_id)
    listing = client.list_users(origin.organization_id)
    known = Known(origin.organization_id, listing, [subject_id])
    rows = [row for row in rows_of(listing, known) if row.subject_id == subject_id]
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


def _found(rows: list[AccountRow], filters: AccountFilters) -> tuple[list[AccountRow], list[Facet]]:
    named = mentioning(rows, filters.q, texts_of_account)
    found, facets = narrow(named, ACCOUNT_FACETS, filters.chosen)
    return in_order(found, ACCOUNT_SORTS, filters.sort), facets


def _label(person: Person) -> str:
    detail = person.email or person.username
    return f"{person.name} ({detail})" if person.name and detail else person.name or detail or str(person.subject_id)
