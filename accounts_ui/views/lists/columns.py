"""The columns of the accounts: which there are, and which of them a page shows."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from accounts_ui.services.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Column:
    """A column. ``name`` is what sorts by it, and names the macro of its cell in ``accounts/_cells.html``."""

    name: str
    label: str | Promise


COLUMNS: Final = {
    column.name: column
    for column in (
        Column("name", gettext_lazy("Person")),
        Column("subject_id", gettext_lazy("Subject id")),
        Column("code", gettext_lazy("Account type")),
        Column("status", gettext_lazy("Status")),
        Column("roles", gettext_lazy("Roles")),
        Column("created", gettext_lazy("Created")),
        Column("effective", gettext_lazy("Effective from")),
        Column("expires", gettext_lazy("Expires")),
        Column("changed", gettext_lazy("Last change")),
    )
}
DEFAULT: Final = ("name", "subject_id", "code", "status", "created", "changed")
PER_PAGE: Final = 50
PAGE_SIZES: Final = (25, PER_PAGE, 100, 200, 500)

SORT_LABELS: Final = {
    **{name: column.label for name, column in COLUMNS.items()},
    "email": gettext_lazy("E-mail"),
    "username": gettext_lazy("Username"),
}


def columns_from(text: str) -> list[str]:
    """Return the names of columns in ``text``, which separates them by commas, in their order.

    Raises:
        InvalidInput: a column that does not exist, or one twice.

    """
    names = [name for name in text.split(",") if name]
    for name in names:
        if name not in COLUMNS:
            message = gettext("There is no column “%(name)s”. Choose the columns above the list, under “Columns”.")
            raise InvalidInput("columns", message % {"name": name})
    if len(set(names)) < len(names):
        message = gettext("A column is chosen twice. Choose the columns above the list, under “Columns”.")
        raise InvalidInput("columns", message)
    return names


def columns_to_show(names: Iterable[str]) -> list[Column]:
    """Return these columns, after the person's if that is not one of them."""
    existing = [name for name in names if name in COLUMNS]
    with_person = existing if "name" in existing else ["name", *existing]
    return [Column(name, str(COLUMNS[name].label)) for name in with_person]  # translated once, not in each cell


def columns_to_choose(shown: list[Column]) -> list[tuple[Column, bool]]:
    """Return every column and whether it is shown, for the form that arranges them: the shown ones come first."""
    names = {column.name for column in shown}
    hidden = [column for column in COLUMNS.values() if column.name not in names]
    return [*((column, True) for column in shown), *((column, False) for column in hidden)]


def columns_to_arrange(order: Iterable[str], ticked: Iterable[str]) -> list[tuple[Column, bool]]:
    """Return every column and whether it is ticked, in the order of a form that came back."""
    first = [name for name in dict.fromkeys(order) if name in COLUMNS]
    names = [*first, *(name for name in COLUMNS if name not in first)]
    return [(COLUMNS[name], name in set(ticked)) for name in names]
