"""A list as the pages want it: searched, narrowed, counted and sorted without an object for each row.

What many rows have in common is decided once for all of them: a *look* is a face together with the roles of the
person and the account types that only the log tells of. Facets and filters work on the few looks, a search on one
long text, and an order, once made, is an array that serves every page of it.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import compress, islice
from typing import Any, Final, NamedTuple

from accounts_ui.directory.column_store import PERSON, Numbers, RowAttributes
from accounts_ui.directory.ids import is_id
from accounts_ui.directory.listing import Line, LineColumns, Listing
from accounts_ui.services.listing.account_row import AccountRow
from accounts_ui.services.listing.facets import Facet, narrow
from accounts_ui.services.listing.search_index import SearchIndex
from accounts_ui.services.state.log_overlay import LogOverlay
from accounts_ui.services.text import as_time, fold

_NOBODY: Final = 0xFFFFFFFF  # in the place of a person's face
_NO_VALUE: Final = -1
_FEW: Final = 8  # of so many rows one: sorting these is quicker than going through all in their order


class Look(NamedTuple):
    """What rows are counted and filtered by. ``codes``: the account's type, or what only the log tells of a person."""

    face: RowAttributes
    roles: tuple[str, ...]
    codes: tuple[str, ...]


class Order(NamedTuple):
    """Rows with a value, by it, and those without one, which stand last either way round."""

    valued: Numbers
    rest: Numbers


ACCOUNT_FACETS: Final[dict[str, Callable[[Look], Iterable[str]]]] = {
    "status": lambda look: [look.face.status],
    "type": lambda look: look.codes,
    "role": lambda look: look.roles,
}


class AccountIndex:
    """The rows of a listing, with what the log knows of them.

    Args:
        earlier: a table of the same listing before an own write, or before the log went on: what it worked out and
            still holds is taken from it.

    """

    def __init__(self, listing: Listing, known: LogOverlay, earlier: "AccountIndex | None" = None) -> None:
        self.listing = listing
        self.known = known
        self._orders: dict[str, Order] = {}
        self._ranks: dict[str, Numbers] = {}
        self._names = {one.code: one.name for one in listing.types}
        self.looks, self.row_looks = _looks_of(listing, known)
        self._counts = Counter(self.row_looks)
        if earlier is not None:
            self._take_over(earlier)

    def __len__(self) -> int:
        return len(self.row_looks)

    @property
    def size(self) -> int:
        """Bytes that it takes, so far."""
        orders = (part for order in list(self._orders.values()) for part in order)
        arrays = [self.row_looks, *orders, *list(self._ranks.values())]
        text = self.haystack.size if "haystack" in vars(self) else 0
        return self.listing.size + text + sum(len(one) * one.itemsize for one in arrays)

    @cached_property
    def haystack(self) -> SearchIndex:
        """What a search looks at, line by line."""
        return SearchIndex(self.listing.lines())

    def find(self, q: str = "", chosen: dict[str, str] | None = None) -> "Found":
        """The rows that have each word of ``q``, case and accents aside, and all that is ``chosen``."""
        words = fold(q).split()
        rows = self._mentioning(words) if words else None
        counts = self._counts if rows is None else Counter(map(self.row_looks.__getitem__, rows))
        weights = [counts[number] for number in range(len(self.looks))]
        labels = {"type": self.known.type_names | {code: name for code, name in self._names.items() if name}}
        looks, facets = narrow(self.looks, ACCOUNT_FACETS, chosen or {}, weights=weights, labels=labels)
        return Found(self, rows, set(looks), facets, weights)

    def row(self, number: int) -> AccountRow:
        """One row, with everything that a page says of it."""
        face, roles, _ = self.looks[self.row_looks[number]]
        line = self.listing.line(self.listing.row_lines[number])
        created, effective, expires = self.listing.times(number)
        subject_id, code = line.subject_id or None, face.code
        return AccountRow(
            subject_id=subject_id,
            name=line.name,
            email=line.email,
            username=line.username,
            code=code,
            type_name=self._names.get(code, "") if code is not None else "",
            status=face.status,
            created_at=created,
            effective_at=effective,
            expires_at=expires,
            roles=roles,
            extra=self.listing.undescribed(number),
            text=line.text,
            recorded=self.known.recorded(line.subject_id) if face.kind == PERSON else [],
            duplicate=code is not None and len(self.listing.account_rows(line.subject_id, code)) > 1,
            outside=self._outside(number, line, code),
            last_change=self.known.last_change(subject_id, code) if subject_id is not None else None,
        )

    def rows_of(self, subject_id: str) -> list[AccountRow]:
        """Everything that is listed of one person."""
        return [self.row(number) for number in self.listing.rows_of(subject_id)]

    def people(self, found: "Found") -> Iterator[str]:
        """The subject ids, fit for an address, of the people whom these rows are about, by what they are called."""
        lines = self.listing.row_lines
        numbers = dict.fromkeys(lines[row] for row in found.numbers("label"))
        return (one for one in (self.listing.subject_id(line) for line in numbers) if one and is_id(one))

    def order(self, sort: str) -> Numbers:
        """All rows in the order ``sort``, one of ``ACCOUNT_SORTS`` or ``label``; a leading ``-`` turns it round."""
        name = sort.removeprefix("-")
        if name not in self._orders:
            self._orders[name] = _ordered(*_KEYS[name](self))
        valued, rest = self._orders[name]
        return (valued[::-1] if sort.startswith("-") else valued) + rest

    def ranks(self, sort: str) -> Numbers:
        """Where each row stands in the order."""
        if sort not in self._ranks:
            ranks = array("I", bytes(len(self) * 4))
            for rank, row in enumerate(self.order(sort)):
                ranks[row] = rank
            self._ranks[sort] = ranks
        return self._ranks[sort]

    def _take_over(self, earlier: "AccountIndex") -> None:
        """What is the same in ``earlier``. Own writes add no line, so that the text always is."""
        if "haystack" in vars(earlier):
            self.haystack = earlier.haystack
        if earlier.listing is self.listing:
            lost = _OF_THE_LOG
        elif len(earlier) == len(self):
            lost = frozenset(_KEYS) - _OF_THE_LINES
        else:
            return
        self._orders = {name: one for name, one in dict(earlier._orders).items() if name not in lost}

    def _outside(self, number: int, line: Line, code: str | None) -> Any:
        """The mark stands at one of several accounts that are alike: at the one that counts."""
        mark = self.known.outside.get((line.subject_id, code)) if code is not None else None
        return mark if mark and self.listing.account_row(line.subject_id, str(code)) == number else None

    def _mentioning(self, words: list[str]) -> list[int]:
        """The rows that have all of the words."""
        texts = [fold("\n".join((*look.codes, self._names.get(look.face.code or "", "")))) for look in self.looks]
        in_looks = [bytearray(word in text for text in texts) for word in words]
        lines = [self.haystack.find(word) for word in words]
        if not any(map(any, in_looks)):
            return self.listing.rows_on(set(lines[0]).intersection(*lines[1:]))
        rows: Iterable[int] = range(len(self))
        for looks, found in zip(in_looks, lines, strict=True):
            on_line = set(found)
            rows = [row for row in rows if looks[self.row_looks[row]] or self.listing.row_lines[row] in on_line]
        return list(rows)


