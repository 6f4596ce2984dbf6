"""People and their accounts, and the same as CSV."""

import functools
from itertools import islice

from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.utils.translation import gettext

from accounts_ui.csv_output import csv_lines
from accounts_ui.services.listing.account_index import ACCOUNT_SORTS
from accounts_ui.services.listing.account_row import AccountRow
from accounts_ui.services.listing.queries import AccountFilters, list_accounts, matching_accounts
from accounts_ui.services.preferences import saved_views
from accounts_ui.views import params
from accounts_ui.views.base import audit_context_of, client_of, page, respond
from accounts_ui.views.lists import columns, row_context
from accounts_ui.views.lists.listing import longer_than_a_moment, respond_with_list
from accounts_ui.views.lists.preferences import FIELDS, known_query, sized
from accounts_ui.views.lists.selection import MAX_SELECTED, read_selected
from console.request import OrganizationRequest
from console.signin.access.gate import organization
from console.signin.access.rules import Role

_EXPORTED = (
    "subject_id name email username code type_name status created_at effective_at expires_at roles recorded other"
)

_GHOSTS = 12  # rows that stand for those to come


@organization(Role.AUDITOR)
@page("GET")
def accounts(request: OrganizationRequest, org: str) -> HttpResponse:
    """``GET /orgs/{org}/accounts/``."""
    context = audit_context_of(request)
    likes, size = sized(request)
    filters = _filters(request, size=size)
    shown = columns.shown(row_context.named_columns(request) or likes)
    values = {
        "title": gettext("Accounts"),
        "filters": filters,
        "columns": shown,
        "drawn_columns": ",".join(one.name for one in shown),
        "arranged": columns.arranged(shown),
        "sizes": columns.PAGE_SIZES,
        "sorts": columns.SORT_LABELS,
        "most": MAX_SELECTED,
        "share": _share(request, [one.name for one in shown], filters),
        **row_context.values_of(request),
        "views": saved_views(context=context, page="accounts"),
    }
    waits = longer_than_a_moment(request)
    if waits:
        return respond(request, "accounts", {**values, "waits": waits, "ghosts": range(_GHOSTS)})
    read = functools.partial(list_accounts, client=client_of(request), context=context, filters=filters)
    return respond_with_list(request, "accounts", read, values)


@organization(Role.AUDITOR)
@page("GET")
def matching(request: OrganizationRequest, org: str) -> HttpResponse:
    """``GET /orgs/{org}/accounts/matching/``: what can be selected of all rows that match, one a line."""
    rows = matching_accounts(client=client_of(request), context=audit_context_of(request), filters=_filters(request))
    pairs = islice((pair for row in rows if (pair := row.pair)), MAX_SELECTED)
    return HttpResponse("\n".join(pairs), content_type="text/plain; charset=utf-8")


@organization(Role.AUDITOR)
@page("GET", "POST")
def export(request: OrganizationRequest, org: str) -> StreamingHttpResponse:
    """``GET /orgs/{org}/accounts/export.csv``: what the page shows, all pages of it. ``POST``: what is selected."""
    rows = matching_accounts(client=client_of(request), context=audit_context_of(request), filters=_filters(request))
    if request.method == "POST":
        selected = set(read_selected(request.POST))
        rows = (row for row in rows if (row.subject_id, row.code or "") in selected)
    lines = csv_lines(_EXPORTED.split(), (_cells(row) for row in rows))
    return StreamingHttpResponse(
        lines,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="accounts.csv"'},
    )


def _filters(request: OrganizationRequest, *, size: int = columns.PER_PAGE) -> AccountFilters:
    given = params.read_query(request, ("q", "status", "type", "role", "sort", "page", "per_page"))
    return AccountFilters(
        q=given["q"].strip(),
        status=given["status"],
        type=given["type"],
        role=given["role"],
        sort=params.sorting(given["sort"], ACCOUNT_SORTS),
        page=params.number(given["page"], "page", default=1, most=1_000_000),
        per_page=params.number(given["per_page"], "per_page", default=size, most=500),
    )


def _share(request: OrganizationRequest, names: list[str], filters: AccountFilters) -> str:
    """The query that shows the same to everybody, whatever columns and page size they like."""
    kept = QueryDict(known_query(request.GET.urlencode(), FIELDS["accounts"]), mutable=True)
    kept["columns"] = ",".join(names)
    kept["per_page"] = str(filters.per_page)
    return kept.urlencode(safe=",")


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
