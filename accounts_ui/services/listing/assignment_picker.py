"""Whom and what an assignment can name: people that match, with what they have, and the account types."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from accounts_ui.directory.ids import is_id
from accounts_ui.services.audit_context import AuditContext
from accounts_ui.services.listing.account_index import AccountIndex
from accounts_ui.services.listing.session_client import SessionClient
from accounts_ui.services.state.account_types import TypeRow, known_types
from accounts_ui.services.state.log_overlay import RecordedAccount
from accounts_ui.services.text import fold

MOST_PEOPLE: Final = 12  # that a search shows


@dataclass(frozen=True, slots=True)
class Held:
    """An account that somebody has. ``recorded``: this console's log alone tells of it."""

    code: str
    type_name: str
    status: str
    recorded: bool = False


@dataclass(slots=True)
class Candidate:
    """A person, and what they have, by code."""

    subject_id: str
    name: str = ""
    email: str = ""
    username: str = ""
    held: dict[str, Held] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """What to call the person."""
        return self.name or self.email or self.username or self.subject_id


@dataclass(frozen=True, slots=True)
class TypeChoice:
    """An account type, and the account of it that the chosen person has."""

    code: str
    name: str
    description: str
    status: str
    held: Held | None


@dataclass(frozen=True, slots=True)
class Picker:
    """``total`` people match; ``chosen`` is ``None`` where nobody is chosen, or nobody whom the directory lists.

    ``note``: why the types may not be all.
    """

    people: list[Candidate]
    total: int
    chosen: Candidate | None
    types: list[TypeChoice]
    note: str


def pick(*, client: SessionClient, context: AuditContext, who: str, subject_id: str) -> Picker:
    """The people that ``who`` matches, the one chosen, and the types, as directory and log tell now.

    Raises:
        DirectoryError: the directory cannot be read.

    """
    table = client.browse(context.organization_id).table
    catalogue = known_types(client=client, organization_id=context.organization_id, listing=table.listing)
    named = [] if who else _recorded_only(table)
    listed = list(table.people(table.find(who)))
    nearest = [*(_candidate(table, one) for one in listed[: MOST_PEOPLE + len(named)]), *named]
    people = sorted(nearest, key=lambda one: (fold(one.label), one.subject_id))
    chosen = _chosen(table, subject_id)
    total = len(listed) + len(named)
    return Picker(people[:MOST_PEOPLE], total, chosen, _types(catalogue.rows, chosen), catalogue.note)


def _chosen(table: AccountIndex, subject_id: str) -> Candidate | None:
    if table.listing.is_listed(subject_id) and is_id(subject_id):
        return _candidate(table, subject_id)
    return next((one for one in _recorded_only(table) if one.subject_id == subject_id), None)


def _recorded_only(table: AccountIndex) -> list[Candidate]:
    """The people whom the log alone tells of."""
    people: dict[str, Candidate] = {}
    for one in table.known.without_a_row():
        if not table.listing.is_listed(one.subject_id):
            person = people.setdefault(one.subject_id, Candidate(one.subject_id, one.subject_name))
            person.held.setdefault(one.code, _held(one))
    return list(people.values())


def _candidate(table: AccountIndex, subject_id: str) -> Candidate:
    person = Candidate(subject_id)
    for row in table.rows_of(subject_id):
        person.name, person.email = person.name or row.name, person.email or row.email
        person.username = person.username or row.username
        if row.code is not None:
            person.held[row.code] = _better(person.held.get(row.code), Held(row.code, row.type_name, row.status))
    for one in table.known.recorded(subject_id):
        person.held.setdefault(one.code, _held(one))
    return person


def _held(one: RecordedAccount) -> Held:
    return Held(one.code, one.type_name, one.status, recorded=True)


def _better(known: Held | None, listed: Held) -> Held:
    """Of two listed accounts of one type the one that is in the way of another."""
    return known if known and not known.recorded and known.status != "deleted" else listed


def _types(rows: Iterable[TypeRow], chosen: Candidate | None) -> list[TypeChoice]:
    held = chosen.held if chosen else {}
    return [
        TypeChoice(row.code, row.name, row.description, row.status, held.get(row.code))
        for row in rows
        if row.status != "deleted"
    ]
