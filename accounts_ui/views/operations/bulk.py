"""Many operations at once: a list becomes a plan, which is looked at, confirmed and run chunk by chunk."""

import uuid
from collections.abc import Callable
from typing import Any, Final

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy

from accounts_ui.changes.models import Action
from accounts_ui.csv_output import csv_lines
from accounts_ui.directory.statuses import STATUSES
from accounts_ui.plans import queries
from accounts_ui.plans.models import CheckResult, Plan, PlanRow, State
from accounts_ui.services.bulk import planner, runner
from accounts_ui.services.bulk.csv_import import ImportedList, read_list
from accounts_ui.services.errors import InvalidInput
from accounts_ui.views import params
from accounts_ui.views.base import audit_context_of, client_of, page, respond
from accounts_ui.views.form_rules import add_input_error, cleaned
from accounts_ui.views.lists.selection import read_selected
from accounts_ui.views.operations.forms import BulkForm, ConfirmPlanForm, RunPlanForm
from console.rate_limits import rate_limited
from console.request import OrganizationRequest
from console.signin.access.gate import organization
from console.signin.access.rules import Role

PER_PAGE: Final = 100
ENDINGS: Final = (".csv", ".tsv", ".txt")
VERDICTS: Final = {
    CheckResult.WILL: gettext_lazy("will change"),
    CheckResult.ALREADY: gettext_lazy("already so"),
    CheckResult.UNKNOWN_PERSON: gettext_lazy("unknown person"),
    CheckResult.UNKNOWN_TYPE: gettext_lazy("unknown type"),
    CheckResult.NOT_ALLOWED: gettext_lazy("not allowed"),
    CheckResult.DUPLICATE: gettext_lazy("duplicate"),
    CheckResult.UNREADABLE: gettext_lazy("unreadable"),
    CheckResult.RETRIED: gettext_lazy("tried again"),
}


@organization(Role.ADMIN)
@page("GET", "POST")
def bulk(request: OrganizationRequest, org: str) -> HttpResponse:
    """``GET`` draws the form, ``POST`` makes a plan. Nothing is sent to the directory but reads."""
    if request.method != "POST":
        return _show_form(request, BulkForm(initial=params.read_query(request, ("action",))))
    if not request.POST.get("action") and "selected" in request.POST:  # ticked in the list: what to do is chosen next
        return _show_form(request, BulkForm(initial={"list": _lines_of_selected(request)}))
    form = BulkForm(request.POST, request.FILES)
    try:
        if not form.is_valid():
            return _show_form(request, form, status=400)
        values = {name: form.cleaned_data[name] for name in ("action", "status", "message")}
        imported = _imported_list(request, form)
        plan = planner.make_plan(
            client=client_of(request), context=audit_context_of(request), imported=imported, **values
        )
    except InvalidInput as error:
        add_input_error(form, error)
        return _show_form(request, form, status=413 if request.upload_too_large else 400)
    if not request.htmx:
        return _to_plan(plan)
    response = _show(request, plan)
    response.headers["HX-Push-Url"] = _address(plan)
    return response


@organization(Role.ADMIN)
@page("GET")
def plan(request: OrganizationRequest, org: str, plan_id: uuid.UUID) -> HttpResponse:
    """``GET /orgs/{org}/accounts/bulk/{plan_id}/``. What was running when its tab was closed goes on by itself."""
    return _show(request, _plan(request, plan_id), continues=True)


@organization(Role.ADMIN, form_page="plan")
@page("POST")
def confirm(request: OrganizationRequest, org: str, plan_id: uuid.UUID) -> HttpResponse:
    """Confirm with the number of rows that will change."""
    found = _plan(request, plan_id)
    try:
        runner.confirm(
            context=audit_context_of(request), plan=found, typed=cleaned(ConfirmPlanForm(request.POST))["count"]
        )
    except InvalidInput as error:
        return _show(request, found, status=400, error=error)
    return _show(request, found, continues=True) if request.htmx else _to_plan(found)


@organization(Role.ADMIN, form_page="plan")
@rate_limited("run")
@page("POST")
def run(request: OrganizationRequest, org: str, plan_id: uuid.UUID) -> HttpResponse:
    """Run one chunk. Asked by a page that goes on by itself, a plan that was paused meanwhile stays so."""
    found, context = _plan(request, plan_id), audit_context_of(request)
    by_itself = cleaned(RunPlanForm(request.POST))["next"] == "1"
    if not by_itself:
        runner.resume(context=context, plan=found)
    worked = runner.run_chunk(client=client_of(request), context=context, plan=found)
    if not request.htmx:
        return _to_plan(found)
    if not by_itself or found.state != State.RUNNING:
        response = _show(request, found, continues=True)
        response.headers["HX-Retarget"] = "#main"
        response.headers["HX-Reswap"] = "innerHTML"
        return response
    values = {**_progress(request, found), "continues": True, "runs_elsewhere": not worked}
    return render(request, "bulk/plan/_progress.html", values)


@organization(Role.ADMIN, form_page="plan")
@page("POST")
def retry(request: OrganizationRequest, org: str, plan_id: uuid.UUID) -> HttpResponse:
    """What could not be sent becomes new attempts; the plan goes on with them."""
    found = _plan(request, plan_id)
    runner.retry(context=audit_context_of(request), plan=found)
    return _show(request, found, continues=True) if request.htmx else _to_plan(found)


