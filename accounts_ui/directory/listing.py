"""Everything that the directory lists for one organization, kept in columns.

A hundred thousand rows as objects of their own take most of a kilobyte each. Here a row is an entry in some arrays:

* its *line*: whom it is about — subject id, name, e-mail, username. An account stands on the line of its person;
* its *face*: what many rows have in common — kind, status, code, roles. Each face is held once;
* its *record*: its times and its id, packed.

Rows come out as the structs of ``rows``, one at a time, when somebody asks for them.
"""

import copy
import datetime
from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterator
from functools import cached_property
from itertools import accumulate, chain, compress
from typing import Any, NamedTuple

from accounts_ui.directory.column_store import ACCOUNT, OTHER, PERSON, Gathered, Numbers, RowAttributes, effective_of
from accounts_ui.directory.rows import Account, AccountType, OtherRow, Person
from accounts_ui.directory.statuses import ENDED_STATUSES


class Line(NamedTuple):
    """Whom a row is about: the subject id is empty where the directory gives none. A row of no shape is its text."""

    subject_id: str
    name: str
    email: str
    username: str
    text: str


class LineColumns(NamedTuple):
    """Many lines: a list for each of their texts."""

    subject_ids: list[str]
    names: list[str]
    emails: list[str]
    usernames: list[str]
    texts: list[str]


