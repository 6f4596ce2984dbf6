"""The client of the Directory API: list, types, assign, change status, delete."""

import json
import logging
import random
import time
from collections.abc import Callable
from typing import Protocol

from accounts_ui.directory import errors
from accounts_ui.directory.client_interface import WriteResult
from accounts_ui.directory.decoder import read_rows
from accounts_ui.directory.ids import check_id, segment
from accounts_ui.directory.listing import Listing
from accounts_ui.directory.metrics import METHODS, measured, record_list
from accounts_ui.directory.responses import clean, from_exchange, raise_for_answer
from accounts_ui.directory.rows import AccountType, NotRows, parse_account
from accounts_ui.directory.statuses import STATUSES
from console import clock, http
from console.recorded_text import recorded
from console.runtime import telemetry

logger = logging.getLogger(__name__)

MAX_WRITE_ANSWER = 1024 * 1024  # bytes; one account is some hundred
READ_ATTEMPTS = 3
BACKOFF = 0.2  # seconds before the second attempt; doubled for each further one, with jitter
LEAST_SHARE = 0.1  # of the time limit: with less left, a call would most likely end with an unknown outcome

_NO_TOKEN = recorded("directory.no_token", "There is no access token any more to send this with.")
_TOO_LATE = recorded("directory.token_too_late", "Renewing the access token left too little time to send this.")
_NO_LIST = recorded(
    "directory.no_json_list", "The directory answered {answer} with something that is not a JSON list ({kind})."
)


class TokenSource(Protocol):
    """The source of the signed-in admin's access token."""

    def current(self) -> str:
        """Return the token, valid for at least a minute if the provider allows it."""

    def renewed(self, rejected: str) -> str:
        """Return a newer token than the rejected one; raise if there is none."""


