"""What every page of an organization shows around its own part."""

from typing import Any

from django.db import Error
from django.http import HttpRequest

from accounts_ui.changes import queries


def accounts_ui(request: HttpRequest) -> dict[str, Any]:
    """The changes without an outcome, for the banner."""
    organization = getattr(request, "organization", None)
    if organization is None or request.headers.get("HX-Request"):
        return {"open_changes": []}
    try:
        return {"open_changes": queries.open_changes(organization.id)}
    except Error:
        return {"open_changes": []}
