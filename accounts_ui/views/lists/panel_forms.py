"""Forms that a row of the accounts opens over the list: ``in=row`` in their address brings the result into the row."""

from typing import Any

from accounts_ui.views.lists.columns import Column, columns_to_show
from accounts_ui.views.lists.list_query import AccountsQuery
from accounts_ui.views.lists.preferences import preferred_layout
from console.request import OrganizationRequest


def is_over_list(request: OrganizationRequest) -> bool:
    """Whether the form is shown over the list. Without htmx it is a page of its own."""
    return bool(request.htmx) and AccountsQuery.from_request(request).is_over_list


def columns_under_form(request: OrganizationRequest) -> list[Column]:
    """Return the columns of the list under the form."""
    return columns_to_show(AccountsQuery.from_request(request).columns or preferred_layout(request)[0])


def row_context(request: OrganizationRequest) -> dict[str, Any]:
    """Return whether a form is in the panel over the list, and the queries of its result and of a row's links to forms.

    ``result_query`` brings the result of the form into its row; it is empty for a form that is a page of its own.
    """
    query = AccountsQuery.from_request(request)
    in_panel = bool(request.htmx) and query.is_over_list
    form_query = query.of_row_form()
    return {"in_panel": in_panel, "result_query": f"?{form_query}" if in_panel else "", "form_query": form_query}
