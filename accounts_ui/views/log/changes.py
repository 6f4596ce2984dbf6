"""The change log: list, detail, exports, resolving."""

import uuid
from collections.abc import Callable, Iterator

from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import reverse
from django.utils.translation import gettext

from accounts_ui.changes import exports, queries
from accounts_ui.changes.checkpoints import statements
from accounts_ui.changes.evidence import pack
from accounts_ui.changes.models import Action, Change, Outcome
from accounts_ui.changes.queries import LogFilters
from accounts_ui.changes.statistics.activity import Activity, activity
from accounts_ui.changes.verification import runs
from accounts_ui.services.bulk.plan_lookup import plan_of_log, plans_of_page
from accounts_ui.services.listing.change_detail import show_change
from accounts_ui.services.operations import reconciliation
from accounts_ui.views import params
from accounts_ui.views.base import audit_context_of, client_of, page, respond
from accounts_ui.views.log import filters as log_filters
from accounts_ui.views.log.chart import draw
from accounts_ui.views.operation_result import told
from accounts_ui.views.operations import undo
from console.request import OrganizationRequest
from console.signin.access.gate import organization
from console.signin.access.rules import Role
from console.signin.return_to import returned_form


@organization(Role.AUDITOR)
@page("GET")
def changes(request: OrganizationRequest, org: str) -> HttpResponse:
    """``GET /orgs/{org}/changes/``."""
    given, filters = log_filters.read_filters(request)
    grouping = log_filters.read_grouping(request)
    newest = queries.end_of_chain()
    counted = activity(org, filters)
    found = queries.find(org, filters, counted.days)
    values = {
        "found": found,
        "checkpoint": statements.last(),
        "filters": given,
        "chips": log_filters.chips(given),
        "presets": log_filters.presets(given),
        "grouping": grouping,
        "groupings": log_filters.groupings(),
        "groups": _groups(org, grouping, found.rows, filters, counted),
        "plan": plan_of_log(org, uuid.UUID(filters.plan)) if filters.plan else None,
        "activity": counted,
        "chart": draw(counted),
        "newest": newest,
        "chain": runs.chain(),
        "actions": Action.values,
        "outcomes": Outcome.values,
        "title": log_filters.heading(filters, found.rows),
    }
    return respond(request, "changes", values)


@organization(Role.AUDITOR)
@page("GET")
def change(request: OrganizationRequest, org: str, change_id: str) -> HttpResponse:
    """``GET /orgs/{org}/changes/{change_id}/``."""
    shown = show_change(client=client_of(request), context=audit_context_of(request), change_id=change_id)
    decision = returned_form(request, action=reverse("decide", args=[org, shown.change.change_id]))
    taking_back = params.returned(
        returned_form(request, action=reverse("undo", args=[org, shown.change.change_id])), undo.FIELDS
    )
    values = {
        **told(shown.change),
        **({"undo_id": taking_back["operation_id"]} if taking_back.get("operation_id") else {}),
        "shown": shown,
        "change": shown.change,
        "fields": params.returned(decision, ("decision", "message")),
        "returned": decision is not None or bool(taking_back),
        "title": gettext("Change"),
    }
    return respond(request, "changes/detail", values)


@organization(Role.AUDITOR)
@page("GET")
def export_csv(request: OrganizationRequest, org: str) -> StreamingHttpResponse:
    """``GET /orgs/{org}/changes/export.csv``."""
    return _export(request, org, exports.as_csv, "text/csv; charset=utf-8", "changes.csv")


@organization(Role.AUDITOR)
@page("GET")
def export_jsonl(request: OrganizationRequest, org: str) -> StreamingHttpResponse:
    """``GET /orgs/{org}/changes/export.jsonl``."""
    return _export(request, org, exports.as_jsonl, "application/jsonl", "changes.jsonl")


@organization(Role.AUDITOR)
@page("GET")
def evidence(request: OrganizationRequest, org: str) -> StreamingHttpResponse:
    """``GET /orgs/{org}/changes/evidence.zip``."""
    _, filters = log_filters.read_filters(request)
    actor = request.actor
    asked = pack.Asked(
        organization_id=org,
        organization_name=request.organization.name,
        filters=filters,
        made_by={"issuer": actor.issuer, "subject": actor.subject, "name": actor.name, "email": actor.email},
    )
    return _download(pack.stream(asked), "application/zip", "changes-evidence.zip")


@organization(Role.ADMIN, form_page="change")
@page("POST")
def check(request: OrganizationRequest, org: str, change_id: str) -> HttpResponse:
    """``POST /orgs/{org}/changes/{change_id}/check/``: resolve it by reading the directory."""
    resolved = reconciliation.check_outcome(
        client=client_of(request), context=audit_context_of(request), change_id=change_id
    )
    return HttpResponseRedirect(reverse("change", args=[org, resolved.change_id]), status=303)


@organization(Role.ADMIN, form_page="change")
@page("POST")
def decide(request: OrganizationRequest, org: str, change_id: str) -> HttpResponse:
    """``POST /orgs/{org}/changes/{change_id}/decide/``: resolve it by an explicit decision."""
    sent = params.read_post(request, ("decision", "message"))
    resolved = reconciliation.record_decision(
        context=audit_context_of(request), change_id=change_id, outcome=sent["decision"], message=sent["message"]
    )
    return HttpResponseRedirect(reverse("change", args=[org, resolved.change_id]), status=303)


def _groups(
    org: str, grouping: str, rows: list[Change], filters: LogFilters, counted: Activity
) -> list[log_filters.Group]:
    if grouping == "day":
        return log_filters.by_day(rows, counted.days)
    if grouping == "plan":
        return log_filters.by_plan(rows, plans_of_page(org, rows, filters))
    return [log_filters.Group("", None, rows)] if rows else []


def _export(
    request: OrganizationRequest, org: str, lines: Callable[[str, LogFilters], Iterator[str]], kind: str, name: str
) -> StreamingHttpResponse:
    _, filters = log_filters.read_filters(request)
    return _download(lines(org, filters), kind, name)


def _download(pieces: Iterator[str] | Iterator[bytes], kind: str, name: str) -> StreamingHttpResponse:
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(pieces, content_type=kind, headers=disposition)
