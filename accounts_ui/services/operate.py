"""Assign, change status, delete: each at most once, recorded before it is sent, and with a true outcome."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import Error

from accounts_ui.changes import log, reading
from accounts_ui.changes.models import Action, Change, Outcome
from accounts_ui.directory import errors
from accounts_ui.directory.client import DirectoryClient, Done
from accounts_ui.directory.rows import Account, Listing
from accounts_ui.services import evidence, inputs
from accounts_ui.services.errors import (
    NOTHING_SENT,
    AccountFacts,
    AccountMoved,
    AlreadyAssigned,
    AnotherOperationOpen,
    ConfirmationNeeded,
    LogUnavailable,
    OperationIdReused,
    OutcomeNotRecorded,
    ServiceError,
    StateChanged,
)
from accounts_ui.services.facts import facts_in, name_of
from accounts_ui.services.fresh import Fresh, read_fresh
from accounts_ui.services.judging import judge
from accounts_ui.services.origin import Origin

_POLL = 0.1  # seconds between two looks at an operation that another request runs


@dataclass(frozen=True, slots=True)
class _Operation:
    """What was asked, after its fields were checked. ``after`` is the status that it should lead to."""

    id: uuid.UUID
    action: Action
    subject_id: str
    code: str
    message: str
    after: str | None = None
    expected: str | None = None

    def is_that_of(self, change: Change, origin: Origin) -> bool:
        """Whether ``change`` records this very request."""
        asked = (self.action, self.subject_id, self.code, self.message, origin.organization_id)
        recorded = (change.action, change.subject_id, change.code, change.message, change.organization_id)
        person = (origin.issuer, origin.subject) == (change.actor_issuer, change.actor_subject)
        return person and asked == recorded and self._same_states(change)

    def _same_states(self, change: Change) -> bool:
        if self.action == Action.ASSIGN:
            return True
        wanted = reading.events_of(change)[0].after
        return self.after == wanted and self.expected == change.before


def assign(
    *,
    client: DirectoryClient,
    origin: Origin,
    operation_id: str,
    subject_id: str,
    code: str,
    message: str,
    confirm_unknown: bool,
    fresh: Fresh | None = None,
) -> Change:
    """Link a person to an account type. ``fresh``: what was just read, where many operations share one read.

    Raises:
        ServiceError: as its tree says; nothing was sent.
        DirectoryError: the reads before failed; nothing was sent.

    """
    operation = _operation(Action.ASSIGN, operation_id, subject_id, code, message)
    return _once(operation, origin, client, lambda: _assign(operation, origin, client, fresh, confirm=confirm_unknown))


def _assign(
    operation: _Operation, origin: Origin, client: DirectoryClient, fresh: Fresh | None, *, confirm: bool
) -> Change:
    with _nothing_is_sent():
        read = fresh or read_fresh(client=client, origin=origin)
        listing, kind = read.listing, read.types.get(operation.code)
        existing = listing.account(operation.subject_id, operation.code)
        _refuse_existing(existing)
        if not confirm:
            _ask_about_unknown(operation, origin, listing, known=kind is not None)
    facts = _facts(
        operation,
        origin,
        subject_name=name_of(listing, operation.subject_id),
        type_name=kind.name if kind else "",
        before=existing.status if existing else None,
    )
    call = lambda: client.assign(origin.organization_id, operation.subject_id, operation.code)  # noqa: E731
    return _perform(operation, origin, client, facts, call, read.sequence)


def change_status(
    *,
    client: DirectoryClient,
    origin: Origin,
    operation_id: str,
    subject_id: str,
    code: str,
    status: str,
    expected_status: str,
    message: str,
    fresh: Fresh | None = None,
) -> Change:
    """Set the status of an account that is still in ``expected_status``. Raises as ``assign``."""
    wanted, expected = inputs.check_status(status), inputs.check_expected(expected_status)
    operation = _operation(Action.CHANGE_STATUS, operation_id, subject_id, code, message, wanted, expected)
    call = lambda: client.change_status(origin.organization_id, subject_id, code, wanted)  # noqa: E731
    return _once(operation, origin, client, lambda: _on_existing(operation, origin, client, call, fresh))


def delete(
    *,
    client: DirectoryClient,
    origin: Origin,
    operation_id: str,
    subject_id: str,
    code: str,
    expected_status: str,
    message: str,
    fresh: Fresh | None = None,
) -> Change:
    """Delete an account that is still in ``expected_status``. Raises as ``assign``."""
    expected = inputs.check_expected(expected_status)
    operation = _operation(Action.DELETE, operation_id, subject_id, code, message, "deleted", expected)

    def call() -> Done:
        said = operation.message or "Deleted by an administrator."
        return client.delete(origin.organization_id, subject_id, code, said)

    return _once(operation, origin, client, lambda: _on_existing(operation, origin, client, call, fresh))


def _operation(
    action: Action,
    operation_id: str,
    subject_id: str,
    code: str,
    message: str,
    after: str | None = None,
    expected: str | None = None,
) -> _Operation:
    return _Operation(
        id=inputs.check_operation_id(operation_id),
        action=action,
        subject_id=inputs.check_subject(subject_id),
        code=inputs.check_code(code),
        message=inputs.check_message(message),
        after=after,
        expected=expected,
    )


def _once(operation: _Operation, origin: Origin, client: DirectoryClient, act: Callable[[], Change]) -> Change:
    """``act``, or the result of the request that was here first with the same form."""
    earlier = _earlier(operation, origin, client)
    if earlier:
        return earlier
    try:
        return act()
    except (OutcomeNotRecorded, OperationIdReused, LogUnavailable):
        raise
    except ServiceError:
        # What refuses a second click may be the work of the first one, which went past in between.
        first = _earlier(operation, origin, client)
        if first is None:
            raise
        return first


def _earlier(operation: _Operation, origin: Origin, client: DirectoryClient) -> Change | None:
    """The change that this operation id names already: the same request again gets the first one's result."""
    with _nothing_is_sent():
        change = reading.by_operation(operation.id)
    if change is None:
        return None
    if not operation.is_that_of(change, origin):
        raise OperationIdReused("This form was sent before with other data. Open a new form.")
    return _result_of(change, client.timeout)


