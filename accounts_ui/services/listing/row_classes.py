"""Rows in groups: what many rows have in common is filtered and counted once for all of them."""

from array import array
from collections.abc import Callable, Iterable, Iterator
from itertools import compress
from typing import Final, NamedTuple

from accounts_ui.directory.column_store import PERSON, Numbers, RowAttributes
from accounts_ui.directory.listing import Listing
from accounts_ui.services.state.log_overlay import LogOverlay

_NO_PERSON: Final = 0xFFFFFFFF  # takes the place of the attributes of a person that the list does not have


class RowGroup(NamedTuple):
    """Rows with the same attributes, the same roles of their person, and the same account types.

    Attributes:
        codes: the type of the account. For a person, the types that only this console's log knows.

    """

    attributes: RowAttributes
    roles: tuple[str, ...]
    codes: tuple[str, ...]


ACCOUNT_FACETS: Final[dict[str, Callable[[RowGroup], Iterable[str]]]] = {
    "status": lambda group: [group.attributes.status],
    "type": lambda group: group.codes,
    "role": lambda group: group.roles,
}


def group_rows(listing: Listing, overlay: LogOverlay) -> tuple[list[RowGroup], Numbers]:
    """Return the groups, and for each row the number of its group."""
    groups: dict[RowGroup, int] = {}
    keys = list(zip(listing.row_attributes, _person_attributes(listing), strict=True))
    numbers = {key: groups.setdefault(_row_group(listing, *key), len(groups)) for key in dict.fromkeys(keys)}
    row_groups = array("I", map(numbers.__getitem__, keys))
    for subject_id in overlay.unlisted:
        codes = overlay.codes(subject_id)
        for row in listing.rows_of(subject_id):
            attributes = listing.attributes[listing.row_attributes[row]]
            if attributes.kind == PERSON:
                row_groups[row] = groups.setdefault(RowGroup(attributes, attributes.roles, codes), len(groups))
    return list(groups), row_groups


def _row_group(listing: Listing, number: int, person: int) -> RowGroup:
    attributes = listing.attributes[number]
    roles = listing.attributes[person].roles if person != _NO_PERSON else ()
    return RowGroup(attributes, roles, (attributes.code,) if attributes.code else ())


def _person_attributes(listing: Listing) -> Iterator[int]:
    """Return for each row the number of the attributes of the person on whose line it is."""
    of_line = array("I", [_NO_PERSON]) * listing.line_count
    are_people = bytearray(attributes.kind == PERSON for attributes in listing.attributes)
    rows = zip(listing.row_lines, listing.row_attributes, strict=True)
    for line, number in compress(rows, map(are_people.__getitem__, listing.row_attributes)):
        of_line[line] = number
    return map(of_line.__getitem__, listing.row_lines)
