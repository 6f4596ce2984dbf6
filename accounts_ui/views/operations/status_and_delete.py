"""The two forms about an account that exists: change its status, delete it."""

from collections.abc import Callable
from typing import Any, Final

from django.http import HttpResponse
from django.utils.translation import gettext

from accounts_ui.changes.models import Change
from accounts_ui.services.account import AccountFacts
from accounts_ui.services.errors import InvalidInput, StateChanged
from accounts_ui.services.operations.account_form import read_account
from accounts_ui.services.operations.commands import change_status, delete
from accounts_ui.services.operations.status_transitions import other_transitions, usual_transitions
from accounts_ui.text.labels import STATUS_MEANINGS
from accounts_ui.views import params
from accounts_ui.views.base import audit_context_of, client_of, new_operation_id, page, respond, take_returned
from accounts_ui.views.lists.row_context import row_context
from accounts_ui.views.operation_result import show_result
from console.request import OrganizationRequest
from console.signin.access.gate import organization
from console.signin.access.rules import Role

_NO_EXTRAS: Final = {"alert": "", "returned": False, "failed_attempt": None}

Service = Callable[..., Change]


@organization(Role.ADMIN)
@page("GET", "POST")
def status(request: OrganizationRequest, org: str, subject_id: str, code: str) -> HttpResponse:
    """``/orgs/{org}/accounts/{subject_id}/{code}/status/``."""
    fields = ("status", "expected_status", "message", "operation_id")
    return _form_or_result(request, "status", fields, change_status, subject_id, code)


@organization(Role.ADMIN)
@page("GET", "POST")
def remove(request: OrganizationRequest, org: str, subject_id: str, code: str) -> HttpResponse:
    """``/orgs/{org}/accounts/{subject_id}/{code}/delete/``."""
    return _form_or_result(request, "delete", ("expected_status", "message", "operation_id"), delete, subject_id, code)


def _form_or_result(
    request: OrganizationRequest, name: str, names: tuple[str, ...], service: Service, subject_id: str, code: str
) -> HttpResponse:
    ids = {"subject_id": subject_id, "code": code}
    if request.method != "POST":
        facts = read_account(client=client_of(request), context=audit_context_of(request), **ids)
        kept, told = take_returned(request, names)
        asked = params.read_query(request, ("status",))
        return _form(request, name, facts, {**asked, **kept}, **told)
    sent = params.read_post(request, names)
    try:
        return show_result(
            request, service(client=client_of(request), context=audit_context_of(request), **ids, **sent)
        )
    except StateChanged as changed:
        fields = {**sent, "expected_status": changed.current.status or "", "operation_id": new_operation_id()}
        return _form(request, name, changed.current, fields, status=409, alert=changed.detail)
    except InvalidInput as error:
        if error.field not in ("status", "message", "operation_id"):
            raise
        facts = read_account(client=client_of(request), context=audit_context_of(request), **ids)
        return _form(request, name, facts, {**sent, "operation_id": new_operation_id()}, status=400, alert=error.detail)


def _form(
    request: OrganizationRequest,
    name: str,
    facts: AccountFacts,
    fields: dict[str, str],
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    initial = {
        "status": "",
        "expected_status": facts.status or "",
        "message": "",
        "operation_id": new_operation_id(),
    }
    title = gettext("Change status") if name == "status" else gettext("Delete account")
    values = {
        **_NO_EXTRAS,
        **more,
        **row_context(request),
        "facts": facts,
        "fields": {**initial, **{key: value for key, value in fields.items() if value}},
        "usual_statuses": _meant(usual_transitions(facts.status)),
        "other_statuses": _meant(other_transitions(facts.status)),
        "title": title,
    }
    return respond(request, name, values, status=status)


def _meant(statuses: tuple[str, ...]) -> list[tuple[str, Any]]:
    return [(status, STATUS_MEANINGS[status]) for status in statuses]
