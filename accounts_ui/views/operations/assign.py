"""Assign a person an account."""

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext

from accounts_ui.services.errors import ConfirmationNeeded, InvalidInput
from accounts_ui.services.listing.assignment_picker import find_assignment_options
from accounts_ui.services.operations.commands import assign as assign_account
from accounts_ui.views import query_params
from accounts_ui.views.base import (
    audit_context_of,
    client_of,
    new_operation_id,
    page,
    respond,
    take_returned_form,
    title_about,
)
from accounts_ui.views.form_errors import add_input_error
from accounts_ui.views.operation_result import show_result
from accounts_ui.views.operations.forms import AssignForm
from console.request import OrganizationRequest
from console.signin.access.gate import organization
from console.signin.access.rules import Role

RETURNED = ("subject_id", "code", "message", "operation_id")  # an explicit yes has to be given again
_NO_EXTRAS = {"question": None, "returned": None, "failed_attempt": None}


@organization(Role.ADMIN)
@page("GET", "POST")
def assign_view(request: OrganizationRequest, org: str) -> HttpResponse:
    """``GET`` shows the form, and the people that ``who`` finds; ``by=id`` types ids instead. ``POST`` assigns."""
    if request.method != "POST":
        chosen = query_params.read_query(request, ("subject_id", "code"))
        returned, notices = take_returned_form(request, RETURNED)
        return _show_form(request, AssignForm(initial={**chosen, **returned}), **notices)
    form = AssignForm(request.POST)
    try:
        if form.is_valid():
            context = audit_context_of(request)
            return show_result(request, assign_account(client=client_of(request), context=context, **form.cleaned_data))
    except ConfirmationNeeded as question:
        return _show_form(request, form, status=422, question=question)
    except InvalidInput as error:
        add_input_error(form, error)
    return _show_form(request, form, status=400)


def _show_form(request: OrganizationRequest, form: AssignForm, *, status: int = 200, **more: Any) -> HttpResponse:
    search = query_params.read_query(request, ("who", "by"))
    fields = {name: value if name == "message" else value.strip() for name, value in form.values.items()}
    subject_id, code = fields["subject_id"], fields["code"]
    picker = find_assignment_options(
        client=client_of(request), context=audit_context_of(request), who=search["who"], subject_id=subject_id
    )
    is_unlisted = (subject_id and not picker.chosen) or (code and code not in {kind.code for kind in picker.types})
    same_id = "" if status == 400 else fields["operation_id"]
    values = {
        **_NO_EXTRAS,
        **more,
        "form": form,
        "fields": {**fields, "operation_id": same_id or new_operation_id()},
        "picker": picker,
        "who": search["who"],
        "by_id": bool(query_params.choice(search["by"], "by", ("id",)) or is_unlisted),
        "title": title_about(gettext("Assign an account"), picker.chosen.label if picker.chosen else ""),
    }
    return respond(request, "assign", values, status=status)
