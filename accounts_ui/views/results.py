"""What an admin is told of an operation, with its true status."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts_ui.changes.models import Action, Change, Outcome
from accounts_ui.views.problems import pause_header
from accounts_ui.views.shared import respond

_TIMEOUTS = (None, 504)


def show_result(request: HttpRequest, change: Change) -> HttpResponse:
    """Applied: on to the person. Otherwise the outcome, with its reason and the way on."""
    if change.outcome == Outcome.APPLIED:
        person = reverse("person", args=[change.organization_id, change.subject_id])
        return HttpResponseRedirect(f"{person}?result={change.change_id}", status=303)
    not_found = change.outcome == Outcome.NOT_APPLIED and change.http_status == 404
    values = {
        "change": change,
        "offer_deleted": not_found and change.action == Action.DELETE,
        "title": "Not applied" if change.outcome == Outcome.NOT_APPLIED else "Outcome unknown",
    }
    response = respond(request, "changes/result", values, status=status_of(change))
    for name, value in pause_header(change.retry_after).items():
        response.headers[name] = value
    return response


def status_of(change: Change) -> int:
    """The HTTP status that tells the outcome of ``change``."""
    said = change.http_status
    if change.outcome == Outcome.NOT_APPLIED:
        if said == 401:
            return 403
        return said if said is not None and 400 <= said < 500 else 502
    if change.outcome == Outcome.PENDING:
        return 202
    return 504 if said in _TIMEOUTS else 502
