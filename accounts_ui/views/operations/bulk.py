"""Bulk changes: a list becomes a plan, which is previewed, confirmed and applied chunk by chunk."""

import uuid
from typing import Any, Final

from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy

from accounts_ui.changes.models import Action
from accounts_ui.directory.statuses import STATUSES
from accounts_ui.plans.models import CheckResult
from accounts_ui.services.bulk import plan_page, planner, runner
from accounts_ui.services.bulk.csv_columns import FIELD_LABELS
from accounts_ui.services.bulk.csv_import import ImportedList, read_list
from accounts_ui.services.bulk.progress import PlanProgress
from accounts_ui.services.errors import InvalidInput
from accounts_ui.text.labels import action_word
from accounts_ui.views import query_params
from accounts_ui.views.base import audit_context_of, client_of, page, respond, take_returned_form, title_about
from accounts_ui.views.form_errors import add_input_error, cleaned
from accounts_ui.views.lists.selection import read_selected
from accounts_ui.views.operations.forms import BulkForm, ConfirmPlanForm, RunPlanForm
from console.rate_limits import rate_limited
from console.request import OrganizationRequest
from console.signin.access.gate import organization
from console.signin.access.rules import Role
from console.signin.saved_forms import ReturnedForm, find_returned_form

RETURNED: Final = ("action", "status", "list", "message")  # besides the name of the file, which only people can choose
ENDINGS: Final = (".csv", ".tsv", ".txt")
CHECK_LABELS: Final = {
    CheckResult.READY: gettext_lazy("will change"),
    CheckResult.ALREADY: gettext_lazy("no change needed"),
    CheckResult.UNKNOWN_PERSON: gettext_lazy("unknown person"),
    CheckResult.UNKNOWN_TYPE: gettext_lazy("unknown type"),
    CheckResult.NOT_ALLOWED: gettext_lazy("not allowed"),
    CheckResult.DUPLICATE: gettext_lazy("duplicate"),
    CheckResult.UNREADABLE: gettext_lazy("unreadable"),
    CheckResult.RETRIED: gettext_lazy("retried"),
}


@organization(Role.ADMIN)
@page("GET", "POST")
def bulk(request: OrganizationRequest, org: str) -> HttpResponse:
    """``GET`` shows the form, ``POST`` makes a plan: the directory is only read."""
    if request.method != "POST":
        chosen = query_params.read_query(request, ("action",))
        fields, notices = take_returned_form(request, RETURNED)
        selected = _returned_selection(notices["returned"])
        return _show_form(request, BulkForm(initial={**chosen, **selected, **fields}), returned=notices["returned"])
    if not request.POST.get("action") and "selected" in request.POST:
        # The rows were selected in the list of accounts. What to do with them is the next question.
        return _show_form(request, BulkForm(initial={"list": _selected_lines(request.POST)}))
    form = BulkForm(request.POST, request.FILES)
    try:
        if not form.is_valid():
            return _show_form(request, form, status=400)
        values = {name: form.cleaned_data[name] for name in ("action", "status", "message")}
        imported = _imported_list(request, form)
        summary = planner.make_plan(
            client=client_of(request), context=audit_context_of(request), imported=imported, **values
        )
    except InvalidInput as error:
        add_input_error(form, error)
        return _show_form(request, form, status=413 if request.upload_too_large else 400)
    if not request.htmx:
        return _redirect(request, summary.id)
    response = _show(request, summary.id)
    response.headers["HX-Push-Url"] = _address(request, summary.id)
    return response


@organization(Role.ADMIN)
@page("GET")
def plan(request: OrganizationRequest, org: str, plan_id: uuid.UUID) -> HttpResponse:
    """``GET /orgs/{org}/accounts/bulk/{plan_id}/``. A plan that was running when its tab was closed continues."""
    return _show(request, plan_id, continues=True)


@organization(Role.ADMIN, form_page="plan")
@page("POST")
def confirm_view(request: OrganizationRequest, org: str, plan_id: uuid.UUID) -> HttpResponse:
    """Confirm with the number of rows that will change."""
    try:
        count = cleaned(ConfirmPlanForm(request.POST))["count"]
        runner.confirm(context=audit_context_of(request), plan_id=plan_id, typed_count=count)
    except InvalidInput as error:
        return _show(request, plan_id, status=400, error=error)
    return _show_or_redirect(request, plan_id, continues=True)


@organization(Role.ADMIN, form_page="plan")
@rate_limited("run")
@page("POST")
def run(request: OrganizationRequest, org: str, plan_id: uuid.UUID) -> HttpResponse:
    """Apply one chunk. If the page asks by itself, a plan that was paused meanwhile stays paused."""
    context = audit_context_of(request)
    by_itself = cleaned(RunPlanForm(request.POST))["next"] == "1"
    if not by_itself:
        runner.resume(context=context, plan_id=plan_id)
    progress = runner.run_chunk(client=client_of(request), context=context, plan_id=plan_id)
    if not request.htmx:
        return _redirect(request, plan_id)
    if by_itself and progress.is_running:
        return render(request, "bulk/plan/_progress.html", _progress_values(progress, continues=True))
    response = _show(request, plan_id, continues=True)
    response.headers["HX-Retarget"] = "#main"
    response.headers["HX-Reswap"] = "innerHTML"
    return response


