"""People and their accounts, and the same as CSV."""

import functools
from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils.translation import gettext

from accounts_ui.csv_output import csv_lines
from accounts_ui.services.listing.account_row import AccountRow
from accounts_ui.services.listing.queries import AccountFilters, list_accounts, matching_accounts
from accounts_ui.services.preferences import saved_views
from accounts_ui.views.base import audit_context_of, client_of, page, respond
from accounts_ui.views.csv_download import csv_download, read_separator
from accounts_ui.views.lists import columns
from accounts_ui.views.lists.list_query import AccountsQuery
from accounts_ui.views.lists.list_response import respond_with_list, seconds_to_wait
from accounts_ui.views.lists.panel_forms import row_context
from accounts_ui.views.lists.preferences import preferred_layout
from accounts_ui.views.lists.selection import MAX_SELECTED, read_selected
from console.request import OrganizationRequest
from console.signin.access.gate import organization
from console.signin.access.rules import Role
from console.signin.saved_forms import find_named_form

_EXPORTED = (
    "subject_id name email username code type_name status created_at effective_at expires_at roles recorded other"
)


@organization(Role.AUDITOR)
@page("GET")
def accounts(request: OrganizationRequest, org: str) -> HttpResponse:
    """``GET /orgs/{org}/accounts/``."""
    query, context = AccountsQuery.from_request(request), audit_context_of(request)
    preferred_columns, page_size = preferred_layout(request)
    filters = query.filters(per_page=page_size)
    values = {
        "title": gettext("Accounts"),
        "list_query": query,
        "filters": filters,
        "problem": None,
        "expected_seconds": 0,
        "views": saved_views(context=context, page="accounts"),
        **_column_values(query, filters, preferred_columns),
        **_returned_menus(request),
        **row_context(request),
    }
    if seconds := seconds_to_wait(request, query):
        return respond(request, "accounts", {**values, "expected_seconds": seconds})
    read = functools.partial(list_accounts, client=client_of(request), context=context, filters=filters)
    return respond_with_list(request, "accounts", read, values)


@organization(Role.AUDITOR)
@page("GET")
def matching(request: OrganizationRequest, org: str) -> HttpResponse:
    """``GET /orgs/{org}/accounts/matching/``: what can be selected of all rows that match, one a line."""
    pairs = islice((pair for row in _matching_rows(request) if (pair := row.pair)), MAX_SELECTED)
    return HttpResponse("\n".join(pairs), content_type="text/plain; charset=utf-8")


@organization(Role.AUDITOR, form_page="accounts")
@page("GET", "POST")
def export(request: OrganizationRequest, org: str) -> StreamingHttpResponse:
    """``GET /orgs/{org}/accounts/export.csv``: all pages of what the list shows. ``POST``: the selected rows."""
    rows = _matching_rows(request)
    if request.method == "POST":
        selected = set(read_selected(request.POST))
        rows = (row for row in rows if (row.subject_id, row.code or "") in selected)
    lines = csv_lines(_EXPORTED.split(), (_cells(row) for row in rows), read_separator(request))
    return csv_download(lines, "accounts.csv")


def _matching_rows(request: OrganizationRequest) -> Iterator[AccountRow]:
    filters = AccountsQuery.from_request(request).filters(per_page=columns.PER_PAGE)
    return matching_accounts(client=client_of(request), context=audit_context_of(request), filters=filters)


def _column_values(query: AccountsQuery, filters: AccountFilters, preferred_columns: list[str]) -> dict[str, Any]:
    """Return the columns to show, and what the tools beside the list need to know of them.

    ``share`` is the query that shows the same to everybody, whatever columns and page size they prefer.
    """
    shown = columns.columns_to_show(query.columns or preferred_columns)
    names = ",".join(column.name for column in shown)
    return {
        "columns": shown,
        "arranged_columns": columns.columns_to_choose(shown),
        "page_sizes": columns.PAGE_SIZES,
        "sorts": columns.SORT_LABELS,
        "most_selected": MAX_SELECTED,
        "share": query.saved().with_changes(columns=names, per_page=filters.per_page).encode(safe=","),
    }


def _returned_menus(request: OrganizationRequest) -> dict[str, Any]:
    """Return what came back after a sign-in: columns that somebody arranged, a name for a view, a selection."""
    org = [request.organization.id]
    layout = find_named_form(request, action=reverse("columns", args=org))
    view = find_named_form(request, action=reverse("views", args=org))
    selection = find_named_form(request, action=reverse("accounts-export", args=org))
    values: dict[str, Any] = {"returned_layout": layout, "returned_view": view, "returned_selection": selection}
    if layout is not None:
        order, ticked = layout.fields.get("order", []), layout.fields.get("columns", [])
        values["arranged_columns"] = columns.columns_to_arrange(order, ticked)
    return values


def _cells(row: AccountRow) -> tuple[object, ...]:
    recorded = " ".join(f"{account.code}:{account.status}" for account in row.recorded)
    return (
        row.subject_id,
        row.name,
        row.email,
        row.username,
        row.code,
        row.type_name,
        row.status,
        row.created_at,
        row.effective_at,
        row.expires_at,
        " ".join(row.roles),
        recorded,
        row.text,
    )
