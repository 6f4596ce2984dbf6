"""One map from the errors of services and directory to what a person is told: status, title and next step."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.urls import reverse
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts_ui.directory import errors as directory
from accounts_ui.plans.queries import RETENTION
from accounts_ui.services import errors as services
from console.error_pages import Problem
from console.recorded_text import join_texts

_RETRY = _("Try again in a minute.")
_CONTACT_OPERATOR = _("If this keeps happening, contact the operator of this console.")
_RETRY_OR_CONTACT = format_lazy("{} {}", _RETRY, _CONTACT_OPERATOR)
_SIGN_IN_AGAIN = _("Sign out and in again.")
_NOTHING_SENT = _("Nothing was sent.")
_CHECK_STATUS = _("Check its new status, and decide again.")
_PLANS_KEPT = format_lazy(_("Plans are kept for {days} days."), days=RETENTION.days)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a person is told about one class of error.

    Args:
        status: the HTTP status of the answer.
        title: what happened, in a few words.
        next_step: what to do next. It follows the detail of the error.

    """

    status: int
    title: str | Promise
    next_step: str | Promise


EXPLANATIONS: Final[dict[type[Exception], Explanation]] = {
    services.InvalidInput: Explanation(400, _("Please check your input"), _("Nothing was sent or changed.")),
    services.SubjectUnknown: Explanation(404, _("Person not found"), _("Check the ID, or search for the person.")),
    services.AccountNotHere: Explanation(404, _("Account not found"), _("Look at the person's accounts.")),
    services.ChangeUnknown: Explanation(404, _("Change not found"), _("Search the change log.")),
    services.OperationIdReused: Explanation(409, _("This form was already used"), _NOTHING_SENT),
    services.StateChanged: Explanation(409, _("The account has changed in the meantime"), _CHECK_STATUS),
    services.AlreadyAssigned: Explanation(409, _("The account already exists"), _NOTHING_SENT),
    services.AnotherOperationOpen: Explanation(
        409, _("Another change is still open"), _("Resolve it first. Nothing was sent.")
    ),
    services.ConcurrentChange: Explanation(409, _("The account has changed in the meantime"), _CHECK_STATUS),
    services.UndoRefused: Explanation(409, _("This cannot be undone"), _NOTHING_SENT),
    services.ConfirmationNeeded: Explanation(422, _("Is this what you mean?"), _("Nothing was sent yet.")),
    services.PlanUnknown: Explanation(404, _("Plan not found"), _PLANS_KEPT),
    services.PlanRefuses: Explanation(409, _("This plan cannot do that now"), _("Open the plan again.")),
    services.NotResolved: Explanation(
        409, _("The outcome is still unknown"), _("Check again later, or decide it yourself.")
    ),
    services.LogUnavailable: Explanation(503, _("The change log cannot be written"), _CONTACT_OPERATOR),
    services.LogIncomplete: Explanation(
        503, _("The change log is incomplete"), _("Tell the operator of this console.")
    ),
    services.OutcomeNotRecorded: Explanation(503, _("The outcome could not be recorded"), _CONTACT_OPERATOR),
    directory.TokenUnavailable: Explanation(503, _("Your access token cannot be renewed"), _SIGN_IN_AGAIN),
    directory.TokenLate: Explanation(504, _("Your access token was renewed too late"), _RETRY),
    directory.DirectoryBusy: Explanation(503, _("The directory is busy"), _("Try again in a few seconds.")),
    directory.DirectoryPaused: Explanation(503, _("The directory does not answer"), _RETRY_OR_CONTACT),
    directory.NotSent: Explanation(502, _("The directory cannot be reached"), _RETRY_OR_CONTACT),
    directory.NoAnswerInTime: Explanation(504, _("The directory did not answer in time"), _RETRY),
    directory.TooLarge: Explanation(
        502,
        _("The directory’s answer is too large"),
        _("Ask the operator of this console to raise DIRECTORY_MAX_BYTES."),
    ),
    directory.NoAnswer: Explanation(502, _("The directory gave no usable answer"), _RETRY_OR_CONTACT),
    directory.Redirected: Explanation(502, _("The directory answered with a redirect"), _CONTACT_OPERATOR),
    directory.SeeOther: Explanation(502, _("The directory answered with a redirect"), _CONTACT_OPERATOR),
    directory.TokenRejected: Explanation(502, _("The directory does not accept your sign-in"), _SIGN_IN_AGAIN),
    directory.PermissionMissing: Explanation(
        403,
        _("You lack permissions in the directory"),
        _("Signing in again will not help. Ask the directory's administrators."),
    ),
    directory.Forbidden: Explanation(
        403, _("The directory does not allow you to do this"), _("Ask the directory's administrators.")
    ),
    directory.OrganizationUnknown: Explanation(
        404,
        _("The directory does not know this organization"),
        _("Contact the operator of this console: CONSOLE_ORGANIZATIONS may be wrong."),
    ),
    directory.TypeUnknown: Explanation(
        404, _("The directory does not know this account type"), _("Choose another account type.")
    ),
    directory.AccountUnknown: Explanation(
        404, _("The directory does not find this account"), _("Look at the person's accounts.")
    ),
    directory.NotFound: Explanation(404, _("The directory does not find this"), _CONTACT_OPERATOR),
    directory.Conflict: Explanation(
        409, _("The directory reports a conflict"), _("Look at the current state, and try again.")
    ),
    directory.TooManyRequests: Explanation(429, _("The directory is limiting requests"), _RETRY),
    directory.Refused: Explanation(502, _("The directory refused the request"), _CONTACT_OPERATOR),
    directory.FailedInTime: Explanation(504, _("The directory did not answer in time"), _RETRY),
    directory.Failed: Explanation(502, _("The directory failed"), _RETRY_OR_CONTACT),
    directory.Unreadable: Explanation(502, _("The directory's answer cannot be read"), _CONTACT_OPERATOR),
}


