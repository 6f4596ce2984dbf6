"""Forms that a row of the accounts opens: ``in=row`` in their address brings the result back into that row."""

from typing import Any
from urllib.parse import urlencode

from accounts_ui.views import params
from accounts_ui.views.lists import columns
from accounts_ui.views.lists.preferences import sized
from console.request import OrganizationRequest


def is_meant(request: OrganizationRequest) -> bool:
    """Whether the form stands over the list, and htmx swaps it: without htmx it is a page."""
    asked = params.choice(params.read_query(request, ("in",))["in"], "in", ("row",))
    return bool(asked and request.htmx)


def named_columns(request: OrganizationRequest) -> list[str]:
    """The columns that the address of the list, or of the form over it, names."""
    return columns.columns_from(params.read_query(request, ("columns",))["columns"])


def shown_columns(request: OrganizationRequest) -> list[columns.Column]:
    """The columns of the list under the form."""
    return columns.shown(named_columns(request) or sized(request)[0])


def query_of(request: OrganizationRequest) -> str:
    """What a row adds to the address of a form, so that its result fits the row."""
    named = ",".join(named_columns(request))
    return urlencode({"in": "row", **({"columns": named} if named else {})}, safe=",")


def values_of(request: OrganizationRequest) -> dict[str, Any]:
    """What a form's template needs to know of where it stands, and a row's of how to open one."""
    inside, query = is_meant(request), query_of(request)
    return {"inside": inside, "sends_to": f"?{query}" if inside else "", "opens": query}
