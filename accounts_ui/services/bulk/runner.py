"""Running a plan, chunk by chunk: each row is an operation of its own, and only what the plan said is sent."""

import datetime
import time
import uuid
from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext

from accounts_ui.changes import queries
from accounts_ui.changes.models import Action, Change, Outcome
from accounts_ui.directory.errors import DirectoryError
from accounts_ui.plans import queries as plan_queries
from accounts_ui.plans.models import CheckResult, Plan, PlanRow, Result, State
from accounts_ui.services.audit_context import AuditContext
from accounts_ui.services.errors import InvalidInput, LogUnavailable, OutcomeNotRecorded, PlanRefuses, ServiceError
from accounts_ui.services.listing.session_client import SessionClient
from accounts_ui.services.operations import commands
from accounts_ui.services.state.snapshot import Snapshot, read_snapshot
from console import clock
from console.recorded_text import recorded

CHUNK_ROWS: Final = 10
CHUNK_SECONDS: Final = 5.0
_PAUSED: Final = recorded("plan.paused_by_admin", "An admin paused it.")
_STOPPED: Final = recorded("plan.stopped_by_admin", "An admin stopped it.")
_NOTHING_AGAIN: Final = recorded("plan.nothing_to_retry", "Nothing in this plan can be tried again.")
_LINE: Final = recorded("plan.line", "Line {line}: {detail}")
_CONFIRMED: Final = recorded("plan.already_confirmed", "The plan was confirmed already.")
_NOT_CONFIRMED: Final = recorded("plan.not_confirmed", "The plan is not confirmed, or was stopped.")
_NOT_YOURS: Final = recorded(
    "plan.not_owner", "Only the admin who made the plan can run it: its operations are theirs."
)
_PAUSING: Final = (None, 401, 403, 429, 502, 503, 504)  # answers that the next row would get as well


def confirm(*, context: AuditContext, plan: Plan, typed: str) -> None:
    """Let the plan run, once somebody typed how many rows that changes.

    Raises:
        InvalidInput: another number.
        PlanRefuses: not a draft, or somebody else's.

    """
    _refuse_others(context, plan)
    will = plan_queries.verdicts(plan).get(CheckResult.WILL, 0)
    if not will or typed.strip() != str(will):
        raise InvalidInput("count", gettext("Type %(will)d, the number of rows that will change.") % {"will": will})
    if not plan_queries.move(plan, State.RUNNING, among=[State.DRAFT]):
        raise PlanRefuses(_CONFIRMED)


def pause(*, context: AuditContext, plan: Plan) -> None:
    """Send nothing more for now."""
    _refuse_others(context, plan)
    plan_queries.move(plan, State.PAUSED, among=[State.RUNNING], because=_PAUSED)


def stop(*, context: AuditContext, plan: Plan) -> None:
    """Send nothing more ever."""
    _refuse_others(context, plan)
    plan_queries.move(plan, State.STOPPED, among=[State.DRAFT, State.RUNNING, State.PAUSED], because=_STOPPED)


def resume(*, context: AuditContext, plan: Plan) -> None:
    """Go on after a pause.

    Raises:
        PlanRefuses: never confirmed, stopped, or somebody else's.

    """
    _refuse_others(context, plan)
    plan_queries.move(plan, State.RUNNING, among=[State.PAUSED, State.RUNNING])
    if plan.state not in (State.RUNNING, State.DONE):
        raise PlanRefuses(_NOT_CONFIRMED)


def retry(*, context: AuditContext, plan: Plan) -> None:
    """Go on, and try what could not be sent once more: each as a new operation, judged by what is there then.

    Raises:
        PlanRefuses: nothing can be tried again, stopped, or somebody else's.

    """
    _refuse_others(context, plan)
    if plan.state not in (State.PAUSED, State.DONE) or not plan_queries.try_again(plan):
        raise PlanRefuses(_NOTHING_AGAIN)
    plan_queries.move(plan, State.RUNNING, among=[State.PAUSED, State.DONE])


