"""One person: accounts, what this console recorded, their changes."""

from django.http import HttpResponse

from accounts_ui.changes import queries
from accounts_ui.changes.models import Change
from accounts_ui.services.errors import InvalidInput
from accounts_ui.services.listing.queries import show_person
from accounts_ui.services.validation import check_change_id
from accounts_ui.views import params
from accounts_ui.views.base import audit_context_of, client_of, page, respond
from accounts_ui.views.operation_result import told
from console.request import OrganizationRequest
from console.signin.access.gate import organization
from console.signin.access.rules import Role


@organization(Role.AUDITOR)
@page("GET")
def person(request: OrganizationRequest, org: str, subject_id: str) -> HttpResponse:
    """``GET /orgs/{org}/users/{subject_id}/``."""
    shown = show_person(client=client_of(request), context=audit_context_of(request), subject_id=subject_id)
    result = _result(request, org)
    values = {**(told(result) if result else {}), "shown": shown, "title": shown.name or subject_id}
    return respond(request, "person", values)


def _result(request: OrganizationRequest, org: str) -> Change | None:
    """The change that led here."""
    text = params.read_query(request, ("result",))["result"]
    try:
        return queries.get(org, check_change_id(text)) if text else None
    except InvalidInput:
        return None
