"""Store and find plans."""

import datetime
import itertools
import uuid
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from accounts_ui.plans.models import CheckResult, Plan, PlanRow, PlanState, RowResult
from accounts_ui.plans.new_rows import NewRow, PreparedRows
from console import clock
from console.recorded_text import parts_of

RETENTION: Final = datetime.timedelta(days=30)
"""How long plans are kept. Pages name the number, as does console/docs/deploying.md."""

_MOST_IN_A_ROW: Final = 10  # unknown rows that are counted; plans pause at fewer
_BATCH: Final = 500  # rows a statement: SQLite takes a limited number of values


def create_plan(plan: Plan, rows: Iterable[NewRow]) -> Plan:
    """Store a plan with its rows."""
    prepared = PreparedRows(plan.id, rows)
    with transaction.atomic():
        plan.save(force_insert=True)
        prepared.insert()
    return plan


def get_plan(organization_id: str, plan_id: uuid.UUID) -> Plan | None:
    """Return the plan if the organization has it."""
    return Plan.objects.filter(organization_id=organization_id, id=plan_id).first()


def newest_plans(organization_id: str, *, limit: int = 10) -> list[Plan]:
    """Return the newest plans."""
    return list(Plan.objects.filter(organization_id=organization_id).order_by("-created_at")[:limit])


def row_of_operation(organization_id: str, operation_id: uuid.UUID) -> PlanRow | None:
    """Return the row that an operation came from."""
    rows = PlanRow.objects.filter(operation_id=operation_id, plan__organization_id=organization_id)
    return rows.select_related("plan").first()


def operation_ids_of(organization_id: str, plan_id: uuid.UUID) -> QuerySet[PlanRow, uuid.UUID]:
    """Return the operation ids of a plan, as part of another query."""
    rows = PlanRow.objects.filter(plan=plan_id, plan__organization_id=organization_id)
    return rows.order_by().values_list("operation_id", flat=True)


def plans_of_operations(organization_id: str, operation_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Plan]:
    """Return the plan of each operation that came from one."""
    rows = PlanRow.objects.filter(operation_id__in=list(operation_ids), plan__organization_id=organization_id)
    return {row.operation_id: row.plan for row in rows.order_by().select_related("plan")}


def count_among(plan_ids: Iterable[uuid.UUID], changes: QuerySet[Any]) -> dict[uuid.UUID, int]:
    """Return for each plan how many of its operations are among these changes."""
    rows = PlanRow.objects.filter(Exists(changes.filter(change_id=OuterRef("operation_id"))), plan__in=list(plan_ids))
    return dict(rows.order_by().values_list("plan").annotate(Count("id")))


def count_by_check(plan: Plan) -> dict[str, int]:
    """Return how many rows have each check result."""
    return dict(plan.rows.order_by().values_list("check_result").annotate(Count("id")))


def count_by_result(plan: Plan) -> dict[str, int]:
    """Return how many of the rows that are ready have each result."""
    ready = plan.rows.filter(check_result=CheckResult.READY)
    return dict(ready.order_by().values_list("result").annotate(Count("id")))


def rows_with_check(plan: Plan, check_result: str) -> QuerySet[PlanRow]:
    """Return the rows with a check result, or all rows if it is empty."""
    rows = plan.rows.defer("cells")  # a line may have many
    return rows.filter(check_result=check_result) if check_result else rows


def waiting_rows(plan: Plan) -> QuerySet[PlanRow]:
    """Return the rows that are still to be sent, in order."""
    return plan.rows.filter(check_result=CheckResult.READY, result=RowResult.WAITING)


def last_applied_rows(plan: Plan, *, limit: int = 10) -> list[PlanRow]:
    """Return the rows that were run last, newest first."""
    ready = plan.rows.filter(check_result=CheckResult.READY)
    return list(ready.exclude(result=RowResult.WAITING).order_by("-id")[:limit])


def unknown_rows(plan: Plan) -> QuerySet[PlanRow]:
    """Return the rows whose outcome was not known when they were run."""
    return plan.rows.filter(result=RowResult.UNKNOWN)


