"""Sorting of short lists. What has no value comes last in both directions."""

from collections.abc import Callable
from typing import Any, TypeVar

from accounts_ui.services.state.account_types import TypeRow
from accounts_ui.text.folding import fold
from accounts_ui.text.time_parsing import as_time

_T = TypeVar("_T")
_Key = Callable[[_T], Any]

TYPE_SORTS: dict[str, _Key[TypeRow]] = {
    "code": lambda row: row.code,
    "name": lambda row: fold(row.name or row.code),
    "status": lambda row: row.status,
    "created": lambda row: as_time(row.created_at),
    "requirements": lambda row: " ".join(sorted(name for name, value in row.requirements.items() if value)),
    "source": lambda row: row.source,
}


def sort_by(rows: list[_T], sorts: dict[str, _Key[_T]], sort: str) -> list[_T]:
    """Return ``rows`` sorted by one of ``sorts``; a leading ``-`` reverses the order."""
    key = sorts[sort.removeprefix("-")]
    valued: list[tuple[Any, _T]] = []
    without_value: list[_T] = []
    for row in rows:
        value = key(row)
        if value is None or value == "":
            without_value.append(row)
        else:
            valued.append((value, row))
    valued.sort(key=lambda pair: pair[0], reverse=sort.startswith("-"))
    return [row for _, row in valued] + without_value
