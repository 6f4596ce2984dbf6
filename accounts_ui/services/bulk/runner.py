"""Apply a plan, chunk by chunk: each row is an operation of its own, and only what the plan said is sent."""

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
from accounts_ui.plans.models import CheckResult, Plan, PlanRow, PlanState, RowResult
from accounts_ui.services.audit_context import AuditContext
from accounts_ui.services.bulk.progress import CHUNK_ROWS, PlanProgress, is_owner, progress_of, require_plan
from accounts_ui.services.errors import InvalidInput, LogUnavailable, OutcomeNotRecorded, PlanRefuses, ServiceError
from accounts_ui.services.operations import commands, evidence
from accounts_ui.services.operations.executor import OperationClient
from accounts_ui.services.operations.reconciliation import reconcile_with
from accounts_ui.services.state.snapshot import Snapshot, read_snapshot
from console import clock
from console.recorded_text import recorded

CHUNK_SECONDS: Final = 5.0  # after which a request begins no further row: a person waits for its answer
MAX_UNKNOWN_IN_A_ROW: Final = 3  # after which the plan pauses: the directory does not answer
# Answers that the next row would get as well: not sent, sign-in, permissions, rate limit, gateway.
_SYSTEMIC: Final = (None, 401, 403, 429, 502, 503, 504)

_PAUSED: Final = recorded("plan.paused_by_admin", "An admin paused it.")
_STOPPED: Final = recorded("plan.stopped_by_admin", "An admin stopped it.")
_NOTHING_TO_RETRY: Final = recorded("plan.nothing_to_retry", "Nothing in this plan can be tried again.")
_NO_ANSWERS: Final = recorded(
    "plan.no_answers", "The directory does not answer: {number} rows in a row have no known outcome."
)
_LINE: Final = recorded("plan.line", "Line {line}: {detail}")
_CONFIRMED: Final = recorded("plan.already_confirmed", "The plan was confirmed already.")
_NOT_CONFIRMED: Final = recorded("plan.not_confirmed", "The plan is not confirmed, or was stopped.")
_NOT_OWNER: Final = recorded(
    "plan.not_owner", "Only the admin who made the plan can apply it: its operations are theirs."
)


def confirm(*, context: AuditContext, plan_id: uuid.UUID, typed_count: str) -> PlanProgress:
    """Let the plan run, once somebody has typed how many rows that will change.

    Raises:
        InvalidInput: another number.
        PlanRefuses: not a draft, or somebody else's.

    """
    plan = _require_own_plan(context, plan_id)
    ready = plan_queries.count_by_check(plan).get(CheckResult.READY, 0)
    if not ready or typed_count.strip() != str(ready):
        raise InvalidInput("count", gettext("Type %(will)d, the number of rows that will change.") % {"will": ready})
    if not plan_queries.change_state(plan, PlanState.RUNNING, among=[PlanState.DRAFT]):
        raise PlanRefuses(_CONFIRMED)
    return progress_of(plan, context)


def pause(*, context: AuditContext, plan_id: uuid.UUID) -> PlanProgress:
    """Send nothing more for now."""
    plan = _require_own_plan(context, plan_id)
    plan_queries.change_state(plan, PlanState.PAUSED, among=[PlanState.RUNNING], detail=_PAUSED)
    return progress_of(plan, context)


def stop(*, context: AuditContext, plan_id: uuid.UUID) -> PlanProgress:
    """Send nothing more ever."""
    plan = _require_own_plan(context, plan_id)
    among = [PlanState.DRAFT, PlanState.RUNNING, PlanState.PAUSED]
    plan_queries.change_state(plan, PlanState.STOPPED, among=among, detail=_STOPPED)
    return progress_of(plan, context)


def resume(*, context: AuditContext, plan_id: uuid.UUID) -> PlanProgress:
    """Continue after a pause.

    Raises:
        PlanRefuses: never confirmed, stopped, or somebody else's.

    """
    plan = _require_own_plan(context, plan_id)
    plan_queries.change_state(plan, PlanState.RUNNING, among=[PlanState.PAUSED, PlanState.RUNNING])
    if plan.state not in (PlanState.RUNNING, PlanState.DONE):
        raise PlanRefuses(_NOT_CONFIRMED)
    return progress_of(plan, context)


def retry(*, context: AuditContext, plan_id: uuid.UUID) -> PlanProgress:
    """Continue, and try the retryable rows again: each as a new operation, checked against the state that is then.

    Raises:
        PlanRefuses: nothing can be tried again, stopped, or somebody else's.

    """
    plan = _require_own_plan(context, plan_id)
    if plan.state not in (PlanState.PAUSED, PlanState.DONE) or not plan_queries.add_retries(plan):
        raise PlanRefuses(_NOTHING_TO_RETRY)
    plan_queries.change_state(plan, PlanState.RUNNING, among=[PlanState.PAUSED, PlanState.DONE])
    return progress_of(plan, context)


