"""A person's preferences for lists: columns, page size and saved views. Small forms that lead back to the list."""

from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse

from accounts_ui.services.preferences import delete_view, look_of, remember_look, save_view
from accounts_ui.views import params
from accounts_ui.views.base import audit_context_of, page
from accounts_ui.views.lists import columns
from accounts_ui.views.lists.list_query import SAVED_LISTS
from console.request import OrganizationRequest
from console.signin.access.gate import organization
from console.signin.access.rules import Role


@organization(Role.AUDITOR)
@page("GET", "POST")
def save_columns(request: OrganizationRequest, org: str) -> HttpResponse:
    """``POST /orgs/{org}/accounts/columns/``: save the ticked columns, in their order, and the page size."""
    if request.method == "POST":
        sent = params.read(request.POST, ("per_page", "move", "reset"))
        chosen = [] if sent["reset"] else _chosen_columns(request.POST, sent["move"])
        size = "" if sent["reset"] else sent["per_page"]
        params.choice(size, "per_page", [str(number) for number in columns.PAGE_SIZES])
        remember_look(
            context=audit_context_of(request), page="accounts", columns=chosen, per_page=int(size) if size else None
        )
    return _back_to_list(org, "accounts", request.POST, columns="", per_page="")


@organization(Role.AUDITOR)
@page("GET", "POST")
def saved_views(request: OrganizationRequest, org: str) -> HttpResponse:
    """``POST /orgs/{org}/views/``: save the list as it is under a name, or delete a saved view."""
    sent = params.read(request.POST, ("page", "do", "name", "query"))
    name = params.choice(sent["page"], "page", SAVED_LISTS, default="accounts")
    if request.method == "POST":
        do = params.choice(sent["do"], "do", ("save", "delete"), default="save")
        if do == "delete":
            delete_view(context=audit_context_of(request), page=name, name=sent["name"])
        else:
            query = SAVED_LISTS[name].from_text(sent["query"]).saved().encode()
            save_view(context=audit_context_of(request), page=name, name=sent["name"], query=query)
    return _back_to_list(org, name, request.POST)


def preferred_layout(request: OrganizationRequest) -> tuple[list[str], int]:
    """Return the names of the columns and the page size that the person prefers for the accounts, or the defaults."""
    preference = look_of(context=audit_context_of(request), page="accounts")
    names = [name for name in preference.columns if name in columns.COLUMNS]
    return names or list(columns.DEFAULT), preference.per_page or columns.PER_PAGE


def _chosen_columns(sent: QueryDict, move: str) -> list[str]:
    """Return the ticked columns in the form's order.

    Args:
        move: such as ``up:code``. Without scripts a button moves one of the columns.

    """
    order, ticked = sent.getlist("order"), set(sent.getlist("columns"))
    chosen = columns.columns_from(",".join(name for name in order if name in ticked))
    direction, _, name = move.partition(":")
    if name in chosen:
        position = chosen.index(name)
        target = position - 1 if direction == "up" else position + 1
        chosen.insert(min(len(chosen), max(0, target)), chosen.pop(position))
    return chosen


def _back_to_list(org: str, name: str, sent: QueryDict, **changes: str) -> HttpResponse:
    text = params.read(sent, ("query",))["query"]
    query = SAVED_LISTS[name].from_text(text).saved().with_changes(**changes).encode()
    address = reverse(name, args=[org])
    return HttpResponseRedirect(f"{address}?{query}" if query else address, status=303)