def run_chunk(*, client: SessionClient, context: AuditContext, plan: Plan) -> bool:
    """Run the next few rows. False where another request is at it.

    Raises:
        PlanRefuses: somebody else's plan.
        Exception: the sign-in ended. The plan is as if its tab had been closed: whoever opens it next goes on.

    """
    _refuse_others(context, plan)
    owner = uuid.uuid4()
    longest = datetime.timedelta(seconds=CHUNK_SECONDS + 6 * settings.DIRECTORY_TIMEOUT)
    if not plan_queries.lease(plan, owner, clock.now() + longest):
        return False
    try:
        _run_rows(client, context, plan)
    except (DirectoryError, LogUnavailable, OutcomeNotRecorded) as error:
        _pause(plan, error.detail)
    finally:
        plan_queries.release(plan, owner)
    return True


def resolve_rows(plan: Plan) -> None:
    """Take over outcomes that were found after their rows were run."""
    for row in plan_queries.unresolved(plan):
        _take_over(plan, row)


def owns(context: AuditContext, plan: Plan) -> bool:
    """Whether it is this person's plan: its operations are theirs, with their token."""
    return (context.issuer, context.subject) == (plan.owner_issuer, plan.owner_subject)


def _run_rows(client: SessionClient, context: AuditContext, plan: Plan) -> None:
    ends = time.monotonic() + CHUNK_SECONDS
    rows = list(plan_queries.waiting(plan)[:CHUNK_ROWS])
    snapshot = read_snapshot(client=client, context=context) if rows else None
    for row in rows:
        if snapshot is None or plan_queries.state_of(plan) != State.RUNNING or time.monotonic() > ends:
            return
        _run_row(client, context, plan, row, snapshot)
    if not plan_queries.waiting(plan).exists():
        plan_queries.move(plan, State.DONE, among=[State.RUNNING])


def _run_row(client: SessionClient, context: AuditContext, plan: Plan, row: PlanRow, snapshot: Snapshot) -> None:
    try:
        change = _operate(client, context, plan, row, snapshot)
    except (LogUnavailable, OutcomeNotRecorded):
        raise
    except ServiceError as error:
        plan_queries.keep_result(row, Result.FAILED, error.detail)
        return
    except Exception:
        _take_over(plan, row)
        raise
    result = _result(change)
    plan_queries.keep_result(row, result, change.detail)
    if result in (Result.UNKNOWN, Result.SPARED):
        _pause(plan, _LINE.format(line=row.line, detail=change.detail))


def _take_over(plan: Plan, row: PlanRow) -> None:
    """The outcome that the log has of this row by now, where it has one."""
    change = queries.find_change(plan.organization_id, row.operation_id)
    if change and change.outcome in (Outcome.APPLIED, Outcome.NOT_APPLIED):
        plan_queries.keep_result(row, _result(change), change.detail)


def _result(change: Change) -> str:
    if change.outcome == Outcome.NOT_APPLIED and change.http_status in _PAUSING:
        return Result.SPARED.value
    return change.outcome if change.outcome in Result.values else Result.UNKNOWN.value


def _operate(client: SessionClient, context: AuditContext, plan: Plan, row: PlanRow, snapshot: Snapshot) -> Change:
    what: dict[str, Any] = {
        "client": client,
        "context": context,
        "operation_id": str(row.operation_id),
        "subject_id": row.subject_id,
        "code": row.code,
        "message": plan.message,
        "snapshot": snapshot,
    }
    if plan.action == Action.ASSIGN:
        return commands.assign(**what, confirm_unknown=False)
    if plan.action == Action.CHANGE_STATUS:
        return commands.change_status(**what, status=row.wanted, expected_status=row.expected)
    return commands.delete(**what, expected_status=row.expected)


def _pause(plan: Plan, because: str) -> None:
    plan_queries.move(plan, State.PAUSED, among=[State.RUNNING], because=because)


def _refuse_others(context: AuditContext, plan: Plan) -> None:
    if not owns(context, plan):
        raise PlanRefuses(_NOT_YOURS)
