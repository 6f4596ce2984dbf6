"""Apply a plan, chunk by chunk: each row is an operation of its own, and only what the plan said is sent."""

import datetime
import time
import uuid
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext

from accounts_ui.changes import queries
from accounts_ui.changes.models import Action, Change, Outcome
from accounts_ui.changes.writer import Conclusion
from accounts_ui.directory.errors import DirectoryError
from accounts_ui.plans import queries as plan_queries
from accounts_ui.plans.models import CheckResult, Plan, PlanRow, PlanState, RowResult
from accounts_ui.services.audit_context import AuditContext
from accounts_ui.services.bulk.progress import CHUNK_ROWS, PlanProgress, is_owner, progress_of, require_plan
from accounts_ui.services.errors import InvalidInput, LogUnavailable, OutcomeNotRecorded, PlanRefuses, ServiceError
from accounts_ui.services.operations import commands, evidence
from accounts_ui.services.operations.executor import OperationClient
from accounts_ui.services.operations.group_execution import Group, Result
from accounts_ui.services.operations.operation import Operation
from accounts_ui.services.operations.reconciliation import reconcile_with
from accounts_ui.services.state.snapshot import Snapshot, read_snapshot
from console import clock
from console.recorded_text import recorded

CHUNK_SECONDS: Final = 5.0  # after which a request begins no further row: a person waits for its answer
GROUP_SECONDS: Final = (
    1.0  # that the rows of one commit take: as long as a pause waits, and as much as a kill leaves open
)
MOST_IN_GROUP: Final = 64
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
    rows = deque(plan_queries.waiting_rows(plan)[:CHUNK_ROWS])
    snapshot = read_snapshot(client=client, context=context) if rows else None
    size = GroupSize()
    while rows:
        if snapshot is None or plan_queries.current_state(plan) != PlanState.RUNNING or time.monotonic() > deadline:
            return
        group = [rows.popleft() for _ in range(min(size.rows, len(rows)))]
        _run_group(client, context, plan, group, snapshot, size)
    if not plan_queries.waiting_rows(plan).exists():
        plan_queries.change_state(plan, PlanState.DONE, among=[PlanState.RUNNING])
        _resolve_unknown_rows(client, context, plan)


class GroupSize:
    """How many rows share their commits: one at first, then twice as many each time, as long as all goes well.

    After anything that is not applied it is one again, because what stops a plan leaves the rest of its group unsent.
    """

    def __init__(self) -> None:
        self.rows = 1

    def adapt(self, results: Collection[str], seconds: float) -> None:
        """Choose the next size by what became of the last group, and how long its rows took together."""
        if set(results) != {RowResult.APPLIED.value}:
            self.rows = 1
            return
        share = min(GROUP_SECONDS, settings.DIRECTORY_TIMEOUT / 4)  # far from where a request counts as lost
        in_time = int(len(results) * share / max(seconds, 0.001))
        self.rows = max(1, min(2 * self.rows, in_time, MOST_IN_GROUP))


def _run_group(
    client: OperationClient,
    context: AuditContext,
    plan: Plan,
    rows: Sequence[PlanRow],
    snapshot: Snapshot,
    size: GroupSize,
) -> None:
    began = time.monotonic()
    operations = _operations_of(plan, rows)
    group = Group(list(operations.values()), client=client, context=context)
    try:
        with group.answers(snapshot) as answers:
            for answer in answers:
                if _stops_plan(answer.conclusion):
                    break
    except (LogUnavailable, OutcomeNotRecorded):
        for row in rows:  # what the log has of them by now
            _store_logged_outcome(plan, row)
        raise
    results = _store_results(plan, rows, group.results)
    size.adapt(results, time.monotonic() - began)
    if group.ended:
        raise group.ended
    _pause_if_needed(plan, rows)


def _operations_of(plan: Plan, rows: Iterable[PlanRow]) -> dict[uuid.UUID, Operation]:
    """Return the operations of the rows by their ids. A row that can never be one fails."""
    operations = {}
    for row in rows:
        try:
            operations[row.operation_id] = _operation_of(plan, row)
        except ServiceError as error:
            plan_queries.store_result(row, RowResult.FAILED, error.detail)
    return operations


def _stops_plan(conclusion: Conclusion) -> bool:
    """Return whether the rows that follow would fare alike, so that nothing more of the group is sent."""
    return conclusion.outcome == Outcome.NOT_APPLIED and conclusion.http_status in _SYSTEMIC


def _store_results(plan: Plan, rows: Sequence[PlanRow], results: Mapping[uuid.UUID, Result]) -> list[str]:
    """Store what became of the rows, and return their results."""
    for row in rows:
        result = results.get(row.operation_id)
        if isinstance(result, Change):
            row.result, row.result_detail = _result_of(result), result.detail
        elif result is not None:
            row.result, row.result_detail = RowResult.FAILED.value, result.detail
    plan_queries.store_results(rows)
    return [row.result for row in rows]


def _pause_if_needed(plan: Plan, rows: Sequence[PlanRow]) -> None:
    """Pause the plan if the directory refuses what it would refuse the next rows, too, or does not answer."""
    stopped = next((row for row in rows if row.result == RowResult.RETRYABLE), None)
    if stopped:
        _pause(plan, _LINE.format(line=stopped.line, detail=stopped.result_detail))
    elif plan_queries.count_unknown_in_a_row(plan, rows[-1]) >= MAX_UNKNOWN_IN_A_ROW:
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


def _operation_of(plan: Plan, row: PlanRow) -> Operation:
    fields: dict[str, Any] = {
        "operation_id": str(row.operation_id),
        "subject_id": row.subject_id,
        "code": row.code,
        "message": row.message or plan.message,
    }
    if plan.action == Action.ASSIGN:
        return commands.assignment(**fields, confirm_unknown=False)
    if plan.action == Action.CHANGE_STATUS:
        return commands.status_change(**fields, status=row.wanted_status, expected_status=row.expected_status)
    if plan.action == Action.DELETE:
        return commands.deletion(**fields, expected_status=row.expected_status)
    raise ValueError(plan.action)


def _pause(plan: Plan, detail: str) -> None:
    plan_queries.change_state(plan, PlanState.PAUSED, among=[PlanState.RUNNING], detail=detail)


def _require_own_plan(context: AuditContext, plan_id: uuid.UUID) -> Plan:
    plan = require_plan(context, plan_id)
    if not is_owner(context, plan):
        raise PlanRefuses(_NOT_OWNER)
    return plan
