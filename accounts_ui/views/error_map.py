"""One map from what services and the directory raise to what a person is told: status, title, next step."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts_ui.directory import errors as directory
from accounts_ui.services import errors as services
from console.error_pages import Problem
from console.recorded_text import join_texts

_AGAIN = _("Try again in a minute.")
_OPERATOR = _("If it stays so, tell the operator of this console.")
_AGAIN_OR_OPERATOR = format_lazy("{} {}", _AGAIN, _OPERATOR)


@dataclass(frozen=True, slots=True)
class Explanation:
    """How one class of error is told."""

    status: int
    title: str | Promise
    next_step: str | Promise


EXPLANATIONS: Final[dict[type[Exception], Explanation]] = {
    services.InvalidInput: Explanation(400, _("This cannot be right"), _("Nothing was sent or changed.")),
    services.SubjectUnknown: Explanation(
        404, _("This person is not known here"), _("Check the id, or search for the person.")
    ),
    services.AccountNotHere: Explanation(404, _("There is no such account"), _("Look at the person's accounts.")),
    services.ChangeUnknown: Explanation(404, _("There is no such change"), _("Search the change log.")),
    services.OperationIdReused: Explanation(409, _("This form was used before"), _("Nothing was sent.")),
    services.StateChanged: Explanation(409, _("The account has changed meanwhile"), _("Look at it, and decide again.")),
    services.AlreadyAssigned: Explanation(409, _("The account exists already"), _("Nothing was sent.")),
    services.AnotherOperationOpen: Explanation(
        409, _("Another change is still open"), _("Resolve it first; nothing was sent.")
    ),
    services.ConcurrentChange: Explanation(
        409, _("The account has changed meanwhile"), _("Look at it, and decide again.")
    ),
    services.UndoRefused: Explanation(409, _("This cannot be undone"), _("Nothing was sent.")),
    services.ConfirmationNeeded: Explanation(422, _("Is this what you mean?"), _("Nothing was sent yet.")),
    services.PlanUnknown: Explanation(404, _("There is no such plan"), _("Plans are kept for 30 days.")),
    services.PlanRefuses: Explanation(409, _("The plan does not allow this"), _("Look at it again.")),
    services.NotResolved: Explanation(
        409, _("The outcome is still unknown"), _("Check again later, or decide it yourself.")
    ),
    services.LogUnavailable: Explanation(503, _("The change log cannot be written"), _OPERATOR),
    services.OutcomeNotRecorded: Explanation(503, _("The outcome could not be recorded"), _OPERATOR),
    directory.TokenUnavailable: Explanation(503, _("Your access token cannot be renewed"), _("Sign out and in again.")),
    directory.TokenLate: Explanation(504, _("Your access token was renewed too late"), _AGAIN),
    directory.NotSent: Explanation(502, _("The directory cannot be reached"), _AGAIN_OR_OPERATOR),
    directory.NoAnswerInTime: Explanation(504, _("The directory did not answer in time"), _AGAIN),
    directory.TooLarge: Explanation(
        502,
        _("The directory’s answer is too large"),
        format_lazy("{} {}", _("DIRECTORY_MAX_BYTES bounds it."), _OPERATOR),
    ),
    directory.NoAnswer: Explanation(502, _("The directory gave no usable answer"), _AGAIN_OR_OPERATOR),
    directory.Redirected: Explanation(502, _("The directory answered with a redirect"), _OPERATOR),
    directory.TokenRejected: Explanation(
        502, _("The directory does not accept your sign-in"), _("Sign out and in again.")
    ),
    directory.PermissionMissing: Explanation(
        403,
        _("The directory wants permissions that you lack"),
        _("Signing in again will not help: ask its administrators."),
    ),
    directory.Forbidden: Explanation(403, _("The directory does not allow this to you"), _("Ask its administrators.")),
    directory.OrganizationUnknown: Explanation(
        404,
        _("The directory does not know this organization"),
        _("Tell the operator: CONSOLE_ORGANIZATIONS may be wrong."),
    ),
    directory.TypeUnknown: Explanation(
        404, _("The directory does not know this account type"), _("Choose another one.")
    ),
    directory.AccountUnknown: Explanation(404, _("The directory does not find this account"), _("Look at the person.")),
    directory.NotFound: Explanation(404, _("The directory does not know this"), _OPERATOR),
    directory.Conflict: Explanation(
        409, _("The directory sees a conflict"), _("Read the current state and try again.")
    ),
    directory.TooManyRequests: Explanation(429, _("The directory asks for a pause"), _AGAIN),
    directory.Refused: Explanation(502, _("The directory refused"), _OPERATOR),
    directory.FailedInTime: Explanation(504, _("The directory did not answer in time"), _AGAIN),
    directory.Failed: Explanation(502, _("The directory failed"), _AGAIN_OR_OPERATOR),
    directory.Unreadable: Explanation(502, _("The directory's answer cannot be read"), _OPERATOR),
}


def problem_for(error: services.ServiceError | directory.DirectoryError, organization_id: str) -> Problem:
    """The problem that tells of ``error``."""
    told = next(EXPLANATIONS[kind] for kind in type(error).__mro__ if kind in EXPLANATIONS)
    return Problem(
        told.status,
        str(told.title),
        join_texts(error.detail, str(told.next_step)),
        actions=_ways_on(error, organization_id),
        code=type(error).__name__,
        headers=pause_header(getattr(error, "retry_after", None)),
    )


def pause_header(seconds: float | None) -> dict[str, str]:
    """``Retry-After``, where the directory asked for a pause."""
    return {} if seconds is None else {"Retry-After": str(math.ceil(seconds))}


def _ways_on(error: Exception, organization_id: str) -> Sequence[tuple[str, str]]:
    ways = []
    change = getattr(error, "change", None)
    if change is not None:
        ways.append((gettext("The open change"), reverse("change", args=[organization_id, change.change_id])))
    if isinstance(error, services.AlreadyAssigned):
        account = [organization_id, error.subject_id, error.code]
        ways.append((gettext("Change its status"), reverse("status", args=account)))
        ways.append((gettext("The person and the last changes"), reverse("person", args=account[:2])))
    ways.append((gettext("Accounts"), reverse("accounts", args=[organization_id])))
    ways.append((gettext("Change log"), reverse("changes", args=[organization_id])))
    return ways
