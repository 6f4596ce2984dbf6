"""In which order rows stand. What has no value stands last, either way round."""

from collections.abc import Callable
from typing import Any, TypeVar

from accounts_ui.services.catalogue import TypeRow
from accounts_ui.services.people import AccountRow
from accounts_ui.services.texts import as_time, fold

_T = TypeVar("_T")
_Key = Callable[[_T], Any]

ACCOUNT_SORTS: dict[str, _Key[AccountRow]] = {
    "name": lambda row: fold(row.name),
    "subject_id": lambda row: row.subject_id,
    "email": lambda row: fold(row.email),
    "username": lambda row: fold(row.username),
    "code": lambda row: row.code if row.code is not None else min(row.codes, default=None),
    "status": lambda row: row.status,
    "roles": lambda row: fold(", ".join(row.roles)),
    "created": lambda row: row.created,
    "effective": lambda row: as_time(row.effective_at),
    "expires": lambda row: as_time(row.expires_at),
    "changed": lambda row: row.last_change.at if row.last_change else None,
}

TYPE_SORTS: dict[str, _Key[TypeRow]] = {
    "code": lambda row: row.code,
    "name": lambda row: fold(row.name or row.code),
    "status": lambda row: row.status,
    "created": lambda row: as_time(row.created_at),
    "requirements": lambda row: " ".join(sorted(name for name, value in row.requirements.items() if value)),
    "source": lambda row: row.source,
}


def in_order(rows: list[_T], sorts: dict[str, _Key[_T]], sort: str) -> list[_T]:
    """``rows`` by one of ``sorts``, reversed by a leading ``-``."""
    key = sorts[sort.removeprefix("-")]
    valued: list[tuple[Any, _T]] = []
    rest: list[_T] = []
    for row in rows:
        value = key(row)
        if value is None or value == "":
            rest.append(row)
        else:
            valued.append((value, row))
    valued.sort(key=lambda one: one[0], reverse=sort.startswith("-"))
    return [row for _, row in valued] + rest
