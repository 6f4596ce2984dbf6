"""Why the console itself does not do what was asked; what the directory refuses is a ``DirectoryError``.

::

    ServiceError
    ├── InvalidInput          a field that can never be right; ``field`` names it
    ├── SubjectUnknown        neither the directory nor the log knows the person
    ├── AccountNotHere        the directory tells that the person has no such account
    ├── ChangeUnknown         the organization has no such change
    ├── OperationIdReused     the operation id came with other data before
    ├── StateChanged          the account is not in the state that the form showed; ``current`` is the new one
    ├── AlreadyAssigned       the person has the account already, in ``status``
    ├── AnotherOperationOpen  ``change`` of the same account has no outcome yet
    ├── ConcurrentChange      ``change`` of the same account was made while this one was being checked
    ├── UndoRefused           ``change`` stands in the way of undoing, or cannot be undone itself
    ├── ConfirmationNeeded    the directory does not know ``what`` (``subject``, ``code``, ``recorded``)
    ├── PlanUnknown           the organization has no such plan
    ├── PlanRefuses           the plan is not in a state, or not this person's, to do that
    ├── NotResolved           ``change`` stays unknown: what was read does not tell
    ├── LogUnavailable        nothing could be recorded, so nothing was sent
    └── OutcomeNotRecorded    ``change`` was sent, and its outcome could not be recorded
"""

from accounts_ui.changes.models import Change
from accounts_ui.services.account import AccountFacts
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
    """A field that can never be right."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field


class SubjectUnknown(ServiceError):
    """Neither the directory nor the log knows the person."""


class AccountNotHere(ServiceError):
    """The directory tells that the person has no such account."""


class ChangeUnknown(ServiceError):
    """The organization has no such change."""


class PlanUnknown(ServiceError):
    """The organization has no such plan."""


class PlanRefuses(ServiceError):
    """The plan is not in a state, or not this person's, to do that."""


class OperationIdReused(ServiceError):
    """The operation id came with other data before."""


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
    """A change that cannot be undone, or another one that stands in the way."""


class ConfirmationNeeded(ServiceError):
    """The directory does not know something that the admin may still mean: an explicit second yes is needed."""

    def __init__(self, detail: str, what: list[str]) -> None:
        super().__init__(detail)
        self.what = what


class NotResolved(_AboutChange):
    """What was read does not tell what became of the change."""


class LogUnavailable(ServiceError):
    """Nothing could be recorded, so nothing was sent."""


class OutcomeNotRecorded(_AboutChange):
    """The call was made, and its outcome could not be recorded."""
