"""One map from what services and the directory raise to what a person is told: status, title, next step."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.urls import reverse

from accounts_ui.directory import errors as directory
from accounts_ui.services import errors as services
from console.errors import Problem

_AGAIN = "Try again in a minute."
_OPERATOR = "If it stays so, tell the operator of this console."


@dataclass(frozen=True, slots=True)
class Explanation:
    """How one class of error is told."""

    status: int
    title: str
    next_step: str


EXPLANATIONS: Final[dict[type[Exception], Explanation]] = {
    services.InvalidInput: Explanation(400, "This cannot be right", "Nothing was sent or changed."),
    services.SubjectUnknown: Explanation(
        404, "This person is not known here", "Check the id, or search for the person."
    ),
    services.AccountNotHere: Explanation(404, "There is no such account", "Look at the person's accounts."),
    services.ChangeUnknown: Explanation(404, "There is no such change", "Search the change log."),
    services.OperationIdReused: Explanation(409, "This form was used before", "Nothing was sent."),
    services.StateChanged: Explanation(409, "The account has changed meanwhile", "Look at it, and decide again."),
    services.AlreadyAssigned: Explanation(409, "The account exists already", "Nothing was sent."),
    services.AnotherOperationOpen: Explanation(
        409, "Another change is still open", "Settle it first; nothing was sent."
    ),
    services.AccountMoved: Explanation(409, "The account has changed meanwhile", "Look at it, and decide again."),
    services.ConfirmationNeeded: Explanation(422, "Is this what you mean?", "Nothing was sent yet."),
    services.PlanUnknown: Explanation(404, "There is no such plan", "Plans are kept for 30 days."),
    services.PlanRefuses: Explanation(409, "The plan does not allow this", "Look at it again."),
    services.NotSettled: Explanation(409, "The outcome is still unknown", "Check again later, or decide it yourself."),
    services.LogUnavailable: Explanation(503, "The change log cannot be written", _OPERATOR),
    services.OutcomeNotRecorded: Explanation(503, "The outcome could not be recorded", _OPERATOR),
    directory.TokenUnavailable: Explanation(503, "Your access token cannot be renewed", "Sign out and in again."),
    directory.NotSent: Explanation(502, "The directory cannot be reached", f"{_AGAIN} {_OPERATOR}"),
    directory.NoAnswerInTime: Explanation(504, "The directory did not answer in time", _AGAIN),
    directory.TooLarge: Explanation(
        502, "The directory’s answer is too large", f"DIRECTORY_MAX_BYTES bounds it. {_OPERATOR}"
    ),
    directory.NoAnswer: Explanation(502, "The directory gave no usable answer", f"{_AGAIN} {_OPERATOR}"),
    directory.Redirected: Explanation(502, "The directory answered with a redirect", _OPERATOR),
    directory.TokenRejected: Explanation(502, "The directory does not accept your sign-in", "Sign out and in again."),
    directory.PermissionMissing: Explanation(
        403, "The directory wants permissions that you lack", "Signing in again will not help: ask its administrators."
    ),
    directory.Forbidden: Explanation(403, "The directory does not allow this to you", "Ask its administrators."),
    directory.OrganizationUnknown: Explanation(
        404, "The directory does not know this organization", "Tell the operator: CONSOLE_ORGANIZATIONS may be wrong."
    ),
    directory.TypeUnknown: Explanation(404, "The directory does not know this account type", "Choose another one."),
    directory.AccountUnknown: Explanation(404, "The directory does not find this account", "Look at the person."),
    directory.NotFound: Explanation(404, "The directory does not know this", _OPERATOR),
    directory.Conflict: Explanation(409, "The directory sees a conflict", "Read the current state and try again."),
    directory.TooManyRequests: Explanation(429, "The directory asks for a pause", _AGAIN),
    directory.Refused: Explanation(502, "The directory refused", _OPERATOR),
    directory.FailedInTime: Explanation(504, "The directory did not answer in time", _AGAIN),
    directory.Failed: Explanation(502, "The directory failed", f"{_AGAIN} {_OPERATOR}"),
    directory.Unreadable: Explanation(502, "The directory's answer cannot be read", _OPERATOR),
}


def problem_for(error: services.ServiceError | directory.DirectoryError, organization_id: str) -> Problem:
    """The problem that tells of ``error``."""
    told = next(EXPLANATIONS[kind] for kind in type(error).__mro__ if kind in EXPLANATIONS)
    return Problem(
        told.status,
        told.title,
        f"{error.reason} {told.next_step}",
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
        ways.append(("The open change", reverse("change", args=[organization_id, change.change_id])))
    if isinstance(error, services.AlreadyAssigned):
        account = [organization_id, error.subject_id, error.code]
        ways.append(("Change its status", reverse("status", args=account)))
        ways.append(("The person and the last changes", reverse("person", args=account[:2])))
    ways.append(("Accounts", reverse("accounts", args=[organization_id])))
    ways.append(("Change log", reverse("changes", args=[organization_id])))
    return ways
