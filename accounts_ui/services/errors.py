"""The errors of the console itself. What the directory refuses is a ``DirectoryError``.

::

    ServiceError
    ├── InvalidInput          a field of the form is not valid; ``field`` names it
    ├── SubjectUnknown        neither the directory nor the log knows the person
    ├── AccountNotHere        the directory's list would name the account, and does not
    ├── ChangeUnknown         the organization has no such change
    ├── OperationIdReused     the operation id was used before, with other data
    ├── StateChanged          the account is not in the state that the form showed; ``current`` is the new one
    ├── AlreadyAssigned       the person has the account already, in ``status``
    ├── AnotherOperationOpen  ``change`` of the same account has no outcome yet
    ├── ConcurrentChange      ``change`` of the same account was made while this one was being checked
    ├── UndoRefused           ``change`` stands in the way of undoing, or cannot be undone itself
    ├── ConfirmationNeeded    the directory does not know ``what`` (``subject``, ``code``, ``recorded``)
    ├── PlanUnknown           the organization has no such plan
    ├── PlanRefuses           the plan is in another state, or somebody else's
    ├── NotResolved           the outcome of ``change`` stays unknown: the list cannot tell
    ├── LogUnavailable        nothing could be recorded, so nothing was sent
    ├── LogIncomplete         an event of the log is missing, so it cannot be exported
    └── OutcomeNotRecorded    ``change`` was sent, and its outcome could not be recorded
"""

from accounts_ui.changes.models import Change
from accounts_ui.services.state.account_facts import AccountFacts
from console.recorded_text import recorded

NO_SUCH_CHANGE = recorded("log.no_such_change", "This organization's change log has no such change.")
NOTHING_SENT = recorded(
    "log.nothing_sent", "The change log cannot be written at the moment, so nothing was sent. Try again in a minute."
)


class ServiceError(Exception):
    """``detail``: a sentence for the admin, in English if it may be recorded (``console.recorded_text``)."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class InvalidInput(ServiceError):
    """A field of the form is not valid."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field


class SubjectUnknown(ServiceError):
    """Neither the directory nor the log knows the person."""


class AccountNotHere(ServiceError):
    """The directory's list would name the account, and does not."""


class ChangeUnknown(ServiceError):
    """The organization has no such change."""


class PlanUnknown(ServiceError):
    """The organization has no such plan."""


class PlanRefuses(ServiceError):
    """The plan is in another state, or somebody else's."""


class OperationIdReused(ServiceError):
    """The operation id was used before, with other data."""


class StateChanged(ServiceError):
    """The account is not in the state that the form showed."""

    def __init__(self, detail: str, current: AccountFacts) -> None:
        super().__init__(detail)
        self.current = current


class AlreadyAssigned(ServiceError):
    """The person has the account already."""

    def __init__(self, detail: str, status: str, subject_id: str, code: str) -> None:
        super().__init__(detail)
        self.status = status
        self.subject_id = subject_id
        self.code = code


class _AboutChange(ServiceError):
    def __init__(self, detail: str, change: Change) -> None:
        super().__init__(detail)
        self.change = change


class AnotherOperationOpen(_AboutChange):
    """Another operation on the same account has no outcome yet."""


class ConcurrentChange(_AboutChange):
    """Another operation on the same account was made while this one was being checked."""


class UndoRefused(_AboutChange):
    """``change`` cannot be undone, or stands in the way of undoing another one."""


class ConfirmationNeeded(ServiceError):
    """The directory cannot confirm something that the admin may still mean, and has to confirm explicitly."""

    def __init__(self, detail: str, what: list[str]) -> None:
        super().__init__(detail)
        self.what = what


class NotResolved(_AboutChange):
    """The outcome of ``change`` stays unknown: the list cannot tell."""


class LogUnavailable(ServiceError):
    """Nothing could be recorded, so nothing was sent."""


class LogIncomplete(ServiceError):
    """An event of the log is missing, so it cannot be exported."""


class OutcomeNotRecorded(_AboutChange):
    """``change`` was sent, and its outcome could not be recorded."""
