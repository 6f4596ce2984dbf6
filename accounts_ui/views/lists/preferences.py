"""A person's preferences for lists: columns, page size and saved views. Small forms that lead back to the list."""

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts_ui.services.preferences import delete_view, list_preference, save_list_preference, save_view
from accounts_ui.views.base import audit_context_of, page
from accounts_ui.views.form_errors import cleaned
from accounts_ui.views.lists import columns
from accounts_ui.views.lists.forms import ColumnsForm, SavedViewForm
from accounts_ui.views.lists.list_query import SAVED_LISTS
from console.request import OrganizationRequest
from console.signin.access.gate import organization
from console.signin.access.rules import Role


@organization(Role.AUDITOR, form_page="accounts")
@page("GET", "POST")
def save_columns(request: OrganizationRequest, org: str) -> HttpResponse:
    """``POST /orgs/{org}/accounts/columns/``: save the ticked columns, in their order, and the page size."""
    sent = cleaned(ColumnsForm(request.POST))
    if request.method == "POST":
        chosen = [] if sent["reset"] else _chosen_columns(sent["order"], sent["columns"], sent["move"])
        size = "" if sent["reset"] else sent["per_page"]
        save_list_preference(
            context=audit_context_of(request), page="accounts", columns=chosen, per_page=int(size) if size else None
        )
    return _back_to_list(org, "accounts", sent["query"], columns="", per_page="")


@organization(Role.AUDITOR, form_page="accounts")
@page("GET", "POST")
def edit_saved_view(request: OrganizationRequest, org: str) -> HttpResponse:
    """``POST /orgs/{org}/views/``: save the list as it is under a name, or delete a saved view."""
    sent = cleaned(SavedViewForm(request.POST))
    name = sent["page"] or "accounts"
    if request.method == "POST":
        if sent["do"] == "delete":
            delete_view(context=audit_context_of(request), page=name, name=sent["name"])
        else:
            query = SAVED_LISTS[name].from_text(sent["query"]).saved().encode()
            save_view(context=audit_context_of(request), page=name, name=sent["name"], query=query)
    return _back_to_list(org, name, sent["query"])


def preferred_layout(request: OrganizationRequest) -> tuple[list[str], int]:
    """Return the names of the columns and the page size that the person prefers for the accounts, or the defaults."""
    preference = list_preference(context=audit_context_of(request), page="accounts")
    names = [name for name in preference.columns if name in columns.COLUMNS]
    return names or list(columns.DEFAULT), preference.per_page or columns.PER_PAGE


def _chosen_columns(order: list[str], ticked: list[str], move: str) -> list[str]:
    """Return the ticked columns in the form's order.

    Args:
        move: such as ``up:code``. Without scripts a button moves one of the columns.

    """
    chosen = columns.columns_from(",".join(name for name in order if name in ticked))
    direction, _, name = move.partition(":")
    if name in chosen:
        position = chosen.index(name)
        target = position - 1 if direction == "up" else position + 1
        chosen.insert(min(len(chosen), max(0, target)), chosen.pop(position))
    return chosen


def _back_to_list(org: str, name: str, text: str, **changes: str) -> HttpResponse:
    query = SAVED_LISTS[name].from_text(text).saved().with_changes(**changes).encode()
    address = reverse(name, args=[org])
    return HttpResponseRedirect(f"{address}?{query}" if query else address, status=303)
