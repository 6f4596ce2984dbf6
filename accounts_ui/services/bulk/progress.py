"""Plans as pages show them: plain values, so that no page touches the tables."""

import datetime
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from accounts_ui.plans import queries as plan_queries
from accounts_ui.plans.models import Plan, PlanRow, PlanState
from accounts_ui.services.audit_context import AuditContext
from accounts_ui.services.bulk.csv_columns import ListColumn
from accounts_ui.services.errors import PlanUnknown
from console.recorded_text import recorded

CHUNK_ROWS = 200  # rows that one request applies at most
_NO_PLAN = recorded("plan.unknown", "This organization has no such plan.")


@dataclass(frozen=True, slots=True)
class PlanSummary:
    """What a plan is about, and how far it is."""

    id: uuid.UUID
    organization_id: str
    owner_name: str
    action: str
    message: str
    note: str
    state: str
    state_detail: str
    created_at: datetime.datetime
    columns: list[ListColumn]


@dataclass(frozen=True, slots=True)
class CheckedRow:
    """One row of a plan, with its check and its result."""

    line: int
    subject_id: str
    subject_name: str
    subject_email: str
    code: str
    wanted_status: str
    expected_status: str
    message: str
    check_result: str
    detail: str
    operation_id: uuid.UUID
    result: str
    result_detail: str


@dataclass(frozen=True, slots=True)
class PlanProgress:
    """How far a plan is.

    Args:
        counts: of the rows that are ready, how many have each result; the empty one is still to be applied.
        last_rows: the rows that were applied last, newest first.
        is_owner: whether whoever asks made the plan. Only they can apply it: its operations are theirs.
        is_elsewhere: whether another request applies rows of it at the moment.

    """

    plan: PlanSummary
    counts: dict[str, int]
    last_rows: list[CheckedRow]
    is_owner: bool
    is_elsewhere: bool

    @property
    def total(self) -> int:
        """Rows that are to be applied."""
        return sum(self.counts.values())

    @property
    def waiting(self) -> int:
        """Rows that are still to be applied."""
        return self.counts.get("", 0)

    @property
    def done(self) -> int:
        """Rows that were applied, or failed."""
        return self.total - self.waiting

    @property
    def is_running(self) -> bool:
        """Whether rows are being applied, chunk by chunk."""
        return self.plan.state == PlanState.RUNNING

    @property
    def chunk(self) -> int:
        """Rows that the next request applies at most: fewer if the directory is slow."""
        return min(CHUNK_ROWS, self.waiting)


def progress_of(plan: Plan, context: AuditContext, *, is_elsewhere: bool | None = None) -> PlanProgress:
    """Return how far a plan is. ``is_elsewhere``: whether another request is at it, if the caller knows."""
    return PlanProgress(
        plan=summary_of(plan),
        counts=plan_queries.count_by_result(plan),
        last_rows=checked_rows(plan_queries.last_applied_rows(plan)),
        is_owner=is_owner(context, plan),
        is_elsewhere=plan_queries.is_leased(plan) if is_elsewhere is None else is_elsewhere,
    )


def is_owner(context: AuditContext, plan: Plan) -> bool:
    """Return whether this person made the plan."""
    return (context.issuer, context.subject) == (plan.owner_issuer, plan.owner_subject)


def require_plan(context: AuditContext, plan_id: uuid.UUID) -> Plan:
    """Return the plan.

    Raises:
        PlanUnknown: the organization has none of this id.

    """
    plan = plan_queries.get_plan(context.organization_id, plan_id)
    if plan is None:
        raise PlanUnknown(_NO_PLAN)
    return plan


def summary_of(plan: Plan) -> PlanSummary:
    """Return what a plan is about."""
    return PlanSummary(
        id=plan.id,
        organization_id=plan.organization_id,
        owner_name=plan.owner_name,
        action=plan.action,
        message=plan.message,
        note=plan.note,
        state=plan.state,
        state_detail=plan.state_detail,
        created_at=plan.created_at,
        columns=[ListColumn(*column) for column in plan.columns],
    )


def checked_rows(rows: Iterable[PlanRow]) -> list[CheckedRow]:
    """Return rows of the table as plain values."""
    return [
        CheckedRow(
            line=row.line,
            subject_id=row.subject_id,
            subject_name=row.subject_name,
            subject_email=row.subject_email,
            code=row.code,
            wanted_status=row.wanted_status,
            expected_status=row.expected_status,
            message=row.message,
            check_result=row.check_result,
            detail=row.detail,
            operation_id=row.operation_id,
            result=row.result,
            result_detail=row.result_detail,
        )
        for row in rows
    ]
