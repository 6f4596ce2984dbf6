"""What an admin can see: people and accounts, account types, one person, one account."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

from accounts_ui.changes import queries
from accounts_ui.changes.models import Change
from accounts_ui.directory.client_interface import DirectoryClient
from accounts_ui.services.audit_context import AuditContext
from accounts_ui.services.errors import InvalidInput, SubjectUnknown
from accounts_ui.services.listing.account_row import AccountRow
from accounts_ui.services.listing.caching_client import CachingClient
from accounts_ui.services.listing.facets import TYPE_FACETS, Facet, narrow, rows_with_words, searched_texts
from accounts_ui.services.listing.type_sorting import TYPE_SORTS, sort_by
from accounts_ui.services.state.account_state import email_address
from accounts_ui.services.state.account_types import TypeRow, known_types
from accounts_ui.services.state.log_overlay import RecordedAccount
from accounts_ui.services.validation import check_change_id, check_subject
from console.recorded_text import recorded

_NOBODY = recorded("person.unknown", "Neither the directory nor the change log of this organization knows this person.")


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
    """Everything about one person. ``result`` is the change that led to the page."""

    subject_id: str
    name: str
    person: AccountRow | None
    accounts: list[AccountRow]
    recorded: list[RecordedAccount]
    changes: list[Change]
    read_at: datetime.datetime
    result: Change | None = None


def list_accounts(*, client: CachingClient, context: AuditContext, filters: AccountFilters) -> AccountPage:
    """Return one page of the organization's people and accounts. A page past the last one is the last one."""
    index = client.browse(context.organization_id).table
    matching = index.search(filters.q, filters.chosen)
    pages = max(1, -(-matching.total // filters.per_page))
    page = min(filters.page, pages)
    return AccountPage(
        rows=list(matching.rows(filters.sort, (page - 1) * filters.per_page, page * filters.per_page)),
        total=matching.total,
        page=page,
        pages=pages,
        per_page=filters.per_page,
        facets=matching.facets,
        read_at=index.listing.read_at,
        listed=len(index),
        recorded_only=index.overlay.without_a_row(),
    )


def matching_accounts(*, client: CachingClient, context: AuditContext, filters: AccountFilters) -> Iterator[AccountRow]:
    """Yield all rows that match, for an export: each is made when it is asked for."""
    index = client.browse(context.organization_id).table
    return index.search(filters.q, filters.chosen).rows(filters.sort)


def list_types(*, client: DirectoryClient, context: AuditContext, filters: TypeFilters) -> TypePage:
    """Return the organization's account types, from the catalogue, the list of people and the log."""
    catalogue = known_types(client=client, organization_id=context.organization_id)
    named = rows_with_words(catalogue.rows, filters.q, searched_texts)
    rows, facets = narrow(named, TYPE_FACETS, filters.chosen)
    return TypePage(
        rows=sort_by(rows, TYPE_SORTS, filters.sort),
        total=len(rows),
        listed=len(catalogue.rows),
        facets=facets,
        note=catalogue.note,
        read_at=catalogue.read_at,
    )


def show_person(*, client: CachingClient, context: AuditContext, subject_id: str, result_id: str = "") -> PersonPage:
    """Return one person as the directory shows them now, and what this console's log adds.

    Args:
        result_id: the id of the change that led to the page; one that does not exist is ignored.

    Raises:
        InvalidInput: not a subject id.
        SubjectUnknown: neither the directory nor the log knows the person.

    """
    check_subject(subject_id)
    index = client.browse(context.organization_id).table
    rows = index.rows_of(subject_id)
    changes = queries.changes_of_subject(context.organization_id, subject_id)
    if not rows and not changes:
        raise SubjectUnknown(_NOBODY)
    accounts = [row for row in rows if row.code is not None]
    recorded = index.overlay.recorded(subject_id)
    person = next((row for row in rows if row.code is None), None)
    names = (row.name or row.email or row.username for row in rows)
    name = next(filter(None, names), changes[0].subject_name if changes else "")
    return PersonPage(
        subject_id=subject_id,
        name=name,
        person=person,
        accounts=accounts,
        recorded=recorded,
        changes=changes,
        read_at=index.listing.read_at,
        result=_change_or_none(context, result_id),
    )


def account_row(*, client: CachingClient, context: AuditContext, subject_id: str, code: str) -> AccountRow | None:
    """Return the row of one account; ``None`` if the directory does not list it."""
    index = client.browse(context.organization_id).table
    number = index.listing.account_row(subject_id, code)
    return None if number is None else index.row(number)


def known_email(*, client: CachingClient, change: Change) -> str:
    """Return the e-mail address of the person of a change, if this request has read the directory; else an empty text.

    It is for the page of an outcome, which must not fail because the directory does.
    """
    listing = client.listing_read
    return email_address(listing.of_person(change.subject_id)) if listing else ""


def _change_or_none(context: AuditContext, change_id: str) -> Change | None:
    try:
        return queries.find_change(context.organization_id, check_change_id(change_id)) if change_id else None
    except InvalidInput:
        return None