def _result_of(change: Change, timeout: float) -> Change:
    """The change, once the request that runs it is done; after ``timeout`` seconds as it is then."""
    deadline = time.monotonic() + timeout
    while change.is_running and time.monotonic() < deadline:
        time.sleep(_POLL)
        change.refresh_from_db()
    return change


def _on_existing(
    operation: _Operation, origin: Origin, client: DirectoryClient, call: Callable[[], Done], fresh: Fresh | None
) -> Change:
    with _nothing_is_sent():
        read = fresh or read_fresh(client=client, origin=origin)
        current = facts_in(
            listing=read.listing, types=read.types, origin=origin, subject_id=operation.subject_id, code=operation.code
        )
        _refuse_other_state(operation, current)
    facts = _facts(
        operation, origin, subject_name=current.subject_name, type_name=current.type_name, before=current.status
    )
    return _perform(operation, origin, client, facts, call, read.sequence)


@contextmanager
def _nothing_is_sent() -> Iterator[None]:
    """What happens in here happens before the call: a database that fails has prevented it."""
    try:
        yield
    except Error as error:
        raise LogUnavailable(NOTHING_SENT) from error


def _refuse_existing(existing: Account | None) -> None:
    if existing and existing.status != "deleted":
        raise AlreadyAssigned(
            f"The person has a {existing.code} account already, with the status {existing.status or 'unknown'}. Change "
            "its status instead: the directory would make a second account.",
            existing.status,
            existing.subject_id,
            existing.code,
        )


def _refuse_other_state(operation: _Operation, current: AccountFacts) -> None:
    if current.open_change:
        raise AnotherOperationOpen(_BUSY, current.open_change)
    if (current.status or None) != operation.expected:
        now, then = current.status or "not known", operation.expected or "not known"
        raise StateChanged(
            f"The account's status is {now} now; it was {then} when the form was drawn. Nothing was changed.", current
        )


def _ask_about_unknown(operation: _Operation, origin: Origin, listing: Listing, *, known: bool) -> None:
    remembered = reading.last_applied(origin.organization_id, subject_ids=[operation.subject_id])
    held = [one for one in remembered if one.code == operation.code and one.after not in ("deleted", "disabled")]
    asked = {
        "subject": not listing.is_listed(operation.subject_id),
        "code": not known,
        "recorded": bool(held) and not listing.tells_codes_of(operation.subject_id),
    }
    what = [name for name, needed in asked.items() if needed]
    if what:
        raise ConfirmationNeeded(" ".join(_QUESTIONS[name] for name in what), what)


