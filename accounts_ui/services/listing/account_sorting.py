"""The sort orders of the accounts.

An order has a key for each of some *groups* of rows, such as lines, and the group of each row. Ranks are sorted in
place of keys: there are fewer of them than rows, and integers compare quickly.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple, Protocol

from accounts_ui.directory.column_store import Numbers
from accounts_ui.directory.listing import Listing, PersonColumns
from accounts_ui.services.listing.row_classes import RowGroup
from accounts_ui.services.state.log_overlay import LogOverlay
from accounts_ui.text.folding import fold
from accounts_ui.text.time_parsing import as_time

_NO_VALUE: Final = -1


class SortOrder(NamedTuple):
    """Rows with a value, sorted by it, and those without one, which come last in both directions."""

    valued: Numbers
    without_value: Numbers


class GroupedRows(Protocol):
    """What an order is made from."""

    listing: Listing
    overlay: LogOverlay
    groups: list[RowGroup]
    row_groups: Numbers


_Keys = tuple[Iterable[Any], Iterable[int]]


def sort_rows(rows: GroupedRows, sort: str) -> SortOrder:
    """Return the rows in the order ``sort``, one of ``ACCOUNT_SORTS`` or ``label``."""
    given_keys, groups = _KEYS[sort](rows)
    keys = list(given_keys)
    values = sorted({key for key in keys if key is not None and key != ""})
    numbers = {value: number for number, value in enumerate(values)}
    ranks = [numbers.get(key, _NO_VALUE) for key in keys]
    row_ranks = list(map(ranks.__getitem__, groups))
    valued = sorted((row for row, rank in enumerate(row_ranks) if rank >= 0), key=row_ranks.__getitem__)
    return SortOrder(array("I", valued), array("I", (row for row, rank in enumerate(row_ranks) if rank < 0)))


def _by_line(keys: Callable[[PersonColumns], Iterable[str]]) -> Callable[[GroupedRows], _Keys]:
    return lambda rows: (keys(rows.listing.lines()), rows.listing.row_lines)


def _by_group(key: Callable[[RowGroup], str | None]) -> Callable[[GroupedRows], _Keys]:
    return lambda rows: (map(key, rows.groups), rows.row_groups)


def _by_time(number: int) -> Callable[[GroupedRows], _Keys]:
    def keys(rows: GroupedRows) -> _Keys:
        texts = rows.listing.all_times()[number]
        times = {text: as_time(text) for text in set(texts)}
        return [times[text] for text in texts], range(len(texts))

    return keys


def _by_last_change(rows: GroupedRows) -> _Keys:
    keys: list[Any] = [None] * len(rows.row_groups)
    for subject_id in rows.overlay.subjects:
        for row in rows.listing.rows_of(subject_id):
            change = rows.overlay.last_change(subject_id, rows.groups[rows.row_groups[row]].attributes.code)
            keys[row] = change.at if change else None
    return keys, range(len(keys))


def _folded(texts: list[str]) -> Iterator[str]:
    """Fold each text; one that is there many times is folded once."""
    return map({text: fold(text) for text in set(texts)}.__getitem__, texts)


def _display_names(lines: PersonColumns) -> Iterator[str]:
    """Return what each person is called: name, else e-mail, else username, else subject id."""
    names = zip(lines.names, lines.emails, lines.usernames, lines.subject_ids, strict=True)
    return _folded([name or email or username or subject for name, email, username, subject in names])


_KEYS: Final[dict[str, Callable[[GroupedRows], _Keys]]] = {
    "name": _by_line(lambda lines: _folded(lines.names)),
    "subject_id": _by_line(lambda lines: lines.subject_ids),
    "email": _by_line(lambda lines: _folded(lines.emails)),
    "username": _by_line(lambda lines: _folded(lines.usernames)),
    "label": _by_line(_display_names),
    "code": _by_group(lambda group: min(group.codes, default=None)),
    "status": _by_group(lambda group: group.attributes.status),
    "roles": _by_group(lambda group: fold(", ".join(group.roles))),
    "created": _by_time(0),
    "effective": _by_time(1),
    "expires": _by_time(2),
    "changed": _by_last_change,
}
ACCOUNT_SORTS: Final = frozenset(_KEYS) - {"label"}
LOG_SORTS: Final = frozenset({"code", "changed"})  # which change when the log does
PERSON_SORTS: Final = frozenset({"name", "subject_id", "email", "username", "label"})  # which writes do not change
