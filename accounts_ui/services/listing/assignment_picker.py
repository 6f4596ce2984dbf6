"""What the form of an assignment offers: the people that match a search, with their accounts, and the types."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from accounts_ui.directory.ids import is_id
from accounts_ui.services.audit_context import AuditContext
from accounts_ui.services.listing.account_index import AccountIndex
from accounts_ui.services.listing.caching_client import CachingClient
from accounts_ui.services.listing.person_search import contain_words, find_people, nearness
from accounts_ui.services.state.account_types import TypeRow, known_types
from accounts_ui.services.state.log_overlay import RecordedAccount
from accounts_ui.text.folding import fold, search_words

MOST_PEOPLE: Final = 12  # that a search shows


@dataclass(frozen=True, slots=True)
class ExistingAccount:
    """An account that a person has. ``recorded``: only this console's log knows it."""

    code: str
    type_name: str
    status: str
    recorded: bool = False


@dataclass(slots=True)
class Candidate:
    """A person with their accounts, by code."""

    subject_id: str
    name: str = ""
    email: str = ""
    username: str = ""
    accounts: dict[str, ExistingAccount] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Return what to call the person."""
        return self.name or self.email or self.username or self.subject_id


@dataclass(frozen=True, slots=True)
class TypeChoice:
    """An account type, and the account of this type that the chosen person has already."""

    code: str
    name: str
    description: str
    status: str
    existing: ExistingAccount | None


@dataclass(frozen=True, slots=True)
class Picker:
    """``total`` people match; ``chosen`` is ``None`` if nobody is chosen, or nobody that the directory lists.

    ``without_page`` more match, whom nobody can choose. ``note`` says why there may be other types.
    """

    people: list[Candidate]
    total: int
    without_page: int
    chosen: Candidate | None
    types: list[TypeChoice]
    note: str


def find_assignment_options(*, client: CachingClient, context: AuditContext, who: str, subject_id: str) -> Picker:
    """Return the people that ``who`` matches, the chosen person and the types, from the directory and the log.

    Raises:
        DirectoryError: the directory cannot be read.

    """
    index = client.browse(context.organization_id).table
    catalogue = known_types(client=client, organization_id=context.organization_id, listing=index.listing)
    recorded_only = [person for person in _recorded_only(index) if contain_words((person.subject_id, person.name), who)]
    listed = find_people(index, who, most=MOST_PEOPLE)
    people = [*(_candidate(index, listed_id) for listed_id in listed.nearest), *recorded_only]
    people.sort(key=lambda person: (person.subject_id != who.strip(), *_rank(person, search_words(who))))
    chosen = _chosen(index, subject_id)
    total = listed.total + len(recorded_only)
    types = _types(catalogue.rows, chosen)
    return Picker(people[:MOST_PEOPLE], total, listed.without_page, chosen, types, catalogue.note)


def _rank(person: Candidate, words: list[str]) -> tuple[int, int, str, str]:
    texts = [fold(text) for text in (person.subject_id, person.name, person.email, person.username)]
    near = nearness(words, texts) if words else (0, 0)
    return *near, fold(person.label), person.subject_id


def _chosen(index: AccountIndex, subject_id: str) -> Candidate | None:
    if index.listing.is_listed(subject_id) and is_id(subject_id):
        return _candidate(index, subject_id)
    return next((person for person in _recorded_only(index) if person.subject_id == subject_id), None)


def _recorded_only(index: AccountIndex) -> list[Candidate]:
    """Return the people that only the log knows."""
    people: dict[str, Candidate] = {}
    for account in index.overlay.without_a_row():
        if not index.listing.is_listed(account.subject_id):
            person = people.setdefault(account.subject_id, Candidate(account.subject_id, account.subject_name))
            person.accounts.setdefault(account.code, _existing(account))
    return list(people.values())


def _candidate(index: AccountIndex, subject_id: str) -> Candidate:
    person = Candidate(subject_id)
    for row in index.rows_of(subject_id):
        person.name, person.email = person.name or row.name, person.email or row.email
        person.username = person.username or row.username
        if row.code is not None:
            person.accounts[row.code] = _better(
                person.accounts.get(row.code), ExistingAccount(row.code, row.type_name, row.status)
            )
    for account in index.overlay.recorded(subject_id):
        person.accounts.setdefault(account.code, _existing(account))
    return person


def _existing(account: RecordedAccount) -> ExistingAccount:
    return ExistingAccount(account.code, account.type_name, account.status, recorded=True)


def _better(current: ExistingAccount | None, listed: ExistingAccount) -> ExistingAccount:
    """Return which of two accounts of one type prevents a new one: the listed one that is not deleted."""
    return current if current and not current.recorded and current.status != "deleted" else listed


def _types(rows: Iterable[TypeRow], chosen: Candidate | None) -> list[TypeChoice]:
    accounts = chosen.accounts if chosen else {}
    return [
        TypeChoice(row.code, row.name, row.description, row.status, accounts.get(row.code))
        for row in rows
        if row.status != "deleted"
    ]
