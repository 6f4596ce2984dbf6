"""The errors of the Directory API.

::

    DirectoryError
    ├── NotSent                 name, connection, TLS: the directory never saw the request
    │   ├── TokenUnavailable    there is no access token for a write; the cause says why
    │   ├── TokenLate           the token was renewed, but no time is left to send the write
    │   ├── DirectoryBusy       too many reads are being made already
    │   └── DirectoryPaused     no calls are made for a while, since the last ones got no answer
    ├── NoAnswer                reset, timeout, size, not HTTP: the directory may have acted
    │   ├── NoAnswerInTime      it may still be acting
    │   └── TooLarge            its answer is larger than the limit
    ├── Refused                 the directory refuses
    │   ├── Redirected          3xx
    │   ├── TokenRejected       401: the access token is no longer valid
    │   ├── PermissionMissing   401 with missing_permissions: signing in again will not help
    │   ├── Forbidden           403
    │   ├── NotFound            404
    │   │   ├── OrganizationUnknown
    │   │   ├── TypeUnknown
    │   │   └── AccountUnknown
    │   ├── Conflict            409
    │   └── TooManyRequests     429
    ├── SeeOther                303: the directory saw the request; the result is at another address
    ├── Failed                  5xx: the directory failed; it may have acted before
    │   └── FailedInTime        504: a gateway gave up waiting; the directory may still act
    └── Unreadable              a success whose body is not the expected one (raised by reads only)
"""


class DirectoryError(Exception):
    """A call to the directory that did not succeed.

    Attributes:
        detail: what the directory or the connection reported, for the admin and the change log.
        status: the HTTP status of the answer; ``None`` if there was no answer.

    """

    def __init__(self, detail: str, *, status: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status


class NotSent(DirectoryError):
    """The directory never saw the request."""


class TokenUnavailable(NotSent):
    """There is no access token for a write; ``__cause__`` is what the token source raised."""


class TokenLate(NotSent):
    """The access token was renewed, which left too little time for the call: it was not sent."""


class _Postponed(NotSent):
    """A read that was not made. ``retry_after``: seconds until it is worth another try."""

    def __init__(self, detail: str, *, retry_after: float) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class DirectoryBusy(_Postponed):
    """Too many reads of the directory are being made already."""


class DirectoryPaused(_Postponed):
    """No calls are made for a while, since the last ones got no answer."""


class NoAnswer(DirectoryError):
    """The directory may have seen the request and acted; its answer did not arrive completely."""


class NoAnswerInTime(NoAnswer):
    """No answer within the time: the directory may still be acting."""


class TooLarge(NoAnswer):
    """The answer is larger than the limit."""


class Refused(DirectoryError):
    """The directory refused the request and did nothing."""


class Redirected(Refused):
    """A redirect: the address of the directory is wrong, or a login page of something else is in the way."""


class SeeOther(DirectoryError):
    """303: the directory saw the request and names another address for the result, which says nothing about it."""


class TokenRejected(Refused):
    """The access token is no longer valid."""


class PermissionMissing(Refused):
    """The directory wants permissions that this admin lacks. ``permissions`` are their names."""

    def __init__(self, detail: str, *, status: int | None = None, permissions: tuple[str, ...] = ()) -> None:
        super().__init__(detail, status=status)
        self.permissions = permissions


class Forbidden(Refused):
    """The directory does not allow this to this admin."""


class NotFound(Refused):
    """The directory does not know what the request names."""


class OrganizationUnknown(NotFound):
    """The directory does not know the organization."""


class TypeUnknown(NotFound):
    """The organization has no such account type."""


class AccountUnknown(NotFound):
    """The directory finds no account of this person and type — which is not proof that there is none."""


class Conflict(Refused):
    """The request conflicts with the state of the directory."""


class TooManyRequests(Refused):
    """Too many requests. ``retry_after``: seconds to wait, if the directory says so."""

    def __init__(self, detail: str, *, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(detail, status=status)
        self.retry_after = retry_after


class Failed(DirectoryError):
    """The directory failed; it may have acted before. ``retry_after`` as with 429."""

    def __init__(self, detail: str, *, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(detail, status=status)
        self.retry_after = retry_after


class FailedInTime(Failed):
    """A gateway gave up waiting for the directory, which may still be acting."""


class Unreadable(DirectoryError):
    """The directory reported success, but the body is not the expected one."""
