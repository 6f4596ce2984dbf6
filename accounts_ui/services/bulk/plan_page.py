"""What the pages of bulk changes show: one plan with its rows, the newest plans, and rows to download."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.core.paginator import Paginator
from django.db.models import QuerySet

from accounts_ui.plans import queries as plan_queries
from accounts_ui.plans.models import PlanRow
from accounts_ui.services.audit_context import AuditContext
from accounts_ui.services.bulk.progress import (
    CheckedRow,
    PlanProgress,
    PlanSummary,
    checked_rows,
    progress_of,
    require_plan,
    summary_of,
)
from accounts_ui.services.bulk.runner import update_resolved_rows

PER_PAGE: Final = 100
EXPORT_COLUMNS: Final = ("subject_id", "code", "status", "line", "detail")  # an import ignores the last two
_EXPORT_BATCH: Final = 1000  # rows in memory while a download streams


@dataclass(frozen=True, slots=True)
class PlanPage:
    """A plan with one page of its rows. ``check_counts``: how many rows have each check result."""

    progress: PlanProgress
    check_counts: dict[str, int]
    rows: list[CheckedRow]
    page: int
    pages: int
    total: int


def show_plan(*, context: AuditContext, plan_id: uuid.UUID, check_result: str = "", page: int = 1) -> PlanPage:
    """Return a plan with a page of its rows, after its results have caught up with the log.

    Args:
        check_result: only rows with this one; all rows if empty.

    Raises:
        PlanUnknown: the organization has none of this id.

    """
    plan = require_plan(context, plan_id)
    update_resolved_rows(plan)
    shown = Paginator(plan_queries.rows_with_check(plan, check_result), PER_PAGE).get_page(page)
    return PlanPage(
        progress=progress_of(plan, context),
        check_counts=plan_queries.count_by_check(plan),
        rows=checked_rows(shown.object_list),
        page=shown.number,
        pages=shown.paginator.num_pages,
        total=shown.paginator.count,
    )


def list_plans(*, context: AuditContext) -> list[PlanSummary]:
    """Return the newest plans of the organization."""
    return [summary_of(plan) for plan in plan_queries.newest_plans(context.organization_id)]


def export_waiting_rows(*, context: AuditContext, plan_id: uuid.UUID) -> Iterator[tuple[str, ...]]:
    """Return the cells of the rows that were not sent, by ``EXPORT_COLUMNS``: they can be uploaded again."""
    return _cells(plan_queries.waiting_rows(require_plan(context, plan_id)))


def export_failed_rows(*, context: AuditContext, plan_id: uuid.UUID) -> Iterator[tuple[str, ...]]:
    """Return the cells of the rows that were refused or not applied, likewise."""
    return _cells(plan_queries.failed_rows(require_plan(context, plan_id)))


def _cells(rows: QuerySet[PlanRow]) -> Iterator[tuple[str, ...]]:
    for row in rows.iterator(chunk_size=_EXPORT_BATCH):
        yield row.subject_id, row.code, row.wanted_status, str(row.line), row.result_detail or row.detail
