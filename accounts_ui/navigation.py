"""The sections of an organization, for the navigation that every page has."""

from typing import Any, Final

from django.utils.translation import gettext_lazy

from console.request import ConsoleRequest

SECTIONS: Final = (
    ("accounts", gettext_lazy("Accounts")),
    ("types", gettext_lazy("Types")),
    ("changes", gettext_lazy("Change log")),
)

_PART_OF: Final = {
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


def navigation(request: ConsoleRequest) -> dict[str, Any]:
    """The sections, and the one that this page belongs to."""
    name = getattr(request.resolver_match, "url_name", None) or ""
    return {"sections": SECTIONS, "section": _PART_OF.get(name, name)}
