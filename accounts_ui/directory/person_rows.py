"""What a listing says about one person."""

from typing import TYPE_CHECKING, NamedTuple

from accounts_ui.directory.column_store import ACCOUNT, PERSON, RowAttributes
from accounts_ui.directory.rows import Account, Person
from accounts_ui.directory.statuses import ENDED_STATUSES

if TYPE_CHECKING:
    from accounts_ui.directory.listing import Listing


class PersonRows(NamedTuple):
    """All rows about one person, in the directory's order; none if they are not listed."""

    listing: "Listing"
    rows: list[int]

    def person_row(self) -> int | None:
        """Return the row of the first user reference; ``None`` if the directory lists none."""
        return next((row for row in self.rows if self._attributes(row).kind == PERSON), None)

    def person(self) -> Person | None:
        """Return ``person_row`` as a struct."""
        row = self.person_row()
        return None if row is None else self.listing.row(row)  # type: ignore[return-value]

    def account_rows(self, code: str) -> list[int]:
        """Return the rows of accounts with this type: more than one is a duplicate."""
        return [row for row in self.rows if self._attributes(row).code == code]

    def account_row(self, code: str) -> int | None:
        """Return the row of the account with this type.

        The directory makes a second account if asked twice: then the one in use counts, or else the newest.
        """
        return max(self.account_rows(code), key=self._relevance, default=None)

    def account(self, code: str) -> Account | None:
        """Return ``account_row`` as a struct."""
        row = self.account_row(code)
        return None if row is None else self.listing.row(row)  # type: ignore[return-value]

    def tells_codes(self) -> bool:
        """Whether a code missing from these rows means that the person does not have that type.

        It does if the person's accounts are listed, or if the list consists of accounts alone. A user reference without
        accounts says nothing about codes.
        """
        if self.listing.has_accounts and not self.listing.has_people:
            return True
        return any(self._attributes(row).kind == ACCOUNT for row in self.rows)

    def _attributes(self, row: int) -> RowAttributes:
        return self.listing.attributes[self.listing.row_attributes[row]]

    def _relevance(self, row: int) -> tuple[bool, str]:
        return self._attributes(row).status not in ENDED_STATUSES, self.listing.times(row)[0]
