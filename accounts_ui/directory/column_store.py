"""Rows on their way into the columns of a listing, in the directory's order."""

from array import array
from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import accumulate, islice
from typing import Final, NamedTuple, TypeAlias

from accounts_ui.directory.rows import Account, AccountType, Person, Row

Numbers: TypeAlias = "array[int]"

PERSON: Final = "person"
ACCOUNT: Final = "account"
OTHER: Final = "other"

_SEPARATOR: Final = "\x1f"
_END: Final = _SEPARATOR.encode()
_SAME: Final = "\x1e"  # effective when created: nearly all are


_Texts = tuple[str, str, str, str]  # name, e-mail, username; the text of a row that fits no shape
_Record = tuple[str, str, str, str]
_Key = tuple[Hashable, ...]
_BARE: Final = ("", "", "", "")
_NO_RECORD: Final = ("", "", "", "")


class RowAttributes(NamedTuple):
    """What many rows have in common. ``code`` is ``None`` where the row is no account."""

    kind: str
    status: str
    code: str | None
    roles: tuple[str, ...]
    org_id: str


class Texts:
    """Some texts for each of many entries, packed: a string of its own takes fifty bytes before its first letter.

    Args:
        width: texts of each entry.

    """

    def __init__(self, width: int) -> None:
        self._width = width
        self._packed = bytearray()
        self._ends = array("I", [0])
        self._odd: dict[int, tuple[str, ...]] = {}  # entries with a separator in a text; packed they are empty

    def extend(self, entries: Sequence[tuple[str, ...]]) -> None:
        """Further entries. What they have in common is found out once for all of them."""
        texts = list(map(_SEPARATOR.join, entries))
        whole = _SEPARATOR.join(texts)
        if whole.count(_SEPARATOR) + 1 != len(texts) * self._width and texts:
            return self._extend_with_care(entries)
        return self._append(texts if whole.isascii() else [one.encode() for one in texts], whole.encode())

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, number: int) -> Sequence[str]:
        odd = self._odd.get(number)
        if odd is not None:
            return odd
        return self._packed[self._ends[number] : self._ends[number + 1] - 1].decode().split(_SEPARATOR)

    def columns(self) -> list[list[str]]:
        """The first text of all entries, the second, and so on."""
        flat = self._packed.decode().split(_SEPARATOR)[:-1]
        columns = [flat[number :: self._width] for number in range(self._width)]
        for number, texts in self._odd.items():
            for column, text in zip(columns, texts, strict=True):
                column[number] = text
        return columns

    @property
    def size(self) -> int:
        """In bytes."""
        return len(self._packed) + len(self._ends) * self._ends.itemsize

    def _extend_with_care(self, entries: Sequence[tuple[str, ...]]) -> None:
        for entry in entries:
            if any(_SEPARATOR in text for text in entry):
                self._odd[len(self)] = entry
                self.extend([("",) * self._width])
            else:
                self.extend([entry])

    def _append(self, entries: Sequence[str] | Sequence[bytes], whole: bytes) -> None:
        """``whole`` has a separator behind each entry but the last."""
        ends = accumulate(map((1).__add__, map(len, entries)), initial=len(self._packed))
        self._packed += whole + _END if entries else whole
        self._ends.extend(islice(ends, 1, None))


