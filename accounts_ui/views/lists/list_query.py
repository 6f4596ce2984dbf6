"""The query string of a list: read once and strictly, never changed, and rendered again with changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext

from accounts_ui.services.errors import InvalidInput
from accounts_ui.services.listing.account_sorting import ACCOUNT_SORTS
from accounts_ui.services.listing.queries import AccountFilters, TypeFilters
from accounts_ui.services.listing.type_sorting import TYPE_SORTS
from accounts_ui.views import query_params
from accounts_ui.views.lists.columns import columns_from
from console.signin.saved_forms import PARAMETER

MAX_PAGE = 1_000_000
MAX_PER_PAGE = 500


@dataclass(frozen=True)
class ListQuery:
    """The parameters of an address, as text; one that is empty was not given.

    Attributes:
        NAMES: the parameters that the page knows. A link shows them in the order of the address that was read.
        SAVED_NAMES: those that a saved view or a shared link keeps.

    """

    values: Mapping[str, str]

    NAMES: ClassVar[tuple[str, ...]] = ()
    SAVED_NAMES: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def from_request(cls, request: HttpRequest) -> Self:
        """Read the address of the request.

        Raises:
            InvalidInput: a parameter came twice, is not text, or has a value that the page does not know.

        """
        values = query_params.read_query(request, cls.NAMES)
        query = cls({name: values[name] for name in request.GET if name in values})
        query.check()
        return query

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read a query string that a form sent: what the page knows of it, unchecked.

        Raises:
            InvalidInput: it is not a query string.

        """
        try:
            sent = QueryDict(text)
        except (ValueError, UnicodeError):
            raise InvalidInput("query", gettext("This is not the address of a list.")) from None
        return cls({name: sent.get(name, "") for name in cls.NAMES})

    def check(self) -> None:
        """Check every value that is more than free text.

        Raises:
            InvalidInput: a value that the page does not know.

        """

    def value(self, name: str) -> str:
        """Return one parameter; empty if it was not given. Not ``[]``, which templates would try before attributes."""
        return self.values.get(name, "")

    def with_changes(self, **changes: object) -> Self:
        """Return the query with some parameters set, or removed if they are empty or ``None``."""
        changed = {name: "" if value is None else str(value) for name, value in changes.items()}
        return type(self)({**self.values, **changed})

    def saved(self) -> Self:
        """Return what a saved view keeps."""
        return type(self)({name: self.value(name) for name in self.SAVED_NAMES})

    def encode(self, *, safe: str | None = None) -> str:
        """Return the query string, without a question mark and without empty parameters."""
        shown = QueryDict(mutable=True)
        for name, value in self.values.items():
            if value:
                shown[name] = value
        return shown.urlencode(safe=safe)

    def address(self, **changes: object) -> str:
        """Return a link to the same page with some parameters changed."""
        return "?" + self.with_changes(**changes).encode()


class AnyQuery(ListQuery):
    """The query of a page that is not a list: every parameter, as it came."""

    @classmethod
    def from_request(cls, request: HttpRequest) -> Self:
        """Read every parameter but the form that came back. The last one counts if it came twice."""
        return cls({name: str(values[-1]) for name, values in request.GET.lists() if values and name != PARAMETER})


class AccountsQuery(ListQuery):
    """The address of the accounts, and of the forms that a row opens over them."""

    NAMES = ("q", "status", "type", "role", "sort", "columns", "per_page", "page", "whole", "in")
    SAVED_NAMES = ("q", "status", "type", "role", "sort", "columns", "per_page")

    def check(self) -> None:
        """Check ``sort``, ``columns``, ``page``, ``per_page`` and ``in``."""
        self.filters(per_page=1)
        columns_from(self.value("columns"))
        query_params.choice(self.value("in"), "in", ("row",))

    @property
    def columns(self) -> list[str]:
        """The names of the columns to show, in their order; empty if the address names none."""
        return columns_from(self.value("columns"))

    @property
    def is_over_list(self) -> bool:
        """Whether a form with this address is shown over the list, and its result belongs into the row."""
        return self.value("in") == "row"

    @property
    def shows_at_once(self) -> bool:
        """Whether the rows are wanted in the first answer, however long reading them takes."""
        return bool(self.value("whole"))

    def filters(self, *, per_page: int) -> AccountFilters:
        """Return what to show; ``per_page`` is the size of a page if the address names none."""
        return AccountFilters(
            q=self.value("q").strip(),
            status=self.value("status"),
            type=self.value("type"),
            role=self.value("role"),
            sort=query_params.sorting(self.value("sort"), ACCOUNT_SORTS),
            page=query_params.number(self.value("page"), "page", default=1, most=MAX_PAGE),
            per_page=query_params.number(self.value("per_page"), "per_page", default=per_page, most=MAX_PER_PAGE),
        )

    def of_row_form(self) -> str:
        """Return the query of a form that a row opens over this list, so that its result fits the row."""
        return AccountsQuery({"in": "row", "columns": self.value("columns")}).encode(safe=",")


class TypesQuery(ListQuery):
    """The address of the account types."""

    NAMES = ("q", "status", "source", "sort")
    SAVED_NAMES = NAMES

    def check(self) -> None:
        """Check ``sort``."""
        self.filters()

    def filters(self) -> TypeFilters:
        """Return what to show."""
        return TypeFilters(
            q=self.value("q").strip(),
            status=self.value("status"),
            source=self.value("source"),
            sort=query_params.sorting(self.value("sort"), TYPE_SORTS),
        )


SAVED_LISTS: dict[str, type[ListQuery]] = {"accounts": AccountsQuery, "types": TypesQuery}
"""The lists that can be saved as views, by the name of their address."""
