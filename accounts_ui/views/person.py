"""One person: accounts, what this console recorded, their changes."""

from django.http import HttpResponse

from accounts_ui.services.listing.queries import show_person
from accounts_ui.views import query_params
from accounts_ui.views.base import audit_context_of, client_of, page, respond
from accounts_ui.views.operation_result import result_of
from console.request import OrganizationRequest
from console.signin.access.gate import organization
from console.signin.access.rules import Role


@organization(Role.AUDITOR)
@page("GET")
def person(request: OrganizationRequest, org: str, subject_id: str) -> HttpResponse:
    """``GET /orgs/{org}/users/{subject_id}/``; ``result`` names the change that led here."""
    shown = show_person(
        client=client_of(request),
        context=audit_context_of(request),
        subject_id=subject_id,
        result_id=query_params.read_query(request, ("result",))["result"],
    )
    values = {
        "result": result_of(shown.result) if shown.result else None,
        "person": shown,
        "title": shown.name or subject_id,
    }
    return respond(request, "person", values)