def explanation_of(error: Exception) -> Explanation:
    """Return the explanation of the error's class, or of the nearest class above it that has one."""
    return next(EXPLANATIONS[kind] for kind in type(error).__mro__ if kind in EXPLANATIONS)


def problem_for(error: services.ServiceError | directory.DirectoryError, organization_id: str) -> Problem:
    """Return the problem page for ``error``."""
    explanation = explanation_of(error)
    retry_after = getattr(error, "retry_after", None)
    next_step = str(explanation.next_step) if retry_after is None else _retry_in(retry_after)
    return Problem(
        explanation.status,
        str(explanation.title),
        join_texts(error.detail, next_step),
        actions=_links(error, organization_id),
        code=type(error).__name__,
        headers=pause_header(retry_after),
    )


def _retry_in(seconds: float) -> str:
    count = math.ceil(seconds)
    text = ngettext("Try again in %(count)s second.", "Try again in %(count)s seconds.", count)
    return text % {"count": number_format(count, force_grouping=True)}


def pause_header(seconds: float | None) -> dict[str, str]:
    """Return the ``Retry-After`` header if the directory asked to wait."""
    return {} if seconds is None else {"Retry-After": str(math.ceil(seconds))}


def _links(error: Exception, organization_id: str) -> Sequence[tuple[str, str]]:
    """Return where to go from here, as pairs of label and address."""
    links = []
    change = getattr(error, "change", None)
    if change is not None:
        links.append((gettext("The open change"), reverse("change", args=[organization_id, change.change_id])))
    if isinstance(error, services.AlreadyAssigned):
        account = [organization_id, error.subject_id, error.code]
        links.append((gettext("Change its status"), reverse("status", args=account)))
        links.append((gettext("The person and the last changes"), reverse("person", args=account[:2])))
    links.append((gettext("Accounts"), reverse("accounts", args=[organization_id])))
    links.append((gettext("Change log"), reverse("changes", args=[organization_id])))
    return links
