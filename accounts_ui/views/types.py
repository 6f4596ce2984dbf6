"""The organization's account types."""

import functools
from typing import Final

from django.http import HttpResponse
from django.utils.translation import gettext, gettext_lazy

from accounts_ui.services.listing.queries import TypeFilters, list_types
from accounts_ui.services.listing.sorting import TYPE_SORTS
from accounts_ui.services.preferences import saved_views
from accounts_ui.views import params
from accounts_ui.views.base import audit_context_of, client_of, page
from accounts_ui.views.lists.columns import Column
from accounts_ui.views.lists.listing import respond_with_list
from accounts_ui.views.lists.preferences import FIELDS, known_query
from console.request import OrganizationRequest
from console.signin.access.gate import organization
from console.signin.access.rules import Role

COLUMNS: Final = (
    Column("code", gettext_lazy("Code")),
    Column("name", gettext_lazy("Name")),
    Column("status", gettext_lazy("Status")),
    Column("created", gettext_lazy("Created")),
    Column("requirements", gettext_lazy("Requires")),
    Column("source", gettext_lazy("Known from")),
)


@organization(Role.AUDITOR)
@page("GET")
def types(request: OrganizationRequest, org: str) -> HttpResponse:
    """``GET /orgs/{org}/types/``."""
    given = params.read_query(request, ("q", "status", "source", "sort"))
    given |= {"q": given["q"].strip(), "sort": params.sorting(given["sort"], TYPE_SORTS)}
    filters = TypeFilters(**given)
    sorts = {one.name: one.label for one in COLUMNS}
    values = {
        "title": gettext("Account types"),
        "filters": filters,
        "columns": COLUMNS,
        "sorts": sorts,
        "share": known_query(request.GET.urlencode(), FIELDS["types"]),
        "views": saved_views(context=audit_context_of(request), page="types"),
    }
    read = functools.partial(list_types, client=client_of(request), context=audit_context_of(request), filters=filters)
    return respond_with_list(request, "types", read, values)