def run_chunk(*, client: OperationClient, context: AuditContext, plan_id: uuid.UUID) -> PlanProgress:
    """Apply the next few rows, unless another request is at it.

    Raises:
        PlanRefuses: somebody else's plan.
        Exception: the sign-in ended. The plan is as if its tab had been closed: whoever opens it next continues.

    """
    plan = _require_own_plan(context, plan_id)
    lease = uuid.uuid4()
    # A row takes at most a few calls; the lease outlives the slowest one that may begin within the chunk's time.
    longest = datetime.timedelta(seconds=CHUNK_SECONDS + 6 * settings.DIRECTORY_TIMEOUT)
    if not plan_queries.lease_plan(plan, lease, clock.now() + longest):
        return progress_of(plan, context, is_elsewhere=True)
    try:
        _run_rows(client, context, plan)
    except (DirectoryError, LogUnavailable, OutcomeNotRecorded) as error:
        _pause(plan, error.detail)
    finally:
        plan_queries.release_plan(plan, lease)
    return progress_of(plan, context, is_elsewhere=False)


def update_resolved_rows(plan: Plan) -> None:
    """Bring rows up to date whose outcome was resolved after they were applied."""
    for row in plan_queries.unknown_rows(plan):
        _store_logged_outcome(plan, row)


def _run_rows(client: OperationClient, context: AuditContext, plan: Plan) -> None:
    deadline = time.monotonic() + CHUNK_SECONDS
    rows = list(plan_queries.waiting_rows(plan)[:CHUNK_ROWS])
    snapshot = read_snapshot(client=client, context=context) if rows else None
    for row in rows:
        if snapshot is None or plan_queries.current_state(plan) != PlanState.RUNNING or time.monotonic() > deadline:
            return
        _run_row(client, context, plan, row, snapshot)
    if not plan_queries.waiting_rows(plan).exists():
        plan_queries.change_state(plan, PlanState.DONE, among=[PlanState.RUNNING])
        _resolve_unknown_rows(client, context, plan)


def _run_row(client: OperationClient, context: AuditContext, plan: Plan, row: PlanRow, snapshot: Snapshot) -> None:
    try:
        change = _execute(client, context, plan, row, snapshot)
    except (LogUnavailable, OutcomeNotRecorded):
        raise
    except ServiceError as error:
        plan_queries.store_result(row, RowResult.FAILED, error.detail)
        return
    except Exception:
        _store_logged_outcome(plan, row)
        raise
    result = _result_of(change)
    plan_queries.store_result(row, result, change.detail)
    if result == RowResult.RETRYABLE:
        _pause(plan, _LINE.format(line=row.line, detail=change.detail))
    elif plan_queries.count_unknown_in_a_row(plan, row) >= MAX_UNKNOWN_IN_A_ROW:
        _pause(plan, _NO_ANSWERS.format(number=MAX_UNKNOWN_IN_A_ROW))


def _resolve_unknown_rows(client: OperationClient, context: AuditContext, plan: Plan) -> None:
    """Resolve the unknown rows of a plan that is done, as far as one read of the list can."""
    if plan_queries.unknown_rows(plan).exists():
        listing = client.list_users(plan.organization_id)
        reconcile_with(listing=listing, context=context, how=evidence.REREAD)
        update_resolved_rows(plan)


def _store_logged_outcome(plan: Plan, row: PlanRow) -> None:
    """Store the outcome that the log has of this row by now, if it has one."""
    change = queries.find_change(plan.organization_id, row.operation_id)
    if change and change.outcome in (Outcome.APPLIED, Outcome.NOT_APPLIED):
        plan_queries.store_result(row, _result_of(change), change.detail)


def _result_of(change: Change) -> str:
    if change.outcome == Outcome.NOT_APPLIED and change.http_status in _SYSTEMIC:
        return RowResult.RETRYABLE.value
    return change.outcome if change.outcome in RowResult.values else RowResult.UNKNOWN.value


def _execute(client: OperationClient, context: AuditContext, plan: Plan, row: PlanRow, snapshot: Snapshot) -> Change:
    arguments: dict[str, Any] = {
        "client": client,
        "context": context,
        "operation_id": str(row.operation_id),
        "subject_id": row.subject_id,
        "code": row.code,
        "message": plan.message,
        "snapshot": snapshot,
    }
    if plan.action == Action.ASSIGN:
        return commands.assign(**arguments, confirm_unknown=False)
    if plan.action == Action.CHANGE_STATUS:
        return commands.change_status(**arguments, status=row.wanted_status, expected_status=row.expected_status)
    if plan.action == Action.DELETE:
        return commands.delete(**arguments, expected_status=row.expected_status)
    raise ValueError(plan.action)


def _pause(plan: Plan, detail: str) -> None:
    plan_queries.change_state(plan, PlanState.PAUSED, among=[PlanState.RUNNING], detail=detail)


def _require_own_plan(context: AuditContext, plan_id: uuid.UUID) -> Plan:
    plan = require_plan(context, plan_id)
    if not is_owner(context, plan):
        raise PlanRefuses(_NOT_OWNER)
    return plan
