"""How a person likes their lists: columns and page size, and named views. Small forms that lead back to the list."""

from typing import Final

from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.translation import gettext

from accounts_ui.services.errors import InvalidInput
from accounts_ui.services.preferences import delete_view, look_of, remember_look, save_view
from accounts_ui.views import params
from accounts_ui.views.base import audit_context_of, page
from accounts_ui.views.lists import columns
from console.request import OrganizationRequest
from console.signin.access.gate import organization
from console.signin.access.rules import Role

FIELDS: Final = {
    "accounts": ("q", "status", "type", "role", "sort", "columns", "per_page"),
    "types": ("q", "status", "source", "sort"),
}
"""The lists that can be saved as views, and what of their addresses a view keeps."""


@organization(Role.AUDITOR)
@page("GET", "POST")
def arrange(request: OrganizationRequest, org: str) -> HttpResponse:
    """``POST /orgs/{org}/accounts/columns/``: keep the columns that are ticked, in their order, and the page size."""
    if request.method == "POST":
        given = params.read(request.POST, ("per_page", "move", "reset"))
        chosen = [] if given["reset"] else _chosen(request.POST, given["move"])
        size = "" if given["reset"] else given["per_page"]
        params.choice(size, "per_page", [str(one) for one in columns.PAGE_SIZES])
        remember_look(
            context=audit_context_of(request), page="accounts", columns=chosen, per_page=int(size) if size else None
        )
    return _back(org, "accounts", request.POST, without=("columns", "per_page"))


@organization(Role.AUDITOR)
@page("GET", "POST")
def views(request: OrganizationRequest, org: str) -> HttpResponse:
    """``POST /orgs/{org}/views/``: save the list as it is under a name, or delete a saved one."""
    given = params.read(request.POST, ("page", "do", "name", "query"))
    name = params.choice(given["page"], "page", FIELDS, default="accounts")
    if request.method == "POST":
        do = params.choice(given["do"], "do", ("save", "delete"), default="save")
        if do == "delete":
            delete_view(context=audit_context_of(request), page=name, name=given["name"])
        else:
            query = known_query(given["query"], FIELDS[name])
            save_view(context=audit_context_of(request), page=name, name=given["name"], query=query)
    return _back(org, name, request.POST)


def known_query(text: str, names: tuple[str, ...]) -> str:
    """Of a query that somebody sent what the list knows, each once."""
    try:
        sent = QueryDict(text)
    except (ValueError, UnicodeError):
        raise InvalidInput("query", gettext("This is not the address of a list.")) from None
    kept = QueryDict(mutable=True)
    for name in names:
        if sent.get(name):
            kept[name] = sent[name]
    return kept.urlencode()


def sized(request: OrganizationRequest) -> tuple[list[str], int]:
    """The columns and the page size that the person likes, or the usual ones."""
    look = look_of(context=audit_context_of(request), page="accounts")
    names = [name for name in look.columns if name in columns.COLUMNS]
    return names or list(columns.DEFAULT), look.per_page or columns.PER_PAGE


def _chosen(sent: QueryDict, move: str) -> list[str]:
    """The ticked columns in the form's order. ``move``, as ``up:code``: without scripts a click moves one of them."""
    order, ticked = sent.getlist("order"), set(sent.getlist("columns"))
    chosen = columns.columns_from(",".join(name for name in order if name in ticked))
    way, _, name = move.partition(":")
    if name in chosen:
        at = chosen.index(name)
        to = min(len(chosen) - 1, max(0, at - 1 if way == "up" else at + 1))
        chosen.insert(to, chosen.pop(at))
    return chosen


def _back(org: str, name: str, sent: QueryDict, *, without: tuple[str, ...] = ()) -> HttpResponse:
    query = known_query(
        params.read(sent, ("query",))["query"], tuple(one for one in FIELDS[name] if one not in without)
    )
    address = reverse(name, args=[org])
    return HttpResponseRedirect(f"{address}?{query}" if query else address, status=303)
