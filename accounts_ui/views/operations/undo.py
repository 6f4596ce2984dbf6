"""Take back a change that was just made."""

from django.http import HttpResponse

from accounts_ui.services.operations import commands
from accounts_ui.views.base import audit_context_of, client_of, page
from accounts_ui.views.form_errors import cleaned
from accounts_ui.views.operation_result import show_result
from accounts_ui.views.operations.forms import UndoForm
from console.request import OrganizationRequest
from console.signin.access.gate import organization
from console.signin.access.rules import Role


@organization(Role.ADMIN, form_page="change")
@page("POST")
def undo_view(request: OrganizationRequest, org: str, change_id: str) -> HttpResponse:
    """``POST /orgs/{org}/changes/{change_id}/undo/``: the reverse, as an operation of its own."""
    sent = cleaned(UndoForm(request.POST))
    change = commands.undo(client=client_of(request), context=audit_context_of(request), change_id=change_id, **sent)
    return show_result(request, change)
