"""The state of the chain on the log's page: verify on, or everything; and what is new since the page was drawn."""

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext

from accounts_ui.changes import queries
from accounts_ui.changes.verification import runs
from accounts_ui.services.errors import InvalidInput
from accounts_ui.views import params
from accounts_ui.views.base import page, respond
from accounts_ui.views.log import filters as log_filters
from console.request import OrganizationRequest
from console.signin.access.gate import organization
from console.signin.access.rules import Role

_MOST = 999_999_999


@organization(Role.AUDITOR)
@page("POST")
def verify(request: OrganizationRequest, org: str) -> HttpResponse:
    """``POST /orgs/{org}/changes/verify/``: begin (``scope``), or go on with a look (``run``)."""
    sent = params.read(request.POST, ("scope", "run"))
    number = params.number(sent["run"], "run", default=0, most=_MOST)
    scope = params.choice(sent["scope"], "scope", ("new", "all"), default="new")
    look = runs.get(number) if number else runs.begin(by=_by(request, org), whole=scope == "all")
    if look is None:
        raise InvalidInput("run", gettext("There is no such look at the chain."))
    runs.go_on(look)
    if request.htmx:
        return render(request, "changes/_chain.html", {"chain": runs.chain(), "goes_on": True})
    query = request.GET.urlencode()
    return HttpResponseRedirect(reverse("changes", args=[org]) + (f"?{query}" if query else ""), status=303)


@organization(Role.AUDITOR)
@page("GET")
def news(request: OrganizationRequest, org: str) -> HttpResponse:
    """``GET /orgs/{org}/changes/new/``: what matches and moved after ``after``; 204 where ``seen`` says so already."""
    _, filters = log_filters.read_filters(request)
    given = params.read_query(request, ("after", "seen"))
    after = params.number(given["after"], "after", default=0, most=_MOST)
    seen = params.number(given["seen"], "seen", default=0, most=_MOST)
    new, moved = queries.news(org, filters, after)
    if new + moved == seen:
        return HttpResponse(status=204)
    return respond(request, "changes/live", {"newest": after, "new": new, "moved": moved, "seen": new + moved})


def _by(request: OrganizationRequest, org: str) -> dict[str, str]:
    actor = request.actor
    return {
        "by_issuer": actor.issuer,
        "by_subject": actor.subject,
        "by_name": actor.name or actor.email or actor.subject,
        "organization_id": org,
    }
