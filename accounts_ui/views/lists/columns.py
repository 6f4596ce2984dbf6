"""The columns of the accounts: which there are, and which to show to whom."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from accounts_ui.services.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Column:
    """A column; ``name`` is also what sorts by it."""

    name: str
    label: str | Promise

    @property
    def cell(self) -> str:
        """The template of its cell."""
        return f"accounts/cells/_{self.name}.html"


COLUMNS: Final = {
    one.name: one
    for one in (
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
    **{name: one.label for name, one in COLUMNS.items()},
    "email": gettext_lazy("E-mail"),
    "username": gettext_lazy("Username"),
}


def columns_from(text: str) -> list[str]:
    """The columns that an address or a form names, in its order.

    Raises:
        InvalidInput: one that there is not, or one twice.

    """
    names = [name for name in text.split(",") if name]
    for name in names:
        if name not in COLUMNS:
            said = gettext("columns has to be some of: %(all)s; with commas between.")
            raise InvalidInput("columns", said % {"all": ", ".join(COLUMNS)})
    if len(set(names)) < len(names):
        raise InvalidInput("columns", gettext("columns names a column twice."))
    return names


def shown(names: Iterable[str]) -> list[Column]:
    """These columns; where none of them tells who it is, the person comes first."""
    found = [name for name in names if name in COLUMNS]
    wanted = found if "name" in found else ["name", *found]
    return [Column(name, str(COLUMNS[name].label)) for name in wanted]  # each cell has its label: put in words once


def arranged(chosen: list[Column]) -> list[tuple[Column, bool]]:
    """All columns for the form that arranges them: the chosen ones in their order, then the others."""
    names = {one.name for one in chosen}
    return [*((one, True) for one in chosen), *((one, False) for one in COLUMNS.values() if one.name not in names)]
