"""The state of the chain on the log's page: verify on, or everything; and what is new since the page was drawn."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext

from accounts_ui.changes import looking, reading
from accounts_ui.services.errors import InvalidInput
from accounts_ui.views import forms, log_filters
from accounts_ui.views.shared import page, respond
from console.signin.gate import organization
from console.signin.rules import Role

_MOST = 999_999_999


@organization(Role.AUDITOR)
@page("POST")
def verify(request: HttpRequest, org: str) -> HttpResponse:
    """``POST /orgs/{org}/changes/verify/``: begin (``scope``), or go on with a look (``run``)."""
    sent = forms.read(request.POST, ("scope", "run"))
    number = forms.number(sent["run"], "run", default=0, most=_MOST)
    scope = forms.choice(sent["scope"], "scope", ("new", "all"), default="new")
    look = looking.get(number) if number else looking.begin(by=_by(request, org), whole=scope == "all")
    if look is None:
        raise InvalidInput("run", gettext("There is no such look at the chain."))
    looking.go_on(look)
    if request.htmx:
        return render(request, "changes/_chain.html", {"chain": looking.chain(), "goes_on": True})
    query = request.GET.urlencode()
    return HttpResponseRedirect(reverse("changes", args=[org]) + (f"?{query}" if query else ""), status=303)


@organization(Role.AUDITOR)
@page("GET")
def news(request: HttpRequest, org: str) -> HttpResponse:
    """``GET /orgs/{org}/changes/new/``: what matches and moved after ``after``; 204 where ``seen`` says so already."""
    _, filters = log_filters.read_filters(request)
    given = forms.read_query(request, ("after", "seen"))
    after = forms.number(given["after"], "after", default=0, most=_MOST)
    seen = forms.number(given["seen"], "seen", default=0, most=_MOST)
    new, moved = reading.news(org, filters, after)
    if new + moved == seen:
        return HttpResponse(status=204)
    return respond(request, "changes/live", {"newest": after, "new": new, "moved": moved, "seen": new + moved})


def _by(request: HttpRequest, org: str) -> dict[str, str]:
    actor = request.actor
    return {
        "by_issuer": actor.issuer,
        "by_subject": actor.subject,
        "by_name": actor.name or actor.email or actor.subject,
        "organization_id": org,
    }
