"""The state of the log on its page: verify a part, and what is new since the page was drawn."""

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext

from accounts_ui.services.listing.change_log import continue_verification, count_news
from accounts_ui.views import query_params
from accounts_ui.views.base import audit_context_of, page, respond
from accounts_ui.views.form_errors import cleaned
from accounts_ui.views.log.forms import VerificationForm
from accounts_ui.views.log.log_query import MAX_SEQUENCE, LogQuery
from console.request import OrganizationRequest
from console.signin.access.gate import organization
from console.signin.access.rules import Role


@organization(Role.AUDITOR, form_page="changes")
@page("POST")
def verify(request: OrganizationRequest, org: str) -> HttpResponse:
    """``POST /orgs/{org}/changes/verify/``: start a verification run (``scope``), or go on with one (``run``)."""
    sent = cleaned(VerificationForm(request.POST))
    chain = continue_verification(
        context=audit_context_of(request),
        run=query_params.number(sent["run"], "run", default=0, most=MAX_SEQUENCE),
        whole=sent["scope"] == "all",
    )
    query = LogQuery.from_request(request)
    if request.htmx:
        values = {"list_query": query, "verification": chain, "continues": True}
        return render(request, "changes/_verification.html", values)
    address = query.encode()
    return HttpResponseRedirect(reverse("changes", args=[org]) + (f"?{address}" if address else ""), status=303)


@organization(Role.AUDITOR)
@page("GET")
def news(request: OrganizationRequest, org: str) -> HttpResponse:
    """``GET /orgs/{org}/changes/new/``: what matches and was recorded after ``after``.

    The answer is 204 if the page has announced all of it (``seen``).
    """
    query = LogQuery.from_request(request)
    counted = count_news(context=audit_context_of(request), filters=query.filters(), after=query.after)
    if counted.total == query.seen:
        return HttpResponse(status=204)
    values = {
        "list_query": query,
        "newest": query.after,
        "new": counted.new,
        "moved": counted.moved,
        "seen": counted.total,
        "title": gettext("Change log"),
    }
    return respond(request, "changes/updates", values)