class HttpDirectoryClient:
    """The ``DirectoryClient`` that calls the Directory API over HTTP, as one admin.

    Args:
        base_url: ``DIRECTORY_API_URL``.
        tokens: the admin's own access token.
        timeout: seconds that one call may take in all; a read's attempts share it.
        max_bytes: the largest list that is read.
        request_id: sent along, so that the directory's log and ours can be compared.

    """

    def __init__(
        self,
        base_url: str,
        tokens: TokenSource,
        timeout: float,
        *,
        max_bytes: int = 256 * 1024**2,
        request_id: str = "",
    ) -> None:
        self._base = f"{base_url}/directory/orgs"
        self._tokens = tokens
        self.timeout = timeout
        self._max_bytes = max_bytes
        self._request_id = request_id

    def list_users(self, organization_id: str) -> Listing:
        """Return everything the directory lists for the organization.

        Raises:
            DirectoryError: see its tree; ``Unreadable`` for a success that is not a list.

        """
        asked_at = clock.now()
        answer = self._read("list", self._users(organization_id))
        try:
            rows = read_rows(answer.body)
        except NotRows:
            raise errors.Unreadable(_not_a_list(answer), status=answer.status) from None
        listing = Listing(organization_id, rows, clock.now(), asked_at)
        record_list(listing, len(answer.body))
        return listing

    def list_types(self, organization_id: str) -> tuple[AccountType, ...]:
        """Return the catalogue of account types, which may be missing or forbidden (403, 404, 405)."""
        answer = self._read("types", f"{self._base}/{segment(organization_id)}/accounts/types")
        try:
            return tuple(read_rows(answer.body).types)
        except NotRows:
            raise errors.Unreadable(_not_a_list(answer), status=answer.status) from None

    def assign(self, organization_id: str, subject_id: str, code: str) -> WriteResult:
        """Link a person to an account type.

        The directory makes a second account if this is sent twice, so it is sent once.
        """
        return _write_result(self._write("assign", self._account(organization_id, subject_id, code), None))

    def change_status(self, organization_id: str, subject_id: str, code: str, status: str) -> WriteResult:
        """Set the account's status to one of ``STATUSES``."""
        if status not in STATUSES:
            raise ValueError(status)
        body = json.dumps({"status": status}).encode()
        return _write_result(self._write("change_status", self._account(organization_id, subject_id, code), body))

    def delete(self, organization_id: str, subject_id: str, code: str, message: str) -> WriteResult:
        """Delete the account. The directory marks it as ended and keeps it.

        The body is documented as optional, but without one the directory answers 500: a JSON string is always sent.
        """
        body = json.dumps(message).encode()
        return WriteResult(self._write("delete", self._account(organization_id, subject_id, code), body).status)

    def _users(self, organization_id: str) -> str:
        return f"{self._base}/{segment(check_id(organization_id, 'organization'))}/accounts/users"

    def _account(self, organization_id: str, subject_id: str, code: str) -> str:
        subject, type_code = segment(check_id(subject_id, "subject_id")), segment(check_id(code, "code"))
        return f"{self._users(organization_id)}/{subject}/{type_code}"

    def _write(self, operation: str, url: str, body: bytes | None) -> http.Response:
        """Send a write once; again only after a 401, which proves that it was not executed."""
        deadline = time.monotonic() + self.timeout
        try:
            return self._with_token(lambda token: self._call(operation, url, token, body, deadline, MAX_WRITE_ANSWER))
        except errors.DirectoryError:
            raise
        except Exception as error:  # only the token source raises others, and it does so before anything is sent
            raise errors.TokenUnavailable(_NO_TOKEN) from error

    def _read(self, operation: str, url: str) -> http.Response:
        """Send a read, and repeat it within one time limit, with backoff or as ``Retry-After`` says."""
        deadline = time.monotonic() + self.timeout
        for attempt in range(1, READ_ATTEMPTS + 1):
            try:
                return self._with_token(
                    lambda token: self._call(operation, url, token, None, deadline, self._max_bytes)
                )
            except errors.TooLarge:
                raise  # it would be as large the next time
            except (errors.Failed, errors.NotSent, errors.NoAnswer, errors.TooManyRequests) as error:
                pause = _pause(error, attempt)
                if attempt == READ_ATTEMPTS or time.monotonic() + pause >= deadline - self._least_seconds:
                    raise
                time.sleep(pause)
        raise AssertionError("unreachable")

    def _with_token(self, call: Callable[[str], http.Response]) -> http.Response:
        token = self._tokens.current()
        try:
            return call(token)
        except errors.TokenRejected:
            return call(self._tokens.renewed(token))

    @property
    def _least_seconds(self) -> float:
        return self.timeout * LEAST_SHARE

    def _call(
        self, operation: str, url: str, token: str, body: bytes | None, deadline: float, max_bytes: int
    ) -> http.Response:
        left = deadline - time.monotonic()
        if left < self._least_seconds:  # only waiting for the token takes time in between
            raise _logged(METHODS[operation], errors.TokenLate(_TOO_LATE))
        headers = {"Authorization": f"Bearer {token}"}
        if self._request_id:
            headers["X-Request-ID"] = self._request_id
        if body is not None:
            headers["Content-Type"] = "application/json"
        with measured(operation):
            headers |= telemetry.outgoing_headers()
            return _exchange(METHODS[operation], url, left, max_bytes, headers, body or b"")


def _exchange(
    method: str, url: str, timeout: float, max_bytes: int, headers: dict[str, str], body: bytes
) -> http.Response:
    try:
        answer = http.exchange(method, url, timeout=timeout, max_bytes=max_bytes, headers=headers, body=body)
        raise_for_answer(answer)
    except http.ExchangeError as error:
        raise _logged(method, from_exchange(error)) from error
    except errors.DirectoryError as error:
        raise _logged(method, error) from error.__cause__
    return answer


def _logged(method: str, error: errors.DirectoryError) -> errors.DirectoryError:
    """Log the error for operators, and return it. The address is not logged, because it names a person."""
    logger.warning("A call to the directory failed: %s: %s: %s", method, type(error).__name__, error.detail)
    return error


def _write_result(answer: http.Response) -> WriteResult:
    return WriteResult(answer.status, parse_account(answer.body))


def _pause(error: errors.DirectoryError, attempt: int) -> float:
    retry_after = getattr(error, "retry_after", None)
    if retry_after is not None:
        return float(retry_after)
    jitter = random.uniform(0.5, 1.5)  # noqa: S311  (spreads load, protects nothing)
    return float(BACKOFF * 2 ** (attempt - 1) * jitter)


def _not_a_list(answer: http.Response) -> str:
    kind = clean(answer.headers.get("Content-Type", "no type"), limit=80)
    return _NO_LIST.format(answer=answer.status, kind=kind)
