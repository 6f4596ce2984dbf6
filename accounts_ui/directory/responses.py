"""The errors that the directory's answers mean: status and body decide."""

import datetime
import email.utils
from collections.abc import Callable
from typing import Any

from accounts_ui.directory import errors
from console import clock, http
from console.plain_text import one_line
from console.recorded_text import recorded
from console.redaction import redact

MAX_DETAIL = 500
_SEARCHED = 20_000  # characters of an error; far more than is shown
MAX_RETRY_AFTER = 3600.0  # seconds; nobody waits longer at a page


_NO_DETAIL = recorded("directory.no_detail", "The directory answered {answer} without giving a reason.")
_PERMISSIONS = recorded("directory.permissions_missing", "Missing permissions: {names}.")
_NO_ANSWER = {
    http.ExchangeError: recorded("directory.unreachable", "The directory could not be reached"),
    http.NameNotResolved: recorded("directory.name_not_resolved", "The name of the directory could not be resolved"),
    http.ConnectionRefused: recorded("directory.connection_refused", "The directory refused the connection"),
    http.ConnectTimedOut: recorded("directory.connect_timed_out", "The directory could not be connected to in time"),
    http.TlsFailed: recorded("directory.tls_failed", "No trusted TLS connection to the directory could be made"),
    http.ProxyUnreachable: http.ProxyUnreachable.text,
    http.ProxyRefused: http.ProxyRefused.text,
    http.MalformedProxyResponse: http.MalformedProxyResponse.text,
    http.NoResponse: recorded("directory.no_response", "The directory gave no answer"),
    http.ConnectionReset: recorded(
        "directory.connection_reset", "The connection to the directory broke before its answer was complete"
    ),
    http.TimedOut: recorded("directory.timed_out", "The directory did not answer in time"),
    http.ResponseTooLarge: recorded("directory.response_too_large", "The answer of the directory is too large"),
    http.MalformedResponse: recorded("directory.malformed_response", "The answer of the directory is not valid HTTP"),
}


def raise_for_answer(answer: http.Response) -> None:
    """Raise the error that the answer means; a 2xx raises none.

    Raises:
        SeeOther: 303.
        Refused: other 3xx, and 4xx, as the most specific subclass.
        Failed: 5xx.

    """
    if 200 <= answer.status < 300:
        return
    document = _document(answer)
    detail = _detail(answer, document)
    if answer.status >= 500:
        kind = errors.FailedInTime if answer.status == 504 else errors.Failed
        raise kind(detail, status=answer.status, retry_after=retry_after(answer))
    if answer.status == 303:
        raise errors.SeeOther(detail, status=answer.status)
    raise _refusal(answer, document, detail)


def from_exchange(error: http.ExchangeError) -> errors.DirectoryError:
    """Return the error for an exchange without an answer."""
    detail = error.in_words(next(_NO_ANSWER[kind] for kind in type(error).__mro__ if kind in _NO_ANSWER))
    if isinstance(error, http.RequestNotSent):
        return errors.NotSent(detail)
    if isinstance(error, http.TimedOut):
        return errors.NoAnswerInTime(detail)
    if isinstance(error, http.ResponseTooLarge):
        return errors.TooLarge(detail)
    return errors.NoAnswer(detail)


def retry_after(answer: http.Response) -> float | None:
    """Return the seconds of ``Retry-After``, a number or a date (RFC 9110, section 10.2.3); ``None`` if neither."""
    text = answer.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), MAX_RETRY_AFTER)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (ValueError, OverflowError, IndexError, TypeError):  # raised on malformed dates
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    seconds = (moment - clock.now()).total_seconds()
    return min(max(seconds, 0.0), MAX_RETRY_AFTER)


def _refusal(answer: http.Response, document: dict[str, Any], detail: str) -> errors.Refused:
    status = answer.status
    if status == 401:
        return _unauthorized(document, detail)
    if status == 404:
        return _not_found(detail)(detail, status=status)
    if status == 429:
        return errors.TooManyRequests(detail, status=status, retry_after=retry_after(answer))
    kinds: dict[int, Callable[..., errors.Refused]] = {403: errors.Forbidden, 409: errors.Conflict}
    default = errors.Redirected if status < 400 else errors.Refused
    return kinds.get(status, default)(detail, status=status)


def _unauthorized(document: dict[str, Any], detail: str) -> errors.Refused:
    permissions = document.get("missing_permissions")
    if not isinstance(permissions, list):
        return errors.TokenRejected(detail, status=401)
    names = tuple(clean_error(str(name), limit=100) for name in permissions[:20])
    return errors.PermissionMissing(_PERMISSIONS.format(names=", ".join(names)), status=401, permissions=names)


def _not_found(detail: str) -> type[errors.NotFound]:
    text = detail.lower()
    if "account type" in text:
        return errors.TypeUnknown
    if "account not found" in text:
        return errors.AccountUnknown
    if "organization" in text or "organisation" in text:
        return errors.OrganizationUnknown
    return errors.NotFound


def _document(answer: http.Response) -> dict[str, Any]:
    try:
        document = answer.json()
    except http.InvalidJson:
        return {}
    return document if isinstance(document, dict) else {}


def _detail(answer: http.Response, document: dict[str, Any]) -> str:
    """Return what the directory says, from whichever of its four envelopes, or else the status alone."""
    error = document.get("error")
    texts = [error.get("reason")] if isinstance(error, dict) else []
    texts += [document.get("message"), error if isinstance(error, str) else None]
    for text in texts:
        if isinstance(text, str) and clean(text):
            return clean_error(text)
    return _NO_DETAIL.format(answer=answer.status)


def clean_error(text: str, *, limit: int = MAX_DETAIL) -> str:
    """As ``clean``, for an error of the directory, which may repeat the secrets that it was sent."""
    return clean(redact(text[:_SEARCHED]), limit=limit)


def clean(text: str, *, limit: int = MAX_DETAIL) -> str:
    """Return what the directory says as one line of at most ``limit`` characters."""
    return " ".join(one_line(text, limit=limit).split())
