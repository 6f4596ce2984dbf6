"""The organization's account types."""

import functools
from typing import Final

from django.http import HttpResponse
from django.utils.translation import gettext, gettext_lazy

from accounts_ui.services.listing.queries import list_types
from accounts_ui.services.preferences import saved_views
from accounts_ui.views.base import audit_context_of, client_of, page
from accounts_ui.views.lists.columns import Column
from accounts_ui.views.lists.list_query import TypesQuery
from accounts_ui.views.lists.list_response import respond_with_list
from console.request import OrganizationRequest
from console.signin.access.gate import organization
from console.signin.access.rules import Role

COLUMNS: Final = (
    Column("code", gettext_lazy("Code")),
    Column("name", gettext_lazy("Name")),
    Column("status", gettext_lazy("Status")),
    Column("created", gettext_lazy("Created")),
    Column("requirements", gettext_lazy("Requirements")),
    Column("source", gettext_lazy("Source")),
)
SORT_LABELS: Final = {column.name: column.label for column in COLUMNS}


@organization(Role.AUDITOR)
@page("GET")
def types(request: OrganizationRequest, org: str) -> HttpResponse:
    """``GET /orgs/{org}/types/``."""
    query, context = TypesQuery.from_request(request), audit_context_of(request)
    filters = query.filters()
    values = {
        "title": gettext("Account types"),
        "list_query": query,
        "filters": filters,
        "columns": COLUMNS,
        "sorts": SORT_LABELS,
        "problem": None,
        "share": query.saved().encode(),
        "views": saved_views(context=context, page="types"),
    }
    read = functools.partial(list_types, client=client_of(request), context=context, filters=filters)
    return respond_with_list(request, "types", read, values)
