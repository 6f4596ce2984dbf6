"""The columns of a listing while they are filled, row by row, in the directory's order."""

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
_AS_CREATED: Final = "\x1e"  # stands for "effective from its creation", which nearly all rows are


_PersonTexts = tuple[str, str, str, str]  # name, e-mail, username; the text of a row that fits no shape
_Record = tuple[str, str, str, str]
_Key = tuple[Hashable, ...]
_NO_TEXTS: Final = ("", "", "", "")
_NO_RECORD: Final = ("", "", "", "")


class RowAttributes(NamedTuple):
    """What many rows have in common, stored once for all of them. ``code`` is ``None`` unless the row is an account."""

    kind: str
    status: str
    code: str | None
    roles: tuple[str, ...]
    org_id: str


class PackedTexts:
    """Some texts for each of many entries, packed into one byte array: a ``str`` takes fifty bytes before its letters.

    Args:
        width: the number of texts of each entry.

    """

    def __init__(self, width: int) -> None:
        self._width = width
        self._packed = bytearray()
        self._ends = array("I", [0])
        self._unpacked: dict[int, tuple[str, ...]] = {}  # entries with a separator in a text; packed they are empty

    def extend(self, entries: Sequence[tuple[str, ...]]) -> None:
        """Append entries. Whether a text has a separator in it, or is not ASCII, is checked once for all of them."""
        texts = list(map(_SEPARATOR.join, entries))
        whole = _SEPARATOR.join(texts)
        if whole.count(_SEPARATOR) + 1 != len(texts) * self._width and texts:
            return self._extend_one_by_one(entries)
        return self._append(texts if whole.isascii() else [text.encode() for text in texts], whole.encode())

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, number: int) -> Sequence[str]:
        unpacked = self._unpacked.get(number)
        if unpacked is not None:
            return unpacked
        return self._packed[self._ends[number] : self._ends[number + 1] - 1].decode().split(_SEPARATOR)

    def columns(self) -> list[list[str]]:
        """Return a list of the first texts of all entries, one of the second texts, and so on."""
        flat = self._packed.decode().split(_SEPARATOR)[:-1]
        columns = [flat[number :: self._width] for number in range(self._width)]
        for number, texts in self._unpacked.items():
            for column, text in zip(columns, texts, strict=True):
                column[number] = text
        return columns

    @property
    def size(self) -> int:
        """Return the number of bytes that it takes."""
        return len(self._packed) + len(self._ends) * self._ends.itemsize

    def _extend_one_by_one(self, entries: Sequence[tuple[str, ...]]) -> None:
        for entry in entries:
            if any(_SEPARATOR in text for text in entry):
                self._unpacked[len(self)] = entry
                self.extend([("",) * self._width])
            else:
                self.extend([entry])

    def _append(self, entries: Sequence[str] | Sequence[bytes], whole: bytes) -> None:
        """Append packed entries; ``whole`` has a separator after each of them but the last."""
        ends = accumulate(map((1).__add__, map(len, entries)), initial=len(self._packed))
        self._packed += whole + _END if entries else whole
        self._ends.extend(islice(ends, 1, None))