def _facts(
    operation: _Operation, origin: Origin, *, subject_name: str, type_name: str, before: str | None
) -> dict[str, Any]:
    return {
        **origin.facts(),
        "organization_id": origin.organization_id,
        "action": operation.action.value,
        "subject_id": operation.subject_id,
        "subject_name": subject_name,
        "code": operation.code,
        "type_name": type_name,
        "before": before or None,
        "after": operation.after,
        "message": operation.message,
    }


def _perform(
    operation: _Operation,
    origin: Origin,
    client: DirectoryClient,
    facts: dict[str, Any],
    call: Callable[[], Done],
    sequence: int,
) -> Change:
    """Record, send, record. ``sequence`` is where the chain ended before the account was read."""
    try:
        with _nothing_is_sent():
            change = log.request(operation.id, facts, read_at_sequence=sequence)
    except log.IdTaken as taken:
        if not operation.is_that_of(taken.change, origin):
            raise OperationIdReused("This form was sent before with other data. Open a new form.") from None
        return _result_of(taken.change, client.timeout)
    except log.AccountBusy as busy:
        raise AnotherOperationOpen(_BUSY, busy.change) from None
    except log.AccountMoved as moved:
        raise AccountMoved("Another operation on this account was just made. Nothing was sent.", moved.change) from None
    return _send(change, client, call)


def _send(change: Change, client: DirectoryClient, call: Callable[[], Done]) -> Change:
    """One call. Whatever it brings becomes the outcome, committed before anybody is told."""
    try:
        done = call()
    except (errors.Refused, errors.NotSent) as error:
        change = _conclude(change, Outcome.NOT_APPLIED, error.status, error.reason)
        change.retry_after = getattr(error, "retry_after", None)
        if isinstance(error, errors.TokenUnavailable) and error.__cause__:
            raise error.__cause__ from None
        return change
    except errors.DirectoryError as error:
        return _look(change, client, error)
    after = done.account.status if done.account and done.account.status else change.after
    return _conclude(change, Outcome.APPLIED, done.status, "", after=after)


def _look(change: Change, client: DirectoryClient, error: errors.DirectoryError) -> Change:
    """The answer does not tell, so the directory's list has to; where it does not either, nobody pretends."""
    try:
        listing = client.list_users(change.organization_id)
    except Exception as second:  # noqa: BLE001  (whatever it is, it does not tell what became of the call)
        said = getattr(second, "reason", "The sign-in ended.")
        reason = f"{error.reason} The directory could not be read afterwards: {said}"
        tried = evidence.of_failed_read(evidence.by_actor(change), said)
        return _conclude(change, Outcome.UNKNOWN, error.status, reason, found=tried)
    late = isinstance(error, errors.NoAnswerInTime | errors.FailedInTime)
    judgement = judge(change, listing, evidence.by_actor(change), may_still_act=late)
    return _conclude(
        change,
        judgement.outcome,
        error.status,
        f"{error.reason} {judgement.reason}",
        after=judgement.after,
        found=judgement.evidence,
    )


def _conclude(
    change: Change,
    outcome: str,
    http_status: int | None,
    reason: str,
    *,
    after: str | None = None,
    found: dict[str, Any] | None = None,
) -> Change:
    try:
        return log.conclude(
            change,
            outcome,
            http_status=http_status,
            reason=reason,
            after=after if after is not None else change.after,
            evidence=found,
        )
    except Error as error:
        raise OutcomeNotRecorded(
            f"The directory was called, and the outcome ({outcome}) could not be recorded. The change shows as unknown "
            "until the log can be written and somebody checks it.",
            change,
        ) from error


_BUSY = "Another operation on this account has no outcome yet. It has to be settled first."
_QUESTIONS = {
    "subject": "The directory does not list this person in the organization, and would accept a typing error.",
    "code": "The directory does not name this account type.",
    "recorded": "This console assigned the type to this person before; a second account might come of it.",
}
