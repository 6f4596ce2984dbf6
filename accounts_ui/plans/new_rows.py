"""Store the rows of a new plan: thousands at once, without a model instance for each."""

import uuid
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple, cast

from django.db import connection, models

from accounts_ui.plans.models import CheckResult, PlanRow, RowResult
from console.recorded_text import parts_of


class NewRow(NamedTuple):
    """One line of a list after its check. ``cells`` are all its cells as they were written, as JSON."""

    line: int
    subject_id: str
    subject_name: str
    subject_email: str
    code: str
    wanted_status: str
    expected_status: str
    message: str
    check_result: CheckResult
    detail: str
    cells: str


_FIELDS: Final = (
    "plan",
    "line",
    "subject_id",
    "subject_name",
    "subject_email",
    "code",
    "wanted_status",
    "expected_status",
    "message",
    "check_result",
    "detail",
    "detail_parts",
    "cells",
    "operation_id",
    "result",
    "result_detail",
    "result_detail_parts",
)


class PreparedRows:
    """Rows as the database takes them. They are prepared before a transaction, which then is short."""

    def __init__(self, plan_id: uuid.UUID, rows: Iterable[NewRow]) -> None:
        self._values = list(_values(plan_id, rows))

    def insert(self) -> None:
        """Insert the rows, each with a new operation id."""
        quote = connection.ops.quote_name
        columns = ", ".join(quote(str(_field(name).column)) for name in _FIELDS)
        places = ", ".join(["%s"] * len(_FIELDS))
        statement = f"INSERT INTO {quote(PlanRow._meta.db_table)} ({columns}) VALUES ({places})"  # noqa: S608
        with connection.cursor() as cursor:
            cursor.executemany(statement, self._values)


def _values(plan_id: uuid.UUID, rows: Iterable[NewRow]) -> Iterator[tuple[Any, ...]]:
    as_stored = _field("operation_id").get_db_prep_save
    prepared_id = as_stored(plan_id, connection)
    no_parts = _prepared_parts("")
    prepared: dict[str, Any] = {}  # many rows have the same detail
    for row in rows:
        if row.detail not in prepared:
            prepared[row.detail] = _prepared_parts(row.detail)
        yield (
            prepared_id,
            row.line,
            row.subject_id,
            row.subject_name,
            row.subject_email,
            row.code,
            row.wanted_status,
            row.expected_status,
            row.message,
            row.check_result.value,
            str(row.detail),
            prepared[row.detail],
            row.cells,
            as_stored(uuid.uuid4(), connection),
            RowResult.WAITING.value,
            "",
            no_parts,
        )


def _prepared_parts(detail: str) -> Any:
    return _field("detail_parts").get_db_prep_save(parts_of(detail), connection)


def _field(name: str) -> "models.Field[Any, Any]":
    return cast("models.Field[Any, Any]", PlanRow._meta.get_field(name))
