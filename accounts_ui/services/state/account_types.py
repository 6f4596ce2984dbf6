"""The known account types: from the catalogue, or else from the list and from what admins used before."""

import datetime
from dataclasses import dataclass, field
from typing import Any

from accounts_ui.changes import queries
from accounts_ui.directory import errors
from accounts_ui.directory.client_interface import DirectoryClient
from accounts_ui.directory.listing import Listing
from accounts_ui.directory.rows import AccountType
from console import clock
from console.recorded_text import recorded

_INCOMPLETE = recorded(
    "types.incomplete",
    "The directory's catalogue of account types cannot be read ({detail}) These types come from the directory's list "
    "and from what was used before; there may be others.",
)


@dataclass(frozen=True, slots=True)
class TypeRow:
    """One account type. ``source``: ``catalogue``, ``list`` or ``log``."""

    code: str
    name: str = ""
    description: str = ""
    status: str = ""
    created_at: str = ""
    modified_at: str = ""
    roles: tuple[str, ...] = ()
    subscriptions: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    agreements: tuple[str, ...] = ()
    requirements: dict[str, Any] = field(default_factory=dict)
    specifications: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)
    source: str = "catalogue"


@dataclass(frozen=True, slots=True)
class KnownTypes:
    """The account types. ``note`` says so if they may not be all."""

    rows: list[TypeRow]
    note: str
    read_at: datetime.datetime

    def get(self, code: str) -> TypeRow | None:
        """Return the type with this code."""
        return next((row for row in self.rows if row.code == code), None)


def known_types(*, client: DirectoryClient, organization_id: str, listing: Listing | None = None) -> KnownTypes:
    """Read the catalogue. If it is missing or forbidden, take the types from the list and from the log.

    Raises:
        DirectoryError: the catalogue cannot be read and the list, which then is needed, cannot either.

    """
    note = ""
    rows: dict[str, TypeRow] = {}
    try:
        rows = {row.code: _row(row, "catalogue") for row in client.list_types(organization_id)}
    except errors.TokenRejected:
        raise
    except errors.DirectoryError as error:
        note = _INCOMPLETE.format(detail=error.detail)
        listing = listing or client.list_users(organization_id)
    if listing:
        for listed in listing.types:
            rows.setdefault(listed.code, _row(listed, "list"))
        for code in listing.codes:
            rows.setdefault(code, TypeRow(code=code, source="list"))
    for code, name in queries.used_types(organization_id).items():
        rows.setdefault(code, TypeRow(code=code, name=name, source="log"))
    return KnownTypes(list(rows.values()), note, clock.now())


def _row(row: AccountType, source: str) -> TypeRow:
    return TypeRow(
        code=row.code,
        name=row.name,
        description=row.description,
        status=row.status,
        created_at=row.created_at,
        modified_at=row.modified_at,
        roles=row.roles,
        subscriptions=row.subscriptions,
        permissions=row.permissions,
        agreements=row.agreements,
        requirements=row.requirements,
        specifications=row.specifications,
        extra=row.extra,
        source=source,
    )
