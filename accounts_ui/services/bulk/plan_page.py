"""What the pages of bulk changes show: one plan with its rows, and the newest plans."""

import uuid
from dataclasses import dataclass
from typing import Final

from django.core.paginator import Paginator

from accounts_ui.plans import queries as plan_queries
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