def count_unknown_in_a_row(plan: Plan, last: PlanRow) -> int:
    """Return how many rows up to ``last`` were applied one after the other without a known outcome."""
    ready = plan.rows.filter(check_result=CheckResult.READY, line__lte=last.line).exclude(result=RowResult.WAITING)
    results = ready.order_by("-line", "-id").values_list("result", flat=True)[:_MOST_IN_A_ROW]
    return len(list(itertools.takewhile(lambda result: result == RowResult.UNKNOWN, results)))


def failed_rows(plan: Plan, *, existing_status: str = "") -> QuerySet[PlanRow]:
    """Return the rows that did not go through: refused by a check, or to be sent and not applied.

    A row that needs no change is no failure, unless its account has another status than ``existing_status``.
    """
    not_applied = Q(result__in=[RowResult.NOT_APPLIED, RowResult.RETRYABLE, RowResult.FAILED])
    exists = Q(check_result=CheckResult.ALREADY)
    if existing_status:
        exists &= Q(expected_status=existing_status)
    passed = Q(check_result=CheckResult.RETRIED) | exists | (Q(check_result=CheckResult.READY) & ~not_applied)
    return plan.rows.exclude(passed)


def add_retries(plan: Plan) -> int:
    """Give each retryable row a successor with an operation id of its own. Return how many there are.

    If two requests do this at once, each row still gets one successor.
    """
    with transaction.atomic():
        retryable = plan.rows.filter(check_result=CheckResult.READY, result=RowResult.RETRYABLE)
        rows = list(retryable.select_for_update())
        plan.rows.filter(pk__in=[row.pk for row in rows]).update(check_result=CheckResult.RETRIED)
        PlanRow.objects.bulk_create([_successor(row) for row in rows], batch_size=_BATCH)
    return len(rows)


_COPIED: Final = (
    *("plan_id", "line", "subject_id", "subject_name", "code", "wanted_status", "expected_status", "message"),
    *("detail", "cells"),
)


def _successor(row: PlanRow) -> PlanRow:
    return PlanRow(check_result=CheckResult.READY, **{name: getattr(row, name) for name in _COPIED})


def store_result(row: PlanRow, result: str, detail: str) -> None:
    """Store what became of a row."""
    row.result, row.result_detail = result, detail
    row.save(update_fields=["result", "result_detail", "result_detail_parts"])


def store_results(rows: Iterable[PlanRow]) -> None:
    """Store what became of these rows, with a statement for all that fared alike."""
    alike: dict[tuple[str, str], list[PlanRow]] = defaultdict(list)
    for row in rows:
        alike[row.result, str(row.result_detail)].append(row)
    for same in alike.values():
        values = {name: getattr(same[0], name) for name in ("result", "result_detail", "result_detail_parts")}
        PlanRow.objects.filter(pk__in=[row.pk for row in same]).update(**values)


def change_state(plan: Plan, state: str, *, among: Iterable[str], detail: str = "") -> bool:
    """Change the state of the plan if it is one of ``among``; return whether it was."""
    changed = Plan.objects.filter(pk=plan.pk, state__in=list(among)).update(
        state=state, state_detail=detail, state_detail_parts=parts_of(detail)
    )
    plan.refresh_from_db()
    return bool(changed)


def current_state(plan: Plan) -> str:
    """Return the state at this moment, whoever set it."""
    return Plan.objects.values_list("state", flat=True).get(pk=plan.pk)


def lease_plan(plan: Plan, owner: uuid.UUID, until: datetime.datetime) -> bool:
    """Keep others from running the plan; return ``False`` if somebody else does so."""
    free = Q(lease_until=None) | Q(lease_until__lt=clock.now())
    return bool(Plan.objects.filter(free, pk=plan.pk).update(lease_owner=owner, lease_until=until))


def release_plan(plan: Plan, owner: uuid.UUID) -> None:
    """Let others run the plan."""
    Plan.objects.filter(pk=plan.pk, lease_owner=owner).update(lease_owner=None, lease_until=None)
    plan.refresh_from_db()


def is_leased(plan: Plan) -> bool:
    """Return whether a request runs a chunk of the plan now."""
    return plan.lease_until is not None and plan.lease_until > clock.now()


def purge_old_plans() -> int:
    """Delete plans older than ``RETENTION``, and return how many. Their changes stay in the log."""
    old = Plan.objects.filter(created_at__lt=clock.now() - RETENTION).exclude(state=PlanState.RUNNING)
    number = old.count()
    old.delete()
    return number
