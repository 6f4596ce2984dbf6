"""The organization's account types."""

from django.http import HttpRequest, HttpResponse

from accounts_ui.services.browse import TYPE_SORTS, list_types
from accounts_ui.views import forms
from accounts_ui.views.shared import client_of, origin_of, page, respond
from console.signin.gate import organization
from console.signin.rules import Role

COLUMNS = (("code", "Code"), ("name", "Name"), ("status", "Status"), ("created", "Created"))


@organization(Role.AUDITOR)
@page("GET")
def types(request: HttpRequest, org: str) -> HttpResponse:
    """``GET /orgs/{org}/types/``."""
    filters = forms.read_query(request, ("q", "status", "sort"))
    filters["sort"] = forms.sorting(filters["sort"], TYPE_SORTS)
    found = list_types(client=client_of(request), origin=origin_of(request), **filters)
    return respond(request, "types", {"found": found, "filters": filters, "columns": COLUMNS, "title": "Account types"})
