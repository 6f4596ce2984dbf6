"""Assign a person an account."""

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext

from accounts_ui.services.errors import ConfirmationNeeded, InvalidInput
from accounts_ui.services.listing.assignment_picker import pick
from accounts_ui.services.operations.commands import assign as assign_account
from accounts_ui.views import params
from accounts_ui.views.base import audit_context_of, client_of, new_operation_id, page, respond, take_returned
from accounts_ui.views.operation_result import show_result
from console.request import OrganizationRequest
from console.signin.access.gate import organization
from console.signin.access.rules import Role

FIELDS = ("subject_id", "code", "message", "operation_id", "confirm_unknown")
RETURNED = FIELDS[:-1]  # an explicit yes is given anew
_NO_EXTRAS = {"error": None, "question": None, "returned": False, "failed_attempt": None}
YES = ("1", "on", "true", "yes")


@organization(Role.ADMIN)
@page("GET", "POST")
def assign(request: OrganizationRequest, org: str) -> HttpResponse:
    """``GET`` draws the form, and the people that ``who`` finds; ``by=id`` types ids instead. ``POST`` assigns."""
    if request.method != "POST":
        asked = params.read_query(request, ("subject_id", "code"))
        kept, told = take_returned(request, RETURNED)
        return _form(request, {**asked, **kept}, **told)
    sent = params.read_post(request, FIELDS)
    params.choice(sent["confirm_unknown"], "confirm_unknown", YES)
    try:
        change = assign_account(
            client=client_of(request),
            context=audit_context_of(request),
            operation_id=sent["operation_id"],
            subject_id=sent["subject_id"].strip(),
            code=sent["code"].strip(),
            message=sent["message"],
            confirm_unknown=bool(sent["confirm_unknown"]),
        )
    except ConfirmationNeeded as question:
        return _form(request, sent, status=422, question=question)
    except InvalidInput as error:
        return _form(request, sent, status=400, error=error)
    return show_result(request, change)


def _form(request: OrganizationRequest, fields: dict[str, str], *, status: int = 200, **more: Any) -> HttpResponse:
    keep = status != 400 and fields.get("operation_id")
    asked = params.read_query(request, ("who", "by"))
    subject_id = fields.get("subject_id", "").strip()
    picker = pick(client=client_of(request), context=audit_context_of(request), who=asked["who"], subject_id=subject_id)
    codes = [one.code for one in picker.types]
    code = fields.get("code", "").strip()
    by_id = (
        params.choice(asked["by"], "by", ("id",)) or (subject_id and not picker.chosen) or (code and code not in codes)
    )
    values = {
        **_NO_EXTRAS,
        **more,
        "fields": {
            "message": "",
            **fields,
            "code": code,
            "subject_id": subject_id,
            "operation_id": keep or new_operation_id(),
        },
        "picker": picker,
        "who": asked["who"],
        "by_id": bool(by_id),
        "title": gettext("Assign an account"),
    }
    return respond(request, "assign", values, status=status)
