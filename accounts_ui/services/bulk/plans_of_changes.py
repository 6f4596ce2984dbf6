"""Find out which changes of the log came from which plan. The log itself does not record that."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from accounts_ui.changes.models import Change
from accounts_ui.changes.queries import LogFilters, matching_changes
from accounts_ui.plans import queries
from accounts_ui.plans.models import Plan


@dataclass(frozen=True, slots=True)
class PlansOfPage:
    """The plan of each change of a page that has one, and how many changes of each plan match on all pages."""

    plans: dict[uuid.UUID, Plan]
    totals: dict[Plan | None, int]


def plan_of_log(organization_id: str, plan_id: uuid.UUID) -> Plan | None:
    """Return the plan that the log is filtered by; ``None`` once it is deleted."""
    return queries.get_plan(organization_id, plan_id)


def changes_of_plan(organization_id: str, plan_id: uuid.UUID) -> QuerySet[Any, uuid.UUID]:
    """Return the ids of a plan's changes, as part of the log's own query."""
    return queries.operation_ids_of(organization_id, plan_id)


def plans_of_page(organization_id: str, rows: list[Change], filters: LogFilters) -> PlansOfPage:
    """Return the plans of a page of the log, with two queries however many rows and plans there are."""
    plans = queries.plans_of_operations(organization_id, [row.change_id for row in rows])
    by_id = {plan.pk: plan for plan in plans.values()}
    counted = queries.count_among(by_id, matching_changes(organization_id, filters).order_by()) if by_id else {}
    return PlansOfPage(plans, {by_id[plan_id]: number for plan_id, number in counted.items()})
