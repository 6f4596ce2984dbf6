"""The directory's array, decoded row by row into columns. No row is ever dropped.

Nearly all rows are a user reference or a user account with documented fields of the documented types. They are decoded
directly into the structs below, which have no fields for what this console must not keep. Any other row is decoded as
it came and told apart by its fields, which takes longer.
"""

from collections.abc import Iterator
from itertools import chain, islice
from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from accounts_ui.directory.column_store import ACCOUNT, PERSON, ColumnStore, RowAttributes, effective_text
from accounts_ui.directory.rows import NotRows, parse_row, status_text, visible_name

_T = TypeVar("_T")
_Text = Annotated[str, Meta(min_length=1)]


class _Name(Struct, gc=False):
    given_name: str | None = None
    middle_name: str | None = None
    family_name: str | None = None


class _Traits(Struct, gc=False):
    name: _Name | None = None
    email: str | None = None
    username: str | None = None


class _Identity(Struct, gc=False):
    id: str | None = None
    traits: _Traits | None = None


class _Person(Struct, gc=False, forbid_unknown_fields=True):
    """A user reference without undocumented fields."""

    identity: _Identity
    acls: tuple[str, ...] | None = None
    org_id: str | None = None
    status: str | None = None
    creation_date: str | None = None
    effective_date: str | None = None


class _Account(Struct, gc=False, forbid_unknown_fields=True):
    """A user account without undocumented fields."""

    subject_id: _Text
    account_code: _Text
    id: str | None = None
    org_id: str | None = None
    status: str | None = None
    creation_date: str | None = None
    effective_date: str | None = None
    expiration_date: str | None = None


_LONGEST_RUN: Final = 1000
_array: Final = msgspec.json.Decoder(list[Raw])
_anything: Final = msgspec.json.Decoder()
_person: Final = msgspec.json.Decoder(_Person)
_account: Final = msgspec.json.Decoder(_Account)


def read_rows(body: bytes) -> ColumnStore:
    """Return all rows of the body of an answer.

    Raises:
        NotRows: not JSON, or not an array.

    """
    try:
        return _decode_rows(_array.decode(body))
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise NotRows(str(error)) from error


def _decode_rows(raws: list[Raw]) -> ColumnStore:
    """Decode run by run: a run ends at the first row that is not of the same kind as the one before it."""
    rows, rest = ColumnStore(), iter(raws)
    raw = next(rest, None)
    while raw is not None:
        people, after = _run(_person, raw, rest)
        accounts, after = ([], after) if people else _run(_account, raw, rest)
        if people:
            _add_people(rows, people)
        elif accounts:
            _add_accounts(rows, accounts)
        else:
            rows.add(parse_row(_anything.decode(raw)))
            after = next(rest, None)
        raw = after
    rows.finish()
    return rows


def _run(decoder: msgspec.json.Decoder[_T], first: Raw, rest: Iterator[Raw]) -> tuple[list[_T], Raw | None]:
    """Return the rows from ``first`` on that are of the decoder's kind, and the one after them."""
    decoded: list[_T] = []
    decode, append = decoder.decode, decoded.append
    for raw in chain((first,), islice(rest, _LONGEST_RUN)):
        try:
            append(decode(raw))
        except msgspec.ValidationError:
            return decoded, raw
    return decoded, next(rest, None)


def _add_people(rows: ColumnStore, people: list[_Person]) -> None:
    rows.add_people(
        [person.identity.id or "" for person in people],
        [_text(person.identity.traits or _NO_TRAITS) for person in people],
        rows.numbers_of([(PERSON, person.status, None, person.acls, person.org_id) for person in people], _attributes),
        [
            (person.creation_date or "", effective_text(person.creation_date, person.effective_date), "", "")
            for person in people
        ],
    )


def _add_accounts(rows: ColumnStore, accounts: list[_Account]) -> None:
    rows.add_accounts(
        [account.subject_id for account in accounts],
        rows.numbers_of(
            [(ACCOUNT, account.status, account.account_code, None, account.org_id) for account in accounts], _attributes
        ),
        [
            (
                account.creation_date or "",
                effective_text(account.creation_date, account.effective_date),
                account.expiration_date or "",
                account.id or "",
            )
            for account in accounts
        ],
    )


def _text(traits: _Traits) -> tuple[str, str, str, str]:
    name = traits.name or _NO_NAME
    if name.given_name and name.family_name and not name.middle_name:
        full_name = f"{name.given_name} {name.family_name}"
    else:
        full_name = " ".join(filter(None, (name.given_name, name.middle_name, name.family_name)))
    return visible_name(full_name), visible_name(traits.email or ""), visible_name(traits.username or ""), ""


def _attributes(
    kind: str, status: str | None, code: str | None, roles: tuple[str, ...] | None, org_id: str | None
) -> RowAttributes:
    return RowAttributes(kind, status_text(status), code, roles or (), org_id or "")


_NO_TRAITS: Final = _Traits()
_NO_NAME: Final = _Name()
