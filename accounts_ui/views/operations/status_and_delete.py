"""The two forms about an account that exists: change its status, delete it."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from django.http import HttpResponse
from django.utils.translation import gettext

from accounts_ui.changes.models import Change
from accounts_ui.services.errors import InvalidInput, StateChanged
from accounts_ui.services.operations.account_form import read_account
from accounts_ui.services.operations.commands import change_status, delete
from accounts_ui.services.operations.status_transitions import other_transitions, usual_transitions
from accounts_ui.services.state.account_facts import AccountFacts
from accounts_ui.text.labels import STATUS_MEANINGS
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
from accounts_ui.views.lists.panel_forms import row_context
from accounts_ui.views.operation_result import show_result
from accounts_ui.views.operations.forms import DeleteForm, StatusForm
from console.request import OrganizationRequest
from console.signin.access.gate import organization
from console.signin.access.rules import Role

_NO_EXTRAS: Final = {"alert": "", "returned": None, "failed_attempt": None}

Service = Callable[..., Change]
FORMS: Final[dict[str, type[DeleteForm]]] = {"status": StatusForm, "delete": DeleteForm}
SERVICES: Final[dict[str, Service]] = {"status": change_status, "delete": delete}


@organization(Role.ADMIN)
@page("GET", "POST")
def status(request: OrganizationRequest, org: str, subject_id: str, code: str) -> HttpResponse:
    """``/orgs/{org}/accounts/{subject_id}/{code}/status/``."""
    return _form_or_result(request, "status", subject_id=subject_id, code=code)


@organization(Role.ADMIN)
@page("GET", "POST")
def remove(request: OrganizationRequest, org: str, subject_id: str, code: str) -> HttpResponse:
    """``/orgs/{org}/accounts/{subject_id}/{code}/delete/``."""
    return _form_or_result(request, "delete", subject_id=subject_id, code=code)


def _form_or_result(request: OrganizationRequest, name: str, **ids: str) -> HttpResponse:
    client, context = client_of(request), audit_context_of(request)
    if request.method != "POST":
        facts = read_account(client=client, context=context, **ids)
        returned, notices = take_returned_form(request, FORMS[name].base_fields)
        chosen = query_params.read_query(request, ("status",))
        return _show_form(request, name, facts, FORMS[name](initial={**chosen, **returned}), **notices)
    form = FORMS[name](request.POST)
    try:
        if form.is_valid():
            return show_result(request, SERVICES[name](client=client, context=context, **ids, **form.cleaned_data))
    except StateChanged as changed:
        shown = {"expected_status": changed.current.status or "", "operation_id": new_operation_id()}
        return _show_form(request, name, changed.current, form, status=409, alert=changed.detail, shown=shown)
    except InvalidInput as error:
        if error.field not in form.fields:
            raise
        add_input_error(form, error)
    facts = read_account(client=client, context=context, **ids)
    return _show_form(request, name, facts, form, status=400, shown={"operation_id": new_operation_id()})


def _show_form(
    request: OrganizationRequest,
    name: str,
    facts: AccountFacts,
    form: DeleteForm,
    *,
    status: int = 200,
    shown: Mapping[str, str] = MappingProxyType({}),
    **more: Any,
) -> HttpResponse:
    """Show the form.

    Args:
        shown: values that take the place of what was sent.

    """
    initial = {"expected_status": facts.status or "", "operation_id": new_operation_id()}
    sent = {field: value for field, value in form.values.items() if value}
    values = {
        **_NO_EXTRAS,
        **more,
        **row_context(request),
        "form": form,
        "facts": facts,
        "fields": {**form.values, **initial, **sent, **shown},
        "usual_statuses": _with_meanings(usual_transitions(facts.status)),
        "other_statuses": _with_meanings(other_transitions(facts.status)),
        "title": title_about(
            gettext("Change status") if name == "status" else gettext("Delete account"),
            facts.subject_name or facts.subject_id,
        ),
    }
    return respond(request, name, values, status=status)


def _with_meanings(statuses: tuple[str, ...]) -> list[tuple[str, Any]]:
    return [(status, STATUS_MEANINGS[status]) for status in statuses]