class Found:
    """What matches: how many rows, what could narrow them further, and the rows themselves, a part at a time.

    Args:
        mentioned: the rows that a search found; ``None`` where there was none, and all count.
        looks: the looks that are wanted.
        weights: how many of these rows have each of the table's looks.

    """

    def __init__(
        self,
        table: AccountIndex,
        mentioned: list[int] | None,
        looks: set[Look],
        facets: list[Facet],
        weights: list[int],
    ) -> None:
        fits = bytearray(look in looks for look in table.looks)
        self.facets = facets
        self.total = sum(compress(weights, fits))
        self._table = table
        self._mentioned = mentioned
        self._fits = None if all(fits) else fits

    def rows(self, sort: str, start: int = 0, stop: int | None = None) -> Iterator[AccountRow]:
        """Some of the rows, in the order ``sort``, which a leading ``-`` turns round."""
        return map(self._table.row, self.numbers(sort, start, stop))

    def numbers(self, sort: str, start: int = 0, stop: int | None = None) -> Iterable[int]:
        """The same as numbers, counted from the nearer end."""
        stop = self.total if stop is None else min(stop, self.total)
        numbers = self._mentioned_in_order(sort)
        if start < self.total // 2 or stop == 0:
            return islice(self._fitting(numbers), start, stop)
        return list(islice(self._fitting(numbers[::-1]), self.total - stop, self.total - start))[::-1]

    def _mentioned_in_order(self, sort: str) -> Sequence[int]:
        order = self._table.order(sort)
        if self._mentioned is None:
            return order
        if len(self._mentioned) < len(order) // _FEW:
            return sorted(self._mentioned, key=self._table.ranks(sort).__getitem__)
        mask = bytearray(len(order))
        for row in self._mentioned:
            mask[row] = 1
        return list(compress(order, map(mask.__getitem__, order)))

    def _fitting(self, numbers: Sequence[int]) -> Iterator[int]:
        if self._fits is None:
            return iter(numbers)
        looks = map(self._table.row_looks.__getitem__, numbers)
        return compress(numbers, map(self._fits.__getitem__, looks))


