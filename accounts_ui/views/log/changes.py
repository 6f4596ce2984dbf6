"""The change log: its page, one change, exports, and resolving an unknown outcome."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import reverse
from django.utils.translation import gettext

from accounts_ui.changes.models import Action, Outcome
from accounts_ui.plans.queries import RETENTION
from accounts_ui.services.listing.change_detail import show_change
from accounts_ui.services.listing.change_log import (
    ChangeLog,
    export_changes,
    export_events,
    export_evidence,
    show_change_log,
)
from accounts_ui.services.operations.reconciliation import check_outcome, record_decision, require_change
from accounts_ui.views.base import audit_context_of, client_of, page, respond, take_returned_form, title_about
from accounts_ui.views.csv_download import csv_download, read_separator
from accounts_ui.views.lists.panel_forms import is_over_list
from accounts_ui.views.log.chart import draw
from accounts_ui.views.log.filter_labels import date_presets, filter_chips, heading
from accounts_ui.views.log.forms import DecisionForm
from accounts_ui.views.log.grouping import group_changes
from accounts_ui.views.log.log_query import GROUPINGS, LogQuery
from accounts_ui.views.operation_result import check_of_change, is_being_checked, result_of, show_current_outcome
from accounts_ui.views.operations.forms import UndoForm
from console.request import OrganizationRequest
from console.signin.access.gate import organization
from console.signin.access.rules import Role
from console.signin.saved_forms import ReturnedForm
from console.signin.sessions import POLL_HEADER


@organization(Role.AUDITOR)
@page("GET")
def changes(request: OrganizationRequest, org: str) -> HttpResponse:
    """``GET /orgs/{org}/changes/``."""
    query = LogQuery.from_request(request)
    log = show_change_log(
        context=audit_context_of(request), filters=query.filters(), with_plans=query.grouping == "plan"
    )
    return respond(request, "changes", _page_values(query, log), status=400 if query.contradiction else 200)


@organization(Role.AUDITOR)
@page("GET")
def change(request: OrganizationRequest, org: str, change_id: str) -> HttpResponse:
    """``GET /orgs/{org}/changes/{change_id}/``; 204 for a poll while its outcome is checked."""
    if _is_idle_poll(request, change_id):
        return HttpResponse(status=204)
    action = reverse("decide", args=[org, change_id])
    fields, notices = take_returned_form(request, DecisionForm.base_fields, action=action)
    return _show_change(request, change_id, DecisionForm(initial=fields), returned=notices["returned"])


@organization(Role.AUDITOR)
@page("GET")
def change_result(request: OrganizationRequest, org: str, change_id: str) -> HttpResponse:
    """``GET /orgs/{org}/changes/{change_id}/result/``: the outcome as it is now; 204 for a poll while it is checked."""
    if _is_idle_poll(request, change_id):
        return HttpResponse(status=204)
    return show_current_outcome(request, require_change(audit_context_of(request), change_id))


@organization(Role.AUDITOR)
@page("GET")
def csv_export(request: OrganizationRequest, org: str) -> StreamingHttpResponse:
    """``GET /orgs/{org}/changes/export.csv``."""
    filters = LogQuery.from_request(request).filters_of_export()
    lines = export_changes(context=audit_context_of(request), filters=filters, separator=read_separator(request))
    return csv_download(lines, "changes.csv")


@organization(Role.AUDITOR)
@page("GET")
def jsonl_export(request: OrganizationRequest, org: str) -> StreamingHttpResponse:
    """``GET /orgs/{org}/changes/export.jsonl``."""
    filters = LogQuery.from_request(request).filters_of_export()
    lines = export_events(context=audit_context_of(request), filters=filters)
    return _download(lines, "application/jsonl", "changes.jsonl")


@organization(Role.AUDITOR)
@page("GET")
def evidence_export(request: OrganizationRequest, org: str) -> StreamingHttpResponse:
    """``GET /orgs/{org}/changes/evidence.zip``."""
    pieces = export_evidence(
        context=audit_context_of(request),
        organization_name=request.organization.name,
        filters=LogQuery.from_request(request).filters_of_export(),
    )
    return _download(pieces, "application/zip", "changes-evidence.zip")


@organization(Role.ADMIN, form_page="change")
@page("POST")
def check(request: OrganizationRequest, org: str, change_id: str) -> HttpResponse:
    """``POST /orgs/{org}/changes/{change_id}/check/``: resolve the outcome by reading the directory."""
    resolved = check_outcome(client=client_of(request), context=audit_context_of(request), change_id=change_id)
    if is_over_list(request):
        return show_current_outcome(request, resolved)
    return HttpResponseRedirect(reverse("change", args=[org, resolved.change_id]), status=303)


@organization(Role.ADMIN, form_page="change")
@page("POST")
def decide(request: OrganizationRequest, org: str, change_id: str) -> HttpResponse:
    """``POST /orgs/{org}/changes/{change_id}/decide/``: resolve the outcome by an explicit decision."""
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _show_change(request, change_id, form, status=400)
    outcome, message = form.cleaned_data["decision"], form.cleaned_data["message"]
    resolved = record_decision(context=audit_context_of(request), change_id=change_id, outcome=outcome, message=message)
    return HttpResponseRedirect(reverse("change", args=[org, resolved.change_id]), status=303)


def _is_idle_poll(request: OrganizationRequest, change_id: str) -> bool:
    """Return whether a page asks for an outcome that is still being checked, so that it can stay as it is."""
    if not request.htmx or POLL_HEADER not in request.headers:
        return False
    return is_being_checked(require_change(audit_context_of(request), change_id))


def _show_change(
    request: OrganizationRequest,
    change_id: str,
    form: DecisionForm,
    *,
    returned: ReturnedForm | None = None,
    status: int = 200,
) -> HttpResponse:
    shown = show_change(client=client_of(request), context=audit_context_of(request), change_id=change_id)
    undo_address = reverse("undo", args=[request.organization.id, shown.change.change_id])
    undo_fields, undo_notices = take_returned_form(request, UndoForm.base_fields, action=undo_address)
    values = {
        "result": result_of(shown.change, undo_operation_id=undo_fields.get("operation_id", "")),
        "detail": shown,
        "check": check_of_change(shown.change, shown.events),
        "change": shown.change,
        "form": form,
        "fields": form.values,
        "returned": returned or undo_notices["returned"],
        "title": title_about(gettext("Change"), shown.change.subject_name or shown.change.subject_id),
    }
    return respond(request, "changes/detail", values, status=status)


def _page_values(query: LogQuery, log: ChangeLog) -> dict[str, Any]:
    return {
        "list_query": query,
        "listing": log.page,
        "checkpoint": log.checkpoint,
        "chips": filter_chips(query),
        "contradiction": query.contradiction,
        "presets": date_presets(query),
        "grouping": query.grouping,
        "groupings": list(GROUPINGS.items()),
        "groups": group_changes(log, query.grouping),
        "plan": log.plan,
        "plan_days": RETENTION.days,
        "not_searched": log.not_searched,
        "activity": log.activity,
        "chart": draw(log.activity),
        "newest": log.newest,
        "new": 0,
        "moved": 0,
        "seen": 0,
        "verification": log.chain,
        "continues": False,
        "actions": Action.values,
        "outcomes": Outcome.values,
        "title": heading(query.filters(), log.page.rows),
    }


def _download(pieces: Iterator[str] | Iterator[bytes], content_type: str, name: str) -> StreamingHttpResponse:
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(pieces, content_type=content_type, headers=disposition)
