"""What every page of an organization shows around its own part."""

from typing import Any

from django.db import Error

from accounts_ui.changes import queries
from console.request import ConsoleRequest


def accounts_ui(request: ConsoleRequest) -> dict[str, Any]:
    """The changes without an outcome, for the banner."""
    organization = request.organization
    if organization is None or request.headers.get("HX-Request"):
        return {"open_changes": []}
    try:
        return {"open_changes": queries.open_changes(organization.id)}
    except Error:
        return {"open_changes": []}