@organization(Role.ADMIN, form_page="plan")
@page("POST")
def retry_view(request: OrganizationRequest, org: str, plan_id: uuid.UUID) -> HttpResponse:
    """Turn what could not be sent into new attempts; the plan continues with them."""
    runner.retry(context=audit_context_of(request), plan_id=plan_id)
    return _show_or_redirect(request, plan_id, continues=True)


@organization(Role.ADMIN, form_page="plan")
@page("POST")
def pause_view(request: OrganizationRequest, org: str, plan_id: uuid.UUID) -> HttpResponse:
    """Send nothing more for now."""
    runner.pause(context=audit_context_of(request), plan_id=plan_id)
    return _show_or_redirect(request, plan_id)


@organization(Role.ADMIN, form_page="plan")
@page("POST")
def stop_view(request: OrganizationRequest, org: str, plan_id: uuid.UUID) -> HttpResponse:
    """Send nothing more ever."""
    runner.stop(context=audit_context_of(request), plan_id=plan_id)
    return _show_or_redirect(request, plan_id)


def _show_or_redirect(request: OrganizationRequest, plan_id: uuid.UUID, *, continues: bool = False) -> HttpResponse:
    return _show(request, plan_id, continues=continues) if request.htmx else _redirect(request, plan_id)


def _redirect(request: OrganizationRequest, plan_id: uuid.UUID) -> HttpResponseRedirect:
    return HttpResponseRedirect(_address(request, plan_id), status=303)


def _address(request: OrganizationRequest, plan_id: uuid.UUID) -> str:
    return reverse("plan", args=[request.organization.id, plan_id])


def _imported_list(request: OrganizationRequest, form: BulkForm) -> ImportedList:
    """Read the list of the form: a file, pasted text, or selected rows."""
    if request.upload_too_large:  # console.upload_handlers dropped the file
        raise InvalidInput("file", gettext("The file is larger than 5 MB. Split it, and leave out other columns."))
    upload, text = form.cleaned_data["file"], form.cleaned_data["list"]
    selected = "\n".join(form.cleaned_data["selected"])
    if bool(upload) + bool(text.strip()) + bool(selected.strip()) > 1:
        raise InvalidInput("file", gettext("Choose a file or paste a list, not both."))
    if upload is not None:
        if not (upload.name or "").lower().endswith(ENDINGS):
            raise InvalidInput("file", gettext("The name of the file has to end in .csv, .tsv or .txt."))
        return read_list(upload.read())
    if selected.strip():
        text = f"subject_id,code\n{selected}"
    return read_list(text.encode("utf-8", "replace"))


def _selected_lines(sent: QueryDict) -> str:
    """Return the selected rows as a list with its header. The row of a person has no code: the admin writes it."""
    return "\n".join(["subject_id,code", *(f"{subject},{code}" for subject, code in read_selected(sent))])


def _returned_selection(returned: ReturnedForm | None) -> dict[str, str]:
    """Return the list of rows that somebody had selected, and sent after their session had ended."""
    if returned is None or not returned.fields.get("selected"):
        return {}
    sent = QueryDict(mutable=True)
    sent.setlist("selected", returned.fields["selected"])
    return {"list": _selected_lines(sent)}


def _show_form(
    request: OrganizationRequest, form: BulkForm, *, returned: ReturnedForm | None = None, status: int = 200
) -> HttpResponse:
    is_fresh = not form.is_bound and returned is None
    values = {
        "form": form,
        "returned": returned,
        "chosen_file": getattr(form.files.get("file"), "name", "") if form.is_bound else "",
        # What somebody has sent never becomes another action.
        "fields": {**form.values, "action": form.values["action"] or (Action.ASSIGN.value if is_fresh else "")},
        "actions": Action.values,
        "statuses": STATUSES,
        "plans": plan_page.list_plans(context=audit_context_of(request)),
        "title": gettext("Bulk changes"),
    }
    return respond(request, "bulk", values, status=status)


def _show(
    request: OrganizationRequest,
    plan_id: uuid.UUID,
    *,
    status: int = 200,
    error: InvalidInput | None = None,
    continues: bool = False,
) -> HttpResponse:
    query = query_params.read_query(request, ("check", "page"))
    chosen = query_params.choice(query["check"], "check", CheckResult.values)
    number = query_params.number(query["page"], "page", default=1, most=1_000_000)
    shown = plan_page.show_plan(context=audit_context_of(request), plan_id=plan_id, check_result=chosen, page=number)
    counts = shown.check_counts
    returned = find_returned_form(request, action=reverse("plan-confirm", args=[request.organization.id, plan_id]))
    values = {
        **_progress_values(shown.progress, continues=continues),
        "error": error,
        "columns_read": [
            (column.heading, FIELD_LABELS[column.field]) for column in shown.progress.plan.columns if column.field
        ],
        "columns_not_read": [
            column.heading for column in shown.progress.plan.columns if column.heading and not column.field
        ],
        "check_counts": [(check, label, counts[check]) for check, label in CHECK_LABELS.items() if check in counts],
        "check": chosen,
        "returned": returned,
        "typed_count": returned.fields.get("count", [""])[0] if returned else "",
        "rows": [(row, CHECK_LABELS[CheckResult(row.check_result)]) for row in shown.rows],
        "page": shown.page,
        "pages": shown.pages,
        "total": shown.total,
        "title": title_about(gettext("Plan"), action_word(shown.progress.plan.action)),
    }
    return respond(request, "bulk/plan", values, status=status)


def _progress_values(progress: PlanProgress, *, continues: bool = False) -> dict[str, Any]:
    return {"plan": progress.plan, "progress": progress, "continues": continues}
