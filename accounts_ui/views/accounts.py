"""People and their accounts, and the same as CSV."""

import functools
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.translation import gettext

from accounts_ui.changes.export import csv_lines
from accounts_ui.services.browse import AccountFilters, list_accounts, matching_accounts
from accounts_ui.services.people import AccountRow
from accounts_ui.services.sorting import ACCOUNT_SORTS
from accounts_ui.views import columns, forms
from accounts_ui.views.lists import respond_with_list
from accounts_ui.views.shared import client_of, origin_of, page
from console.signin.gate import organization
from console.signin.rules import Role

_EXPORTED = (
    "subject_id name email username code type_name status created_at effective_at expires_at roles recorded other"
)


@organization(Role.AUDITOR)
@page("GET")
def accounts(request: HttpRequest, org: str) -> HttpResponse:
    """``GET /orgs/{org}/accounts/``."""
    filters = _filters(request)
    values = {"title": gettext("Accounts"), "filters": filters, **_looks(request)}
    read = functools.partial(list_accounts, client=client_of(request), origin=origin_of(request), filters=filters)
    return respond_with_list(request, "accounts", read, values)


@organization(Role.AUDITOR)
@page("GET")
def export(request: HttpRequest, org: str) -> StreamingHttpResponse:
    """``GET /orgs/{org}/accounts/export.csv``: what the page shows, all pages of it."""
    rows = matching_accounts(client=client_of(request), origin=origin_of(request), filters=_filters(request))
    lines = csv_lines(_EXPORTED.split(), (_cells(row) for row in rows))
    return StreamingHttpResponse(
        lines,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="accounts.csv"'},
    )


def _filters(request: HttpRequest) -> AccountFilters:
    given = forms.read_query(request, ("q", "status", "type", "role", "sort", "page", "per_page"))
    return AccountFilters(
        q=given["q"].strip(),
        status=given["status"],
        type=given["type"],
        role=given["role"],
        sort=forms.sorting(given["sort"], ACCOUNT_SORTS),
        page=forms.number(given["page"], "page", default=1, most=1_000_000),
        per_page=forms.number(given["per_page"], "per_page", default=50, most=500),
    )


def _looks(request: HttpRequest) -> dict[str, Any]:
    """The columns to show: those that the address names, else the usual ones."""
    named = columns.columns_from(forms.read_query(request, ("columns",))["columns"])
    shown = columns.shown(named or columns.DEFAULT)
    return {"columns": shown, "sorts": columns.SORT_LABELS}


def _cells(row: AccountRow) -> tuple[object, ...]:
    recorded = " ".join(f"{one.code}:{one.status}" for one in row.recorded)
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