def _looks_of(listing: Listing, known: LogOverlay) -> tuple[list[Look], Numbers]:
    """The looks, and the number of each row's."""
    looks: dict[Look, int] = {}
    keys = list(zip(listing.row_faces, _person_faces(listing), strict=True))
    numbers = {key: looks.setdefault(_look(listing, *key), len(looks)) for key in dict.fromkeys(keys)}
    row_looks = array("I", map(numbers.__getitem__, keys))
    for subject_id in known.unlisted:
        codes = known.codes(subject_id)
        for row in listing.rows_of(subject_id):
            face = listing.faces[listing.row_faces[row]]
            if face.kind == PERSON:
                row_looks[row] = looks.setdefault(Look(face, face.roles, codes), len(looks))
    return list(looks), row_looks


def _look(listing: Listing, face_number: int, person: int) -> Look:
    face = listing.faces[face_number]
    return Look(face, listing.faces[person].roles if person != _NOBODY else (), (face.code,) if face.code else ())


def _person_faces(listing: Listing) -> Iterator[int]:
    """For each row the face of the person on whose line it stands."""
    of_line = array("I", [_NOBODY]) * listing.line_count
    people = bytearray(face.kind == PERSON for face in listing.faces)
    rows = zip(listing.row_lines, listing.row_faces, strict=True)
    for line, face in compress(rows, map(people.__getitem__, listing.row_faces)):
        of_line[line] = face
    return map(of_line.__getitem__, listing.row_lines)


# --- Orders: a key for each of some groups, and the group of each row -----------------------------------------------

_Grouped = tuple[Iterable[Any], Iterable[int]]


def _by_line(keys: Callable[[LineColumns], Iterable[str]]) -> Callable[[AccountIndex], _Grouped]:
    return lambda table: (keys(table.listing.lines()), table.listing.row_lines)


def _folded(texts: list[str]) -> Iterator[str]:
    """Each folded, and what comes often only once."""
    return map({text: fold(text) for text in set(texts)}.__getitem__, texts)


def _by_look(key: Callable[[Look], str | None]) -> Callable[[AccountIndex], _Grouped]:
    return lambda table: (map(key, table.looks), table.row_looks)


def _by_time(number: int) -> Callable[[AccountIndex], _Grouped]:
    def keys(table: AccountIndex) -> _Grouped:
        texts = table.listing.all_times()[number]
        times = {text: as_time(text) for text in set(texts)}
        return [times[text] for text in texts], range(len(table))

    return keys


def _by_last_change(table: AccountIndex) -> _Grouped:
    keys: list[Any] = [None] * len(table)
    for subject_id in table.known.subjects:
        for row in table.listing.rows_of(subject_id):
            change = table.known.last_change(subject_id, table.looks[table.row_looks[row]].face.code)
            keys[row] = change.at if change else None
    return keys, range(len(table))


def _called(lines: LineColumns) -> Iterator[str]:
    """What each is called: the first of these that there is."""
    names = zip(lines.names, lines.emails, lines.usernames, lines.subject_ids, strict=True)
    return _folded([name or email or username or subject for name, email, username, subject in names])


_KEYS: Final[dict[str, Callable[[AccountIndex], _Grouped]]] = {
    "name": _by_line(lambda lines: _folded(lines.names)),
    "subject_id": _by_line(lambda lines: lines.subject_ids),
    "email": _by_line(lambda lines: _folded(lines.emails)),
    "username": _by_line(lambda lines: _folded(lines.usernames)),
    "label": _by_line(_called),
    "code": _by_look(lambda look: min(look.codes, default=None)),
    "status": _by_look(lambda look: look.face.status),
    "roles": _by_look(lambda look: fold(", ".join(look.roles))),
    "created": _by_time(0),
    "effective": _by_time(1),
    "expires": _by_time(2),
    "changed": _by_last_change,
}
ACCOUNT_SORTS: Final = frozenset(_KEYS) - {"label"}
_OF_THE_LOG: Final = frozenset({"code", "changed"})
_OF_THE_LINES: Final = frozenset({"name", "subject_id", "email", "username", "label"})


def _ordered(keys: Iterable[Any], groups: Iterable[int]) -> Order:
    """Ranks are sorted in place of keys: there are fewer of them than rows, and numbers are quick."""
    keys = list(keys)
    values = sorted({key for key in keys if key is not None and key != ""})
    numbers = {value: number for number, value in enumerate(values)}
    ranks = [numbers.get(key, _NO_VALUE) for key in keys]
    row_ranks = list(map(ranks.__getitem__, groups))
    valued = sorted((row for row, rank in enumerate(row_ranks) if rank >= 0), key=row_ranks.__getitem__)
    return Order(array("I", valued), array("I", (row for row, rank in enumerate(row_ranks) if rank < 0)))
