"""Everything that the directory lists for one organization, in columns.

As objects, a hundred thousand rows would take most of a kilobyte each. Here a row is an entry in some arrays:

* its *line*: the person that it is about, by subject id, name, e-mail and username. An account is on its person's line;
* its *attributes*: what many rows have in common, such as kind, status, code and roles. They are stored once;
* its *record*: its times and its id, packed.

Rows are made into the structs of ``rows`` one at a time, when they are asked for.
"""

import copy
import datetime
from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterator
from functools import cached_property
from itertools import accumulate, chain, compress
from typing import Any, NamedTuple

from accounts_ui.directory.column_store import ACCOUNT, OTHER, PERSON, ColumnStore, Numbers, RowAttributes, effective_of
from accounts_ui.directory.person_rows import PersonRows
from accounts_ui.directory.rows import Account, AccountType, OtherRow, Person


class PersonLine(NamedTuple):
    """The person that a row is about. ``subject_id`` may be empty; ``text`` is a whole row of no known shape."""

    subject_id: str
    name: str
    email: str
    username: str
    text: str


class PersonColumns(NamedTuple):
    """Many lines: a list for each of their texts."""

    subject_ids: list[str]
    names: list[str]
    emails: list[str]
    usernames: list[str]
    texts: list[str]


class Listing:
    """All rows of one organization, as they were at some moment between ``asked_at`` and ``read_at``.

    Rows and lines are known by their numbers; account types are not rows. A listing never changes: ``with_account``
    makes another one, which shares what it can.
    """

    def __init__(
        self,
        organization_id: str,
        rows: ColumnStore,
        read_at: datetime.datetime,
        asked_at: datetime.datetime | None = None,
    ) -> None:
        self.organization_id = organization_id
        self.read_at = read_at
        self.asked_at = asked_at or read_at
        self.types: tuple[AccountType, ...] = tuple(rows.types)
        self.attributes: tuple[RowAttributes, ...] = tuple(rows.attributes)
        self.row_attributes = rows.row_attributes
        self.row_lines = rows.row_lines
        self._records = rows.records
        self._extras = rows.extras
        self._ids = rows.ids
        self._texts = rows.lines
        self._duplicate_lines = rows.duplicate_lines
        self._abandoned_lines = rows.abandoned_lines
        self._added_rows: dict[int, tuple[int, ...]] = {}  # rows that writes added, by line
        self._replaced_records: dict[int, tuple[str, str, str, str]] = {}  # records that writes brought, by row

    def __len__(self) -> int:
        """Return the number of rows, account types included."""
        return len(self.row_attributes) + len(self.types)

    @property
    def size(self) -> int:
        """Return the number of bytes that the columns take."""
        cached: Iterator[Any] = (vars(self).get(name, ()) for name in ("_by_id", "_by_line", "_starts"))
        columns = [column for column in (self.row_attributes, self.row_lines, *cached) if column]
        packed = (self._records, self._ids, self._texts)
        return int(sum(len(column) * column.itemsize for column in columns) + sum(texts.size for texts in packed))

    def line(self, number: int) -> PersonLine:
        """Return the person that the rows on this line are about."""
        return PersonLine(self._ids[number][0], *self._texts[number])

    @property
    def line_count(self) -> int:
        """Return the number of lines."""
        return len(self._ids)

    def subject_id(self, line: int) -> str:
        """Return the subject id of the line alone."""
        return self._ids[line][0]

    def lines(self) -> PersonColumns:
        """Return all lines, in the order of their numbers."""
        return PersonColumns(*self._ids.columns(), *self._texts.columns())

    def all_times(self) -> tuple[list[str], list[str], list[str]]:
        """Return ``times`` of all rows: a list for each of the three."""
        created, effective, expires, _ = self._records.columns()
        effective = list(map(effective_of, created, effective))
        for row in sorted(self._replaced_records):
            times = self._replaced_records[row]
            for column, text in zip((created, effective, expires), times, strict=False):
                column[row : row + 1] = [text]
        return created, effective, expires

    def row(self, number: int) -> Person | Account | OtherRow:
        """Return the row as a struct."""
        attributes = self.attributes[self.row_attributes[number]]
        subject_id, name, email, username, text = self.line(self.row_lines[number])
        created, effective, expires, account_id = self._record(number)
        if attributes.kind == OTHER:
            return OtherRow(text=text, status=attributes.status)
        extra = self.extra_fields(number)
        if attributes.kind == PERSON:
            return Person(
                subject_id=subject_id or None,
                name=name,
                email=email,
                username=username,
                status=attributes.status,
                roles=attributes.roles,
                org_id=attributes.org_id,
                created_at=created,
                effective_at=effective,
                extra=extra,
            )
        return Account(
            subject_id=subject_id,
            code=attributes.code or "",
            status=attributes.status,
            id=account_id,
            org_id=attributes.org_id,
            created_at=created,
            effective_at=effective,
            expires_at=expires,
            extra=extra,
        )

    def status(self, number: int) -> str:
        """Return the status of a row alone."""
        return self.attributes[self.row_attributes[number]].status

    def times(self, number: int) -> tuple[str, str, str]:
        """Return when the row was created, is effective from, and expires, as the directory says it."""
        return self._record(number)[:3]

    def extra_fields(self, number: int) -> dict[str, str]:
        """Return the undocumented fields of a row."""
        return self._extras.get(number, {})

    def find_line(self, subject_id: str) -> int | None:
        """Return the line of the person's accounts: that of their first user reference, if there is one."""
        position = bisect_left(self._by_id, subject_id, key=self.subject_id)
        line = self._by_id[position] if position < len(self._by_id) else None
        return line if line is not None and self.subject_id(line) == subject_id and subject_id else None

    def rows_of(self, subject_id: str) -> list[int]:
        """Return all rows about the person, in the directory's order."""
        line = self.find_line(subject_id)
        if line is None:
            return []
        lines = [line, *self._duplicate_lines.get(line, ())]
        listed = (self._by_line[self._starts[number] : self._starts[number + 1]] for number in lines)
        return sorted(chain(*listed, self._added_rows.get(line, ())))

    def rows_on(self, lines: Collection[int]) -> list[int]:
        """Return all rows on these lines, in the directory's order."""
        if len(lines) > len(self._ids) // 4:
            wanted = bytearray(len(self._ids))
            for line in lines:
                wanted[line] = 1
            return list(compress(range(len(self.row_lines)), map(wanted.__getitem__, self.row_lines)))
        listed = (self._by_line[self._starts[line] : self._starts[line + 1]] for line in lines)
        return sorted(chain(*listed, *(self._added_rows.get(line, ()) for line in lines)))

    def of_person(self, subject_id: str) -> PersonRows:
        """Return all rows about the person. Who asks several things of one person finds them once."""
        return PersonRows(self, self.rows_of(subject_id))

    def of_lines(self, lines: Collection[int]) -> PersonRows:
        """Return all rows on lines that are the same person's, for callers that have an index of the lines."""
        return PersonRows(self, self.rows_on(lines))

    def person(self, subject_id: str) -> Person | None:
        """Return the person's first user reference; ``None`` if the directory lists none."""
        return self.of_person(subject_id).person()

    def is_listed(self, subject_id: str) -> bool:
        """Whether any row names the person."""
        return self.find_line(subject_id) is not None

    def accounts_of(self, subject_id: str) -> tuple[Account, ...]:
        """Return the person's accounts that the directory lists."""
        return tuple(row for row in map(self.row, self.rows_of(subject_id)) if isinstance(row, Account))

    def account_rows(self, subject_id: str, code: str) -> list[int]:
        """Return the rows of the person's accounts with this type: more than one is a duplicate."""
        return self.of_person(subject_id).account_rows(code)

    def account_row(self, subject_id: str, code: str) -> int | None:
        """Return the row of the person's account with this type; ``PersonRows.account_row`` says which of several."""
        return self.of_person(subject_id).account_row(code)

    def account(self, subject_id: str, code: str) -> Account | None:
        """Return ``account_row`` as a struct."""
        return self.of_person(subject_id).account(code)

    def accounts_with(self, subject_id: str, code: str) -> tuple[Account, ...]:
        """Return ``account_rows`` as structs."""
        return tuple(map(self.row, self.account_rows(subject_id, code)))  # type: ignore[arg-type]

    def tells_codes_of(self, subject_id: str) -> bool:
        """Whether a code missing from this list means that the person does not have that type."""
        return self.of_person(subject_id).tells_codes()

    @cached_property
    def has_people(self) -> bool:
        """Whether it has a user reference."""
        return any(attributes.kind == PERSON for attributes in self.attributes)

    @cached_property
    def has_accounts(self) -> bool:
        """Whether it has a user account."""
        return any(attributes.kind == ACCOUNT for attributes in self.attributes)

    @property
    def codes(self) -> list[str]:
        """Return the account types that its accounts have, in the order in which they come first."""
        return list(dict.fromkeys(attributes.code for attributes in self.attributes if attributes.code is not None))

    def with_account(self, account: Account) -> "Listing | None":
        """Return the listing as it is after the directory answered a write with ``account``.

        ``None`` if that is not certain: the person has several accounts of the type, or is not listed.
        """
        line = self.find_line(account.subject_id)
        same = self.account_rows(account.subject_id, account.code)
        if line is None or len(same) > 1:
            return None
        later = copy.copy(self)
        later.row_attributes = self.row_attributes[:]
        attributes = RowAttributes(ACCOUNT, account.status, account.code, (), account.org_id)
        if attributes not in self.attributes:
            later.attributes = (*self.attributes, attributes)
        number = later.attributes.index(attributes)
        row = same[0] if same else len(self.row_attributes)
        if same:
            later.row_attributes[row] = number
        else:
            later.row_attributes.append(number)
            later.row_lines = self.row_lines + array("I", [line])
            later._added_rows = {**self._added_rows, line: (*self._added_rows.get(line, ()), row)}
        later._replaced_records = {
            **self._replaced_records,
            row: (account.created_at, account.effective_at, account.expires_at, account.id),
        }
        later._extras = {**self._extras, row: account.extra}
        later.__dict__.pop("has_accounts", None)
        return later

    def _record(self, row: int) -> tuple[str, str, str, str]:
        if row in self._replaced_records:
            return self._replaced_records[row]
        created, effective, expires, account_id = self._records[row]
        return created, effective_of(created, effective), expires, account_id

    @cached_property
    def _by_id(self) -> Numbers:
        """Return the lines that ``find_line`` finds, in the order of their ids."""
        hidden = self._abandoned_lines.union(*self._duplicate_lines.values())
        (ids,) = self._ids.columns()
        return array("I", (line for line in sorted(range(len(ids)), key=ids.__getitem__) if line not in hidden))

    @cached_property
    def _by_line(self) -> Numbers:
        return array("I", sorted(range(len(self.row_lines)), key=self.row_lines.__getitem__))

    @cached_property
    def _starts(self) -> Numbers:
        """Return where the rows of each line begin within ``_by_line``, and where those of the last one end."""
        counts = [0] * (len(self._ids) + 1)
        for line in self.row_lines:
            counts[line + 1] += 1
        return array("I", accumulate(counts))
