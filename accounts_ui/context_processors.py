"""What every page of an organization shows around its content: the sections, and a banner for open changes."""

from typing import Any, Final

from django.db import Error
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy

from accounts_ui.changes import queries
from accounts_ui.changes.models import Change
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
    """Return the changes whose outcome is unknown. They are read if the page, or the fragment, has a banner."""
    return {
        "open_changes": SimpleLazyObject(lambda: _open_changes(request)),
        "is_fragment": bool(request.headers.get("HX-Request")),
    }


def _open_changes(request: ConsoleRequest) -> list[Change]:
    """A database error leaves the banner empty."""
    if request.organization is None:
        return []
    try:
        return queries.open_changes(request.organization.id)
    except Error:
        return []


def navigation(request: ConsoleRequest) -> dict[str, Any]:
    """Return the sections of an organization, and the section that this page belongs to."""
    name = getattr(request.resolver_match, "url_name", None) or ""
    return {"sections": SECTIONS, "section": _SECTION_OF_VIEW.get(name, name)}
