"""One person: accounts, what this console recorded, their changes."""

from django.http import HttpRequest, HttpResponse

from accounts_ui.changes import reading
from accounts_ui.changes.models import Change
from accounts_ui.services.browse import show_person
from accounts_ui.services.errors import InvalidInput
from accounts_ui.services.inputs import check_change_id
from accounts_ui.views import forms
from accounts_ui.views.results import told
from accounts_ui.views.shared import client_of, origin_of, page, respond
from console.signin.gate import organization
from console.signin.rules import Role


@organization(Role.AUDITOR)
@page("GET")
def person(request: HttpRequest, org: str, subject_id: str) -> HttpResponse:
    """``GET /orgs/{org}/users/{subject_id}/``."""
    shown = show_person(client=client_of(request), origin=origin_of(request), subject_id=subject_id)
    result = _result(request, org)
    values = {**(told(result) if result else {}), "shown": shown, "title": shown.name or subject_id}
    return respond(request, "person", values)


def _result(request: HttpRequest, org: str) -> Change | None:
    """The change that led here."""
    text = forms.read_query(request, ("result",))["result"]
    try:
        return reading.get(org, check_change_id(text)) if text else None
    except InvalidInput:
        return None