class ColumnStore:
    """The columns of a listing. They grow by runs of rows of one kind.

    A *line* names a person: subject id, name, e-mail, username. A row is a line, attributes and a record.
    """

    def __init__(self) -> None:
        self.attributes: dict[RowAttributes, int] = {}
        self.row_attributes = array("I")
        self.row_lines = array("I")
        self.records = PackedTexts(4)
        self.extras: dict[int, dict[str, str]] = {}
        self.ids = PackedTexts(1)
        self.lines = PackedTexts(4)
        self.types: list[AccountType] = []
        self.lines_by_id: dict[str, int] = {}
        self.duplicate_lines: dict[int, list[int]] = {}
        self._numbers: dict[_Key, int] = {}
        self._lines_without_person: set[int] = set()
        self._moved_lines: dict[int, int] = {}  # lines of accounts whose person was listed later: the person's line

    def add_people(
        self, ids: list[str], texts: list[_PersonTexts], attributes: Iterable[int], records: list[_Record]
    ) -> None:
        """Add user references: a line each, even if two name the same person."""
        numbers = self._add_lines(ids, texts)
        self._add(numbers, attributes, records)
        first_line = self.lines_by_id.setdefault
        for number, subject_id in zip(numbers, ids, strict=True):
            if first_line(subject_id, number) != number:
                self._add_duplicate(subject_id, number)

    def add_accounts(self, ids: list[str], attributes: Iterable[int], records: list[_Record]) -> None:
        """Add user accounts, each on the line of its person. That line has no name until the person is listed."""
        new = list(dict.fromkeys(subject_id for subject_id in ids if subject_id not in self.lines_by_id))
        numbers = self._add_lines(new, [_NO_TEXTS] * len(new))
        self._lines_without_person.update(numbers)
        self.lines_by_id.update(zip(new, numbers, strict=True))
        self._add(map(self.lines_by_id.__getitem__, ids), attributes, records)

    def add(self, row: Row) -> None:
        """Add one row of any kind."""
        if isinstance(row, AccountType):
            self.types.append(row)
        elif isinstance(row, Person):
            attributes = RowAttributes(PERSON, row.status, None, row.roles, row.org_id)
            text = (row.name, row.email, row.username, "")
            self.add_people(
                [row.subject_id or ""], [text], [self.number_of(attributes)], [record(row.created_at, row.effective_at)]
            )
            self._note_extra(row.extra)
        elif isinstance(row, Account):
            attributes = RowAttributes(ACCOUNT, row.status, row.code, (), row.org_id)
            times = record(row.created_at, row.effective_at, row.expires_at, row.id)
            self.add_accounts([row.subject_id], [self.number_of(attributes)], [times])
            self._note_extra(row.extra)
        else:
            attributes = RowAttributes(OTHER, row.status, None, (), "")
            self._add(self._add_lines([""], [("", "", "", row.text)]), [self.number_of(attributes)], [_NO_RECORD])

    def number_of(self, attributes: RowAttributes) -> int:
        """Return the number under which the attributes are stored."""
        return self.attributes.setdefault(attributes, len(self.attributes))

    def numbers_of(self, keys: list[_Key], make: Callable[..., RowAttributes]) -> list[int]:
        """Return the numbers of the attributes that ``make`` makes of each key. Few keys differ: each is made once."""
        numbers = self._numbers
        try:
            return list(map(numbers.__getitem__, keys))
        except KeyError:
            numbers.update({key: self.number_of(make(*key)) for key in set(keys) - numbers.keys()})
            return list(map(numbers.__getitem__, keys))

    def finish(self) -> None:
        """Move accounts whose person was listed after them to the line of that person."""
        if self._moved_lines:
            self.row_lines = array("I", (self._moved_lines.get(line, line) for line in self.row_lines))

    @property
    def abandoned_lines(self) -> set[int]:
        """Return the lines that no row is on any more."""
        return set(self._moved_lines)

    def _add_lines(self, ids: list[str], texts: list[_PersonTexts]) -> range:
        start = len(self.ids)
        self.ids.extend(list(zip(ids)))
        self.lines.extend(texts)
        return range(start, start + len(ids))

    def _add(self, lines: Iterable[int], attributes: Iterable[int], records: list[_Record]) -> None:
        self.row_lines.extend(lines)
        self.row_attributes.extend(attributes)
        self.records.extend(records)

    def _add_duplicate(self, subject_id: str, number: int) -> None:
        first = self.lines_by_id[subject_id]
        if not subject_id:
            return
        if first in self._lines_without_person:
            self._lines_without_person.discard(first)
            self._moved_lines[first] = self.lines_by_id[subject_id] = number
        else:
            self.duplicate_lines.setdefault(first, []).append(number)

    def _note_extra(self, extra: dict[str, str]) -> None:
        if extra:
            self.extras[len(self.row_attributes) - 1] = extra


def record(created: str, effective: str, expires: str = "", account_id: str = "") -> _Record:
    """Return what belongs to one row alone."""
    return created, effective_text(created, effective), expires, account_id


def effective_text(created: str | None, effective: str | None) -> str:
    """Return from when a row is effective, as its record stores it."""
    if effective == created:
        return _AS_CREATED if effective else ""
    return _AS_CREATED + effective if effective and effective.startswith(_AS_CREATED) else effective or ""


def effective_of(created: str, recorded: str) -> str:
    """Return from when a row is effective, given what its record stores."""
    return created if recorded == _AS_CREATED else recorded.removeprefix(_AS_CREATED)
