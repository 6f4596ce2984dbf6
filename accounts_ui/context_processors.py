"""What every page of an organization shows around its content: the sections, and a banner for open changes."""

from typing import Any, Final

from django.db import Error
from django.utils.translation import gettext_lazy

from accounts_ui.changes import queries
from console.request import ConsoleRequest

SECTIONS: Final = (
    ("accounts", gettext_lazy("Accounts")),
    ("types", gettext_lazy("Types")),
    ("changes", gettext_lazy("Change log")),
)

_SECTION_OF_VIEW: Final = {
    "person": "accounts",
    "assign": "accounts",
    "status": "accounts",
    "delete": "accounts",
    "bulk": "accounts",
    "plan": "accounts",
    "change": "changes",
    "undo": "changes",
    "changes-new": "changes",
    "verify": "changes",
}


def banner(request: ConsoleRequest) -> dict[str, Any]:
    """Return the changes whose outcome is unknown. A fragment has no banner, and a database error leaves it empty."""
    organization = request.organization
    if organization is None or request.headers.get("HX-Request"):
        return {"open_changes": []}
    try:
        return {"open_changes": queries.open_changes(organization.id)}
    except Error:
        return {"open_changes": []}


def navigation(request: ConsoleRequest) -> dict[str, Any]:
    """Return the sections of an organization, and the section that this page belongs to."""
    name = getattr(request.resolver_match, "url_name", None) or ""
    return {"sections": SECTIONS, "section": _SECTION_OF_VIEW.get(name, name)}
