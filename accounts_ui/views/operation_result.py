"""The answer to an operation, with its true status: on a page, or in the row that it began in."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext

from accounts_ui.changes import queries
from accounts_ui.changes.models import Action, Change, EventBase, Outcome
from accounts_ui.directory.errors import DirectoryError
from accounts_ui.services.listing.account_row import row_id_of
from accounts_ui.services.listing.queries import account_row, known_email, show_person
from accounts_ui.services.operations.outcome_check import CheckState, OutcomeCheck, check_of
from accounts_ui.services.operations.undo import ReverseOperation, reverse_of
from accounts_ui.views.base import audit_context_of, client_of, new_operation_id, respond, title_about
from accounts_ui.views.error_map import pause_header
from accounts_ui.views.lists.panel_forms import columns_under_form, is_over_list, row_context
from console import clock
from console.request import OrganizationRequest

_TIMEOUTS = (None, 504)


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """A change that was just made, as a page shows it.

    ``undo`` is the offer to undo it, and ``undo_operation_id`` the id of the operation that its form becomes. In a
    list, ``column`` is the cell of the row that shows the result.
    """

    change: Change
    undo: ReverseOperation | None
    undo_operation_id: str
    column: str = ""


def show_result(request: OrganizationRequest, change: Change) -> HttpResponse:
    """Show the person, or the row, after an applied change; otherwise the outcome, why, and what to do next."""
    if change.outcome == Outcome.APPLIED:
        return _applied(request, change)
    not_found = change.outcome == Outcome.NOT_APPLIED and change.http_status == 404
    response = _show_outcome(request, change, offer_deleted=not_found and change.action == Action.DELETE)
    for name, value in pause_header(change.retry_after).items():
        response.headers[name] = value
    return response


def result_of(change: Change, *, undo_operation_id: str = "", column: str = "") -> ChangeResult:
    """Return the change with the offer to undo it, if that is possible now."""
    return ChangeResult(change, reverse_of(change), undo_operation_id or new_operation_id(), column)


def status_of(change: Change) -> int:
    """Return the HTTP status that stands for the outcome of ``change``."""
    status = change.http_status
    if change.outcome == Outcome.APPLIED:
        return 200
    if change.outcome == Outcome.NOT_APPLIED:
        if status == 401:
            return 403
        return status if status is not None and 400 <= status < 500 else 502
    if change.outcome == Outcome.PENDING:
        return 202
    return 504 if status in _TIMEOUTS else 502


def _applied(request: OrganizationRequest, change: Change) -> HttpResponse:
    """Answer with the result itself for htmx; else redirect to it, so that a reload sends nothing."""
    person = f"{reverse('person', args=[change.organization_id, change.subject_id])}?result={change.change_id}"
    if not request.htmx:
        return HttpResponseRedirect(person, status=303)
    try:
        if is_over_list(request):
            return _row(request, change)
        shown = show_person(client=client_of(request), context=audit_context_of(request), subject_id=change.subject_id)
    except DirectoryError:  # the change was applied all the same
        return _show_outcome(request, change)
    values = {"result": result_of(change), "person": shown, "title": shown.name or change.subject_id}
    response = respond(request, "person", values)
    response.headers["HX-Push-Url"] = person
    return response


def _row(request: OrganizationRequest, change: Change) -> HttpResponse:
    context = audit_context_of(request)
    shown = columns_under_form(request)
    row = account_row(client=client_of(request), context=context, subject_id=change.subject_id, code=change.code)
    column = "status" if any(each.name == "status" for each in shown) else "actions"
    values = {
        **row_context(request),
        "result": result_of(change, column=column),
        "row": row,
        "anchor": row_id_of(change.subject_id, change.code),
        "columns": shown,
    }
    return respond(request, "accounts/row_result", values)


def show_current_outcome(request: OrganizationRequest, change: Change) -> HttpResponse:
    """Show the outcome as it is now, some time after the operation: 200, whatever the outcome."""
    if change.outcome == Outcome.APPLIED and is_over_list(request):
        return _applied(request, change)
    return _show_outcome(request, change, is_later=True, http_status=200)


def is_being_checked(change: Change) -> bool:
    """Whether the automatic read that decides the outcome is still to come."""
    check = check_of_change(change)
    return check is not None and check.state == CheckState.CHECKING


def check_of_change(change: Change, events: Sequence[EventBase] | None = None) -> OutcomeCheck | None:
    """Return how an unknown outcome is going to be decided; ``events`` if they were read already."""
    if events is None:
        events = queries.events_of(change) if change.is_open else []
    return check_of(change, events, now=clock.now(), read_seconds=settings.DIRECTORY_TIMEOUT)


def _show_outcome(
    request: OrganizationRequest,
    change: Change,
    *,
    offer_deleted: bool = False,
    is_later: bool = False,
    http_status: int | None = None,
) -> HttpResponse:
    titles = {Outcome.APPLIED: gettext("Applied"), Outcome.NOT_APPLIED: gettext("Not applied")}
    who = change.subject_name or change.subject_id
    values = {
        **row_context(request),
        "result": result_of(change),
        "change": change,
        "subject_email": known_email(client=client_of(request), change=change),
        "offer_deleted": offer_deleted,
        "check": check_of_change(change),
        "is_later": is_later,
        "anchor": row_id_of(change.subject_id, change.code),
        "title": title_about(titles.get(Outcome(change.outcome), gettext("Outcome unknown")), who),
    }
    return respond(request, "changes/result", values, status=http_status or status_of(change))
