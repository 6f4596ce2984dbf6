"""Rows of a plan as a list that can be uploaded as it is: with all cells that the line had."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.db.models import QuerySet
from django.utils.translation import get_language, override

from accounts_ui.changes.models import Action
from accounts_ui.plans import queries as plan_queries
from accounts_ui.plans.models import Plan, PlanRow
from accounts_ui.services.audit_context import AuditContext
from accounts_ui.services.bulk.csv_columns import FAILURE_DETAIL, FIELD_LABELS, TEMPLATE_FIELDS
from accounts_ui.services.bulk.progress import require_plan
from console.recorded_text import translate

_BATCH: Final = 1000  # rows in memory while a download streams


@dataclass(frozen=True, slots=True)
class RowDownload:
    """The headings of a list, and its rows."""

    columns: list[str]
    rows: Iterator[list[str]]


def download_waiting_rows(*, context: AuditContext, plan_id: uuid.UUID) -> RowDownload:
    """Return the rows that were not sent."""
    plan = require_plan(context, plan_id)
    return RowDownload(_columns(plan), _cells(plan, plan_queries.waiting_rows(plan)))


def download_failed_rows(*, context: AuditContext, plan_id: uuid.UUID) -> RowDownload:
    """Return the rows that did not go through, each with the reason, in the language of the page."""
    plan = require_plan(context, plan_id)
    language = get_language() or "en"
    # Somebody who is to be assigned an account and has one that is not active does not have what the list asks for.
    failed = plan_queries.failed_rows(plan, existing_status="active" if plan.action == Action.ASSIGN else "")
    return RowDownload([*_columns(plan), FAILURE_DETAIL], _cells_with_detail(plan, failed, language))


def template_columns() -> list[str]:
    """Return the headings of an empty list, in the language of the page."""
    return [str(FIELD_LABELS[field]) for field in TEMPLATE_FIELDS]


def _columns(plan: Plan) -> list[str]:
    """Return the headings as they were written, and a status column if the statuses came from the form."""
    headings = [heading for heading, _field in plan.columns]
    return [*headings, "status"] if _adds_status(plan) else headings


def _adds_status(plan: Plan) -> bool:
    return plan.action == Action.CHANGE_STATUS and all(field != "status" for _heading, field in plan.columns)


def _cells(plan: Plan, rows: QuerySet[PlanRow]) -> Iterator[list[str]]:
    return (_written(plan, row) for row in rows.iterator(chunk_size=_BATCH))


def _cells_with_detail(plan: Plan, rows: QuerySet[PlanRow], language: str) -> Iterator[list[str]]:
    for row in rows.iterator(chunk_size=_BATCH):
        with override(language):  # the response streams after the request, in no language
            detail = translate(row.result_detail or row.detail)
        yield [*_written(plan, row), detail]


def _written(plan: Plan, row: PlanRow) -> list[str]:
    cells = json.loads(row.cells)
    padded = cells + [""] * (len(plan.columns) - len(cells))
    return [*padded, row.wanted_status] if _adds_status(plan) else padded
