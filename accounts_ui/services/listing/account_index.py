"""A list as the pages need it: searched, filtered, counted and sorted without an object for each row.

What many rows have in common is decided once for all of them: facets and filters work on the few row groups, a search
works on one long text, and a sort order, once made, is an array that serves all of its pages.
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import compress, islice
from typing import Final

from accounts_ui.directory.column_store import PERSON, Numbers
from accounts_ui.directory.ids import is_id
from accounts_ui.directory.listing import Listing, PersonLine
from accounts_ui.services.listing.account_row import AccountRow
from accounts_ui.services.listing.account_sorting import ACCOUNT_SORTS, LOG_SORTS, PERSON_SORTS, SortOrder, sort_rows
from accounts_ui.services.listing.facets import Facet, narrow
from accounts_ui.services.listing.row_classes import ACCOUNT_FACETS, RowGroup, group_rows
from accounts_ui.services.listing.search_index import SearchIndex
from accounts_ui.services.state.account_facts import Drift
from accounts_ui.services.state.log_overlay import LogOverlay
from accounts_ui.text.folding import fold, search_words

_FEW: Final = 8  # if at most one in so many rows was found, sorting them is quicker than reading the whole order


class AccountIndex:
    """The rows of a listing, with what the log knows about them.

    Args:
        earlier: an index of the same listing before a write of one's own, or before the log went on. What it has
            computed and is still true is taken from it.

    """

    def __init__(self, listing: Listing, overlay: LogOverlay, earlier: "AccountIndex | None" = None) -> None:
        self.listing = listing
        self.overlay = overlay
        self.groups, self.row_groups = group_rows(listing, overlay)
        self._orders: dict[str, SortOrder] = {}
        self._ranks: dict[str, Numbers] = {}
        self._type_names = {account_type.code: account_type.name for account_type in listing.types}
        self._group_sizes = Counter(self.row_groups)
        if earlier is not None:
            self._take_over(earlier)

    def __len__(self) -> int:
        return len(self.row_groups)

    @property
    def size(self) -> int:
        """Return the number of bytes that it takes so far."""
        orders = (part for order in list(self._orders.values()) for part in order)
        arrays = [self.row_groups, *orders, *list(self._ranks.values())]
        text = self.search_index.size if "search_index" in vars(self) else 0
        return self.listing.size + text + sum(len(numbers) * numbers.itemsize for numbers in arrays)

    @cached_property
    def search_index(self) -> SearchIndex:
        """Return the text that a search reads, line by line."""
        return SearchIndex(self.listing.lines())

    def search(self, q: str = "", chosen: dict[str, str] | None = None) -> "MatchingRows":
        """Return the rows that contain each word of ``q``, compared by ``fold``, and have all that is ``chosen``."""
        words = search_words(q)
        rows = self._rows_with_words(words) if words else None
        counts = self._group_sizes if rows is None else Counter(map(self.row_groups.__getitem__, rows))
        weights = [counts[number] for number in range(len(self.groups))]
        type_names = {code: name for code, name in self._type_names.items() if name}
        labels = {"type": self.overlay.type_names | type_names}
        groups, facets = narrow(self.groups, ACCOUNT_FACETS, chosen or {}, weights=weights, labels=labels)
        return MatchingRows(self, rows, set(groups), facets, weights)

    def row(self, number: int) -> AccountRow:
        """Return one row, with everything that a page says about it."""
        attributes, roles, _ = self.groups[self.row_groups[number]]
        line = self.listing.line(self.listing.row_lines[number])
        created, effective, expires = self.listing.times(number)
        subject_id, code = line.subject_id or None, attributes.code
        return AccountRow(
            subject_id=subject_id,
            name=line.name,
            email=line.email,
            username=line.username,
            code=code,
            type_name=self._type_names.get(code, "") if code is not None else "",
            status=attributes.status,
            created_at=created,
            effective_at=effective,
            expires_at=expires,
            roles=roles,
            extra=self.listing.extra_fields(number),
            text=line.text,
            recorded=self.overlay.recorded(line.subject_id) if attributes.kind == PERSON else [],
            duplicate=code is not None and len(self.listing.account_rows(line.subject_id, code)) > 1,
            outside=self._drift(number, line, code),
            last_change=self.overlay.last_change(subject_id, code) if subject_id is not None else None,
        )

    def rows_of(self, subject_id: str) -> list[AccountRow]:
        """Return everything that is listed about one person."""
        return [self.row(number) for number in self.listing.rows_of(subject_id)]

    def subject_ids(self, matching: "MatchingRows") -> Iterator[str]:
        """Yield the subject ids of the people of these rows, sorted by what the people are called.

        An id that cannot be part of an address is left out.
        """
        lines = self.listing.row_lines
        numbers = dict.fromkeys(lines[row] for row in matching.numbers("label"))
        ids = (self.listing.subject_id(line) for line in numbers)
        return (subject_id for subject_id in ids if subject_id and is_id(subject_id))

    def order(self, sort: str) -> Numbers:
        """Return all rows in the order ``sort``, one of ``ACCOUNT_SORTS`` or ``label``; a leading ``-`` reverses it."""
        name = sort.removeprefix("-")
        if name not in self._orders:
            self._orders[name] = sort_rows(self, name)
        valued, without_value = self._orders[name]
        return (valued[::-1] if sort.startswith("-") else valued) + without_value

    def ranks(self, sort: str) -> Numbers:
        """Return the position of each row in the order."""
        if sort not in self._ranks:
            ranks = array("I", bytes(len(self) * 4))
            for rank, row in enumerate(self.order(sort)):
                ranks[row] = rank
            self._ranks[sort] = ranks
        return self._ranks[sort]

    def _take_over(self, earlier: "AccountIndex") -> None:
        """Take what is the same in ``earlier``. A write adds no line, so the search index always is."""
        if "search_index" in vars(earlier):
            self.search_index = earlier.search_index
        if earlier.listing is self.listing:
            kept_sorts = (ACCOUNT_SORTS | {"label"}) - LOG_SORTS
        elif len(earlier) == len(self):
            kept_sorts = PERSON_SORTS
        else:
            return
        self._orders = {name: order for name, order in dict(earlier._orders).items() if name in kept_sorts}

    def _drift(self, number: int, line: PersonLine, code: str | None) -> Drift | None:
        """Return the drift of an account. Of several accounts of one type, only the relevant one shows it."""
        drift = self.overlay.outside.get((line.subject_id, code)) if code is not None else None
        return drift if drift and self.listing.account_row(line.subject_id, str(code)) == number else None

    def _rows_with_words(self, words: list[str]) -> list[int]:
        """Return the rows that contain all of the words, in their line or in the code and name of their type."""
        texts = [
            fold("\n".join((*group.codes, self._type_names.get(group.attributes.code or "", ""))))
            for group in self.groups
        ]
        in_groups = [bytearray(word in text for text in texts) for word in words]
        lines = [self.search_index.find_lines(word) for word in words]
        if not any(map(any, in_groups)):
            return self.listing.rows_on(set(lines[0]).intersection(*lines[1:]))
        rows: Iterable[int] = range(len(self))
        for groups, matching_lines in zip(in_groups, lines, strict=True):
            on_line = set(matching_lines)
            rows = [row for row in rows if groups[self.row_groups[row]] or self.listing.row_lines[row] in on_line]
        return list(rows)


class MatchingRows:
    """What matches: how many rows, what could narrow them further, and the rows themselves, a part at a time.

    Args:
        searched: the rows that a search found; ``None`` if nothing was searched for.
        groups: the groups that the filters leave.
        weights: how many of the searched rows are in each group of the index.

    """

    def __init__(
        self,
        index: AccountIndex,
        searched: list[int] | None,
        groups: set[RowGroup],
        facets: list[Facet],
        weights: list[int],
    ) -> None:
        matches = bytearray(group in groups for group in index.groups)
        self.facets = facets
        self.total = sum(compress(weights, matches))
        self._index = index
        self._searched = searched
        self._matches = None if all(matches) else matches

    def rows(self, sort: str, start: int = 0, stop: int | None = None) -> Iterator[AccountRow]:
        """Yield some of the rows, in the order ``sort``; a leading ``-`` reverses it."""
        return map(self._index.row, self.numbers(sort, start, stop))

    def numbers(self, sort: str, start: int = 0, stop: int | None = None) -> Iterable[int]:
        """Return the numbers of these rows, counted from the nearer end of the order."""
        stop = self.total if stop is None else min(stop, self.total)
        numbers = self._searched_in_order(sort)
        if start < self.total // 2 or stop == 0:
            return islice(self._filtered(numbers), start, stop)
        return list(islice(self._filtered(numbers[::-1]), self.total - stop, self.total - start))[::-1]

    def _searched_in_order(self, sort: str) -> Sequence[int]:
        order = self._index.order(sort)
        if self._searched is None:
            return order
        if len(self._searched) < len(order) // _FEW:
            return sorted(self._searched, key=self._index.ranks(sort).__getitem__)
        mask = bytearray(len(order))
        for row in self._searched:
            mask[row] = 1
        return list(compress(order, map(mask.__getitem__, order)))

    def _filtered(self, numbers: Sequence[int]) -> Iterator[int]:
        if self._matches is None:
            return iter(numbers)
        groups = map(self._index.row_groups.__getitem__, numbers)
        return compress(numbers, map(self._matches.__getitem__, groups))