class Gathered:
    """Columns that grow by runs of rows of one kind."""

    def __init__(self) -> None:
        self.faces: dict[RowAttributes, int] = {}
        self.row_faces = array("I")
        self.row_lines = array("I")
        self.records = Texts(4)
        self.extras: dict[int, dict[str, str]] = {}
        self.ids = Texts(1)
        self.lines = Texts(4)
        self.types: list[AccountType] = []
        self.line_of: dict[str, int] = {}
        self.twins: dict[int, list[int]] = {}
        self._numbers: dict[_Key, int] = {}
        self._bare: set[int] = set()
        self._moved: dict[int, int] = {}  # bare lines whose person came after them, and the person's

    def add_people(self, ids: list[str], texts: list[_Texts], faces: Iterable[int], records: list[_Record]) -> None:
        """User references: a line each, even where two name the same person."""
        numbers = self._add_lines(ids, texts)
        self._add(numbers, faces, records)
        known = self.line_of.setdefault
        for number, subject_id in zip(numbers, ids, strict=True):
            if known(subject_id, number) != number:
                self._meet_again(subject_id, number)

    def add_accounts(self, ids: list[str], faces: Iterable[int], records: list[_Record]) -> None:
        """User accounts: on the line of their person; on a bare one where nobody of the id came so far."""
        new = list(dict.fromkeys(one for one in ids if one not in self.line_of))
        numbers = self._add_lines(new, [_BARE] * len(new))
        self._bare.update(numbers)
        self.line_of.update(zip(new, numbers, strict=True))
        self._add(map(self.line_of.__getitem__, ids), faces, records)

    def add(self, row: Row) -> None:
        """One row of any kind, as a struct."""
        if isinstance(row, AccountType):
            self.types.append(row)
        elif isinstance(row, Person):
            face = RowAttributes(PERSON, row.status, None, row.roles, row.org_id)
            text = (row.name, row.email, row.username, "")
            self.add_people(
                [row.subject_id or ""], [text], [self.face(face)], [record(row.created_at, row.effective_at)]
            )
            self._note_extra(row.extra)
        elif isinstance(row, Account):
            face = RowAttributes(ACCOUNT, row.status, row.code, (), row.org_id)
            times = record(row.created_at, row.effective_at, row.expires_at, row.id)
            self.add_accounts([row.subject_id], [self.face(face)], [times])
            self._note_extra(row.extra)
        else:
            face = RowAttributes(OTHER, row.status, None, (), "")
            self._add(self._add_lines([""], [("", "", "", row.text)]), [self.face(face)], [_NO_RECORD])

    def face(self, face: RowAttributes) -> int:
        """The number of the face."""
        return self.faces.setdefault(face, len(self.faces))

    def numbers(self, keys: list[_Key], face: Callable[..., RowAttributes]) -> list[int]:
        """The faces' numbers, where ``face`` makes a face of a key. There are few: each is made once."""
        known = self._numbers
        try:
            return list(map(known.__getitem__, keys))
        except KeyError:
            known.update({key: self.face(face(*key)) for key in set(keys) - known.keys()})
            return list(map(known.__getitem__, keys))

    def finish(self) -> None:
        """Rows whose person came after them stand on the person's line from now on."""
        if self._moved:
            self.row_lines = array("I", (self._moved.get(line, line) for line in self.row_lines))

    @property
    def hidden(self) -> set[int]:
        """Lines that no row stands on any more."""
        return set(self._moved)

    def _add_lines(self, ids: list[str], texts: list[_Texts]) -> range:
        start = len(self.ids)
        self.ids.extend(list(zip(ids)))
        self.lines.extend(texts)
        return range(start, start + len(ids))

    def _add(self, lines: Iterable[int], faces: Iterable[int], records: list[_Record]) -> None:
        self.row_lines.extend(lines)
        self.row_faces.extend(faces)
        self.records.extend(records)

    def _meet_again(self, subject_id: str, number: int) -> None:
        first = self.line_of[subject_id]
        if not subject_id:
            return
        if first in self._bare:
            self._bare.discard(first)
            self._moved[first] = self.line_of[subject_id] = number
        else:
            self.twins.setdefault(first, []).append(number)

    def _note_extra(self, extra: dict[str, str]) -> None:
        if extra:
            self.extras[len(self.row_faces) - 1] = extra


def record(created: str, effective: str, expires: str = "", account_id: str = "") -> _Record:
    """What is a row's own."""
    return created, effective_text(created, effective), expires, account_id


def effective_text(created: str | None, effective: str | None) -> str:
    """From when a row is effective, for its record."""
    if effective == created:
        return _SAME if effective else ""
    return _SAME + effective if effective and effective.startswith(_SAME) else effective or ""


def effective_of(created: str, recorded: str) -> str:
    """From when a row is effective, out of its record."""
    return created if recorded == _SAME else recorded.removeprefix(_SAME)