@organization(Role.ADMIN, form_page="plan")
@page("POST")
def pause(request: OrganizationRequest, org: str, plan_id: uuid.UUID) -> HttpResponse:
    """Send nothing more for now."""
    return _halt(request, plan_id, runner.pause)


@organization(Role.ADMIN, form_page="plan")
@page("POST")
def stop(request: OrganizationRequest, org: str, plan_id: uuid.UUID) -> HttpResponse:
    """Send nothing more ever."""
    return _halt(request, plan_id, runner.stop)


@organization(Role.ADMIN)
@page("GET")
def rest(request: OrganizationRequest, org: str, plan_id: uuid.UUID) -> StreamingHttpResponse:
    """What was not sent, as a list that can be uploaded again."""
    return _csv(queries.waiting(_plan(request, plan_id)), "rest.csv")


@organization(Role.ADMIN)
@page("GET")
def failures(request: OrganizationRequest, org: str, plan_id: uuid.UUID) -> StreamingHttpResponse:
    """What was refused or not applied, likewise."""
    return _csv(queries.failures(_plan(request, plan_id)), "failures.csv")


def _halt(request: OrganizationRequest, plan_id: uuid.UUID, how: Callable[..., None]) -> HttpResponse:
    found = _plan(request, plan_id)
    how(context=audit_context_of(request), plan=found)
    return _show(request, found) if request.htmx else _to_plan(found)


def _plan(request: OrganizationRequest, plan_id: uuid.UUID) -> Plan:
    return planner.find_plan(context=audit_context_of(request), plan_id=plan_id)


def _to_plan(found: Plan) -> HttpResponseRedirect:
    return HttpResponseRedirect(_address(found), status=303)


def _address(found: Plan) -> str:
    return reverse("plan", args=[found.organization_id, found.id])


def _imported_list(request: OrganizationRequest, form: BulkForm) -> ImportedList:
    """Read the list of the form: a file, pasted text, or selected rows."""
    if request.upload_too_large:  # console.upload_handlers dropped the file
        raise InvalidInput("file", gettext("The file is larger than 5 MB. Split it, and leave out other columns."))
    upload, text = form.cleaned_data["file"], form.cleaned_data["list"]
    selected = "\n".join(form.cleaned_data["selected"])
    if upload is not None:
        if not (upload.name or "").lower().endswith(ENDINGS):
            raise InvalidInput("file", gettext("The name of the file has to end in .csv, .tsv or .txt."))
        return read_list(upload.read())
    if not text.strip() and selected.strip():
        text = f"subject_id,code\n{selected}"
    return read_list(text.encode("utf-8", "replace"))


def _lines_of_selected(request: OrganizationRequest) -> str:
    """As a list with its header. The row of a person has no code yet: the admin writes it."""
    return "\n".join(["subject_id,code", *(f"{subject},{code}" for subject, code in read_selected(request.POST))])


def _show_form(request: OrganizationRequest, form: BulkForm, *, status: int = 200) -> HttpResponse:
    values = {
        "form": form,
        "fields": {**form.values, "action": form.values["action"] or Action.ASSIGN.value},
        "actions": Action.values,
        "statuses": STATUSES,
        "plans": queries.recent(request.organization.id),
        "title": gettext("Bulk changes"),
    }
    return respond(request, "bulk", values, status=status)


def _show(
    request: OrganizationRequest,
    found: Plan,
    *,
    status: int = 200,
    error: InvalidInput | None = None,
    continues: bool = False,
) -> HttpResponse:
    runner.resolve_rows(found)
    asked = params.read_query(request, ("verdict", "page"))
    verdict = params.choice(asked["verdict"], "verdict", CheckResult.values)
    rows = found.rows.filter(verdict=verdict) if verdict else found.rows.all()
    number = params.number(asked["page"], "page", default=1, most=1_000_000)
    shown = Paginator(rows, PER_PAGE).get_page(number)
    counts = queries.verdicts(found)
    values = {
        **_progress(request, found),
        "error": error,
        "continues": continues,
        "verdict_counts": [(name, label, counts[name]) for name, label in VERDICTS.items() if name in counts],
        "verdict": verdict,
        "rows": [(row, VERDICTS[CheckResult(row.verdict)]) for row in shown],
        "page": shown.number,
        "pages": shown.paginator.num_pages,
        "total": shown.paginator.count,
        "title": gettext("Plan"),
    }
    return respond(request, "bulk/plan", values, status=status)


def _progress(request: OrganizationRequest, found: Plan) -> dict[str, Any]:
    counts = queries.results(found)
    will, waiting = sum(counts.values()), counts.get("", 0)
    last = found.rows.filter(verdict=CheckResult.WILL).exclude(result="").order_by("-id")[:10]
    return {
        "plan": found,
        "result_counts": counts,
        "rows_to_change": will,
        "rows_done": will - waiting,
        "rows_unsent": waiting,
        "last_rows": last,
        "chunk_rows": runner.CHUNK_ROWS,
        "is_owner": runner.owns(audit_context_of(request), found),
        "runs_elsewhere": queries.is_leased(found),
    }


def _csv(rows: QuerySet[PlanRow], name: str) -> StreamingHttpResponse:
    cells = (
        (row.subject_id, row.code, row.wanted, row.line, row.result_detail or row.detail)
        for row in rows.iterator(chunk_size=1000)
    )
    lines = csv_lines(("subject_id", "code", "status", "line", "detail"), cells)
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=disposition)