class Listing:
    """All rows of one organization, as they were at some moment between ``asked_at`` and ``read_at``.

    Rows and lines are named by their numbers; account types are no rows. Nothing here changes: what a write brings
    makes another listing, ``with_account``, that shares what it can.
    """

    def __init__(
        self,
        organization_id: str,
        rows: Gathered,
        read_at: datetime.datetime,
        asked_at: datetime.datetime | None = None,
    ) -> None:
        self.organization_id = organization_id
        self.read_at = read_at
        self.asked_at = asked_at or read_at
        self.types: tuple[AccountType, ...] = tuple(rows.types)
        self.faces: tuple[RowAttributes, ...] = tuple(rows.faces)
        self.row_faces = rows.row_faces
        self.row_lines = rows.row_lines
        self._records = rows.records
        self._extras = rows.extras
        self._ids = rows.ids
        self._texts = rows.lines
        self._twins = rows.twins
        self._hidden = rows.hidden
        self._later: dict[int, tuple[int, ...]] = {}  # rows that writes added, by line
        self._newer: dict[int, tuple[str, str, str, str]] = {}  # records that writes brought, by row

    def __len__(self) -> int:
        """Rows, account types included."""
        return len(self.row_faces) + len(self.types)

    @property
    def size(self) -> int:
        """Bytes that the columns take."""
        made: Iterator[Any] = (vars(self).get(name, ()) for name in ("_by_id", "_by_line", "_starts"))
        columns = [one for one in (self.row_faces, self.row_lines, *made) if one]
        packed = (self._records, self._ids, self._texts)
        return int(sum(len(one) * one.itemsize for one in columns) + sum(one.size for one in packed))

    def line(self, number: int) -> Line:
        """Whom the rows on this line are about."""
        return Line(self._ids[number][0], *self._texts[number])

    @property
    def line_count(self) -> int:
        """Lines; their numbers are the ones below it."""
        return len(self._ids)

    def subject_id(self, line: int) -> str:
        """The subject id of the line alone."""
        return self._ids[line][0]

    def lines(self) -> LineColumns:
        """All lines, in the order of their numbers, a list for each of their texts."""
        return LineColumns(*self._ids.columns(), *self._texts.columns())

    def all_times(self) -> tuple[list[str], list[str], list[str]]:
        """As ``times``, of all rows, a list for each."""
        created, effective, expires, _ = self._records.columns()
        effective = list(map(effective_of, created, effective))
        newer = [self._newer[row] for row in sorted(self._newer)]
        for row, times in zip(sorted(self._newer), newer, strict=True):
            for column, text in zip((created, effective, expires), times, strict=False):
                column[row : row + 1] = [text]
        return created, effective, expires

    def row(self, number: int) -> Person | Account | OtherRow:
        """The row as a struct."""
        face = self.faces[self.row_faces[number]]
        subject_id, name, email, username, text = self.line(self.row_lines[number])
        created, effective, expires, account_id = self._record(number)
        if face.kind == OTHER:
            return OtherRow(text=text, status=face.status)
        extra = self.undescribed(number)
        if face.kind == PERSON:
            return Person(
                subject_id=subject_id or None,
                name=name,
                email=email,
                username=username,
                status=face.status,
                roles=face.roles,
                org_id=face.org_id,
                created_at=created,
                effective_at=effective,
                extra=extra,
            )
        return Account(
            subject_id=subject_id,
            code=face.code or "",
            status=face.status,
            id=account_id,
            org_id=face.org_id,
            created_at=created,
            effective_at=effective,
            expires_at=expires,
            extra=extra,
        )

    def times(self, number: int) -> tuple[str, str, str]:
        """When the row was created, is effective from, and expires, as the directory says it."""
        return self._record(number)[:3]

    def undescribed(self, number: int) -> dict[str, str]:
        """What nobody described, of a row."""
        return self._extras.get(number, {})

    def line_of(self, subject_id: str) -> int | None:
        """The line that the accounts of the person stand on, which is their first reference's where there is one."""
        at = bisect_left(self._by_id, subject_id, key=self.subject_id)
        found = self._by_id[at] if at < len(self._by_id) else None
        return found if found is not None and self.subject_id(found) == subject_id and subject_id else None

    def rows_of(self, subject_id: str) -> list[int]:
        """All rows that are about the person, in the directory's order."""
        line = self.line_of(subject_id)
        if line is None:
            return []
        lines = [line, *self._twins.get(line, ())]
        listed = (self._by_line[self._starts[one] : self._starts[one + 1]] for one in lines)
        return sorted(chain(*listed, self._later.get(line, ())))

    def rows_on(self, lines: Collection[int]) -> list[int]:
        """All rows on these lines, in the directory's order."""
        if len(lines) > len(self._ids) // 4:
            wanted = bytearray(len(self._ids))
            for line in lines:
                wanted[line] = 1
            return list(compress(range(len(self.row_lines)), map(wanted.__getitem__, self.row_lines)))
        listed = (self._by_line[self._starts[line] : self._starts[line + 1]] for line in lines)
        return sorted(chain(*listed, *(self._later.get(line, ()) for line in lines)))

    def person(self, subject_id: str) -> Person | None:
        """The person, where the directory gives a reference to them: the first one."""
        return next((row for row in self._structs_of(subject_id) if isinstance(row, Person)), None)

    def is_listed(self, subject_id: str) -> bool:
        """Whether any row names the person."""
        return self.line_of(subject_id) is not None

    def accounts_of(self, subject_id: str) -> tuple[Account, ...]:
        """The person's accounts that the directory lists."""
        return tuple(row for row in self._structs_of(subject_id) if isinstance(row, Account))

    def account_rows(self, subject_id: str, code: str) -> list[int]:
        """The rows of the person's accounts with this type: more than one is a duplicate."""
        return [row for row in self.rows_of(subject_id) if self.faces[self.row_faces[row]].code == code]

    def account_row(self, subject_id: str, code: str) -> int | None:
        """The row of the person's account with this type.

        The directory makes a second account when asked twice: then the one in use counts, or else the newest.
        """
        return max(self.account_rows(subject_id, code), key=self._counts_as, default=None)

    def account(self, subject_id: str, code: str) -> Account | None:
        """As ``account_row``, as a struct."""
        row = self.account_row(subject_id, code)
        return None if row is None else self.row(row)  # type: ignore[return-value]

    def accounts_with(self, subject_id: str, code: str) -> tuple[Account, ...]:
        """As ``account_rows``, as structs."""
        return tuple(map(self.row, self.account_rows(subject_id, code)))  # type: ignore[arg-type]

    def tells_codes_of(self, subject_id: str) -> bool:
        """Whether a code missing from this list means that the person does not hold that type.

        It does where the person's accounts are listed, or where the list is made of accounts alone. A bare user
        reference says nothing about codes.
        """
        if self.has_accounts and not self.has_people:
            return True
        return any(self.faces[self.row_faces[row]].kind == ACCOUNT for row in self.rows_of(subject_id))

    @cached_property
    def has_people(self) -> bool:
        """Whether it has a user reference."""
        return any(face.kind == PERSON for face in self.faces)

    @cached_property
    def has_accounts(self) -> bool:
        """Whether it has a user account."""
        return any(face.kind == ACCOUNT for face in self.faces)

    @property
    def codes(self) -> list[str]:
        """The account types that its accounts have, in the order in which they come first."""
        return list(dict.fromkeys(face.code for face in self.faces if face.code is not None))

    def with_account(self, account: Account) -> "Listing | None":
        """The listing as it is once the directory answered a write with ``account``.

        ``None`` where that cannot be told: several accounts of the type, or a person that is not listed.
        """
        line = self.line_of(account.subject_id)
        same = self.account_rows(account.subject_id, account.code)
        if line is None or len(same) > 1:
            return None
        later = copy.copy(self)
        later.row_faces = self.row_faces[:]
        face = RowAttributes(ACCOUNT, account.status, account.code, (), account.org_id)
        if face not in self.faces:
            later.faces = (*self.faces, face)
        number = later.faces.index(face)
        row = same[0] if same else len(self.row_faces)
        if same:
            later.row_faces[row] = number
        else:
            later.row_faces.append(number)
            later.row_lines = self.row_lines + array("I", [line])
            later._later = {**self._later, line: (*self._later.get(line, ()), row)}
        later._newer = {
            **self._newer,
            row: (account.created_at, account.effective_at, account.expires_at, account.id),
        }
        later._extras = {**self._extras, row: account.extra}
        later.__dict__.pop("has_accounts", None)
        return later

    def _record(self, row: int) -> tuple[str, str, str, str]:
        if row in self._newer:
            return self._newer[row]
        created, effective, expires, account_id = self._records[row]
        return created, effective_of(created, effective), expires, account_id

    def _structs_of(self, subject_id: str) -> Iterator[Person | Account | OtherRow]:
        return map(self.row, self.rows_of(subject_id))

    def _counts_as(self, row: int) -> tuple[bool, str]:
        return self.faces[self.row_faces[row]].status not in ENDED_STATUSES, self.times(row)[0]

    @cached_property
    def _by_id(self) -> Numbers:
        """The lines that ``line_of`` finds, in the order of their ids."""
        hidden = self._hidden.union(*self._twins.values())
        (ids,) = self._ids.columns()
        return array("I", (line for line in sorted(range(len(ids)), key=ids.__getitem__) if line not in hidden))

    @cached_property
    def _by_line(self) -> Numbers:
        return array("I", sorted(range(len(self.row_lines)), key=self.row_lines.__getitem__))

    @cached_property
    def _starts(self) -> Numbers:
        """Where the rows of each line begin within ``_by_line``, and where the last one's end."""
        counts = [0] * (len(self._ids) + 1)
        for line in self.row_lines:
            counts[line + 1] += 1
        return array("I", accumulate(counts))
