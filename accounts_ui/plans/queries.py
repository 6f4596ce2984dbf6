"""Keeping and finding plans."""

import datetime
import uuid
from collections.abc import Iterable
from typing import Any, Final

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from accounts_ui.plans.models import CheckResult, Plan, PlanRow, Result, State
from console import clock
from console.recorded_text import parts_of

KEPT: Final = datetime.timedelta(days=30)
_BATCH: Final = 500  # rows a statement: SQLite takes a limited number of values


def create(plan: Plan, rows: Iterable[PlanRow]) -> Plan:
    """Keep a plan with its rows."""
    with transaction.atomic():
        plan.save(force_insert=True)
        PlanRow.objects.bulk_create(rows, batch_size=_BATCH)
    return plan


def get(organization_id: str, plan_id: uuid.UUID) -> Plan | None:
    """The plan, where the organization has it."""
    return Plan.objects.filter(organization_id=organization_id, id=plan_id).first()


def recent(organization_id: str, *, limit: int = 10) -> list[Plan]:
    """The newest plans."""
    return list(Plan.objects.filter(organization_id=organization_id).order_by("-created_at")[:limit])


def of_operation(organization_id: str, operation_id: uuid.UUID) -> PlanRow | None:
    """The row that an operation came from."""
    found = PlanRow.objects.filter(operation_id=operation_id, plan__organization_id=organization_id)
    return found.select_related("plan").first()


def operations(organization_id: str, plan_id: uuid.UUID) -> QuerySet[PlanRow, uuid.UUID]:
    """The operation ids of a plan, as part of another query."""
    found = PlanRow.objects.filter(plan=plan_id, plan__organization_id=organization_id)
    return found.order_by().values_list("operation_id", flat=True)


def of_operations(organization_id: str, operation_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Plan]:
    """The plan of each operation that came from one."""
    found = PlanRow.objects.filter(operation_id__in=list(operation_ids), plan__organization_id=organization_id)
    return {row.operation_id: row.plan for row in found.order_by().select_related("plan")}


def count_among(plan_ids: Iterable[uuid.UUID], among: QuerySet[Any]) -> dict[uuid.UUID, int]:
    """For each plan, how many of its operations are among these changes."""
    rows = PlanRow.objects.filter(Exists(among.filter(change_id=OuterRef("operation_id"))), plan__in=list(plan_ids))
    return dict(rows.order_by().values_list("plan").annotate(Count("id")))


def verdicts(plan: Plan) -> dict[str, int]:
    """How many rows have each verdict."""
    counted = plan.rows.order_by().values_list("verdict").annotate(Count("id"))
    return dict(counted)


def results(plan: Plan) -> dict[str, int]:
    """How many of the rows that will be sent have each result."""
    counted = plan.rows.filter(verdict=CheckResult.WILL).order_by().values_list("result").annotate(Count("id"))
    return dict(counted)


def waiting(plan: Plan) -> QuerySet[PlanRow]:
    """What is still to be sent, in order."""
    return plan.rows.filter(verdict=CheckResult.WILL, result=Result.WAITING)


def unresolved(plan: Plan) -> QuerySet[PlanRow]:
    """Rows whose outcome was not known when they were run."""
    return plan.rows.filter(result=Result.UNKNOWN)


def failures(plan: Plan) -> QuerySet[PlanRow]:
    """Rows that were to be sent and were not applied, and rows that the plan refused."""
    refused = ~Q(verdict__in=[CheckResult.WILL, CheckResult.ALREADY, CheckResult.DUPLICATE, CheckResult.RETRIED])
    failed = Q(verdict=CheckResult.WILL, result__in=[Result.NOT_APPLIED, Result.SPARED, Result.FAILED])
    return plan.rows.filter(refused | failed)


def try_again(plan: Plan) -> int:
    """Give each spared row a successor with an operation id of its own, once, whoever else asks. How many there are."""
    with transaction.atomic():
        spared = list(plan.rows.select_for_update().filter(verdict=CheckResult.WILL, result=Result.SPARED))
        plan.rows.filter(pk__in=[row.pk for row in spared]).update(verdict=CheckResult.RETRIED)
        PlanRow.objects.bulk_create([_successor(row) for row in spared], batch_size=_BATCH)
    return len(spared)


def _successor(row: PlanRow) -> PlanRow:
    same = ("plan_id", "line", "subject_id", "subject_name", "code", "wanted", "expected", "detail")
    return PlanRow(verdict=CheckResult.WILL, **{name: getattr(row, name) for name in same})


def keep_result(row: PlanRow, result: str, detail: str) -> None:
    """What came of a row."""
    row.result, row.result_detail = result, detail
    row.save(update_fields=["result", "result_detail", "result_detail_parts"])


def move(plan: Plan, state: str, *, among: Iterable[str], because: str = "") -> bool:
    """Bring the plan into ``state``, if it is in one of ``among``."""
    found = Plan.objects.filter(pk=plan.pk, state__in=list(among)).update(
        state=state, because=because, because_parts=parts_of(because)
    )
    plan.refresh_from_db()
    return bool(found)


def state_of(plan: Plan) -> str:
    """The state at this moment, whoever set it."""
    return Plan.objects.values_list("state", flat=True).get(pk=plan.pk)


def lease(plan: Plan, owner: uuid.UUID, until: datetime.datetime) -> bool:
    """Keep others from running the plan; false where somebody else does."""
    free = Q(lease_until=None) | Q(lease_until__lt=clock.now())
    return bool(Plan.objects.filter(free, pk=plan.pk).update(lease_owner=owner, lease_until=until))


def release(plan: Plan, owner: uuid.UUID) -> None:
    """Let others run it."""
    Plan.objects.filter(pk=plan.pk, lease_owner=owner).update(lease_owner=None, lease_until=None)
    plan.refresh_from_db()


def is_leased(plan: Plan) -> bool:
    """Whether some request runs a chunk of it now."""
    return plan.lease_until is not None and plan.lease_until > clock.now()


def purge() -> int:
    """Delete what is older than ``KEPT``; the changes stay in the log."""
    old = Plan.objects.filter(created_at__lt=clock.now() - KEPT).exclude(state=State.RUNNING)
    number = old.count()
    old.delete()
    return number
