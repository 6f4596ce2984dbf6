"""The directory's array, decoded row by row into a listing; no row is ever dropped.

Nearly all rows are a user reference or a user account with documented fields of the documented types. These are decoded
straight into the structs below, which have no place for what this console must not keep. Any other row takes the long
way: decoded as it came, and told apart by its fields.
"""

from collections.abc import Iterator
from itertools import chain, islice
from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from accounts_ui.directory.column_store import ACCOUNT, PERSON, Gathered, RowAttributes, effective_text
from accounts_ui.directory.rows import NotRows, parse_row, status_text

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
    """A user reference; what nobody described makes it no such thing, and sends it the long way."""

    identity: _Identity
    acls: tuple[str, ...] | None = None
    org_id: str | None = None
    status: str | None = None
    creation_date: str | None = None
    effective_date: str | None = None


class _Account(Struct, gc=False, forbid_unknown_fields=True):
    """A user account, likewise."""

    subject_id: _Text
    account_code: _Text
    id: str | None = None
    org_id: str | None = None
    status: str | None = None
    creation_date: str | None = None
    effective_date: str | None = None
    expiration_date: str | None = None


_AT_ONCE: Final = 1000
_array: Final = msgspec.json.Decoder(list[Raw])
_anything: Final = msgspec.json.Decoder()
_person: Final = msgspec.json.Decoder(_Person)
_account: Final = msgspec.json.Decoder(_Account)


def read_rows(body: bytes) -> Gathered:
    """All rows of the answer's body.

    Raises:
        NotRows: not JSON, or not an array.

    """
    try:
        return _gathered(_array.decode(body))
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise NotRows(str(error)) from error


def _gathered(raws: list[Raw]) -> Gathered:
    """Rows of a kind come in runs: a run ends at the first row that cannot be decoded as the one before it."""
    rows, rest = Gathered(), iter(raws)
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
    """The rows from ``first`` on that are of the decoder's kind, and the one after them."""
    found: list[_T] = []
    decode, append = decoder.decode, found.append
    for raw in chain((first,), islice(rest, _AT_ONCE)):
        try:
            append(decode(raw))
        except msgspec.ValidationError:
            return found, raw
    return found, next(rest, None)


def _add_people(rows: Gathered, people: list[_Person]) -> None:
    rows.add_people(
        [one.identity.id or "" for one in people],
        [_text(one.identity.traits or _NOBODY) for one in people],
        rows.numbers([(PERSON, one.status, None, one.acls, one.org_id) for one in people], _face),
        [(one.creation_date or "", effective_text(one.creation_date, one.effective_date), "", "") for one in people],
    )


def _add_accounts(rows: Gathered, accounts: list[_Account]) -> None:
    rows.add_accounts(
        [one.subject_id for one in accounts],
        rows.numbers([(ACCOUNT, one.status, one.account_code, None, one.org_id) for one in accounts], _face),
        [
            (
                one.creation_date or "",
                effective_text(one.creation_date, one.effective_date),
                one.expiration_date or "",
                one.id or "",
            )
            for one in accounts
        ],
    )


def _text(traits: _Traits) -> tuple[str, str, str, str]:
    name = traits.name or _NAMELESS
    if name.given_name and name.family_name and not name.middle_name:
        called = f"{name.given_name} {name.family_name}"
    else:
        called = " ".join(filter(None, (name.given_name, name.middle_name, name.family_name)))
    return called, traits.email or "", traits.username or "", ""


def _face(
    kind: str, status: str | None, code: str | None, roles: tuple[str, ...] | None, org_id: str | None
) -> RowAttributes:
    return RowAttributes(kind, status_text(status), code, roles or (), org_id or "")


_NOBODY: Final = _Traits()
_NAMELESS: Final = _Name()
