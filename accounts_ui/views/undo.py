"""Take back a change that was just made."""

from django.http import HttpRequest, HttpResponse

from accounts_ui.services.undo import undo as take_back
from accounts_ui.views import forms
from accounts_ui.views.results import show_result
from accounts_ui.views.shared import client_of, origin_of, page
from console.signin.gate import organization
from console.signin.rules import Role

FIELDS = ("operation_id", "message")


@organization(Role.ADMIN, form_page="change")
@page("POST")
def undo(request: HttpRequest, org: str, change_id: str) -> HttpResponse:
    """``POST /orgs/{org}/changes/{change_id}/undo/``: the reverse, as an operation of its own."""
    sent = forms.read_post(request, FIELDS)
    change = take_back(client=client_of(request), origin=origin_of(request), change_id=change_id, **sent)
    return show_result(request, change)
