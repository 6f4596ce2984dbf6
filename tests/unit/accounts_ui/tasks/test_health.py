"""How background work is described to an operator."""

import datetime

import pytest

from accounts_ui.tasks.checks import describe_state
from accounts_ui.tasks.health import LATE_AFTER, TasksHealth, lag_of

NOW = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
MINUTE = datetime.timedelta(minutes=1)


@pytest.mark.parametrize(
    ("oldest", "lag"), [(None, 0 * MINUTE), (NOW + MINUTE, 0 * MINUTE), (NOW - 3 * MINUTE, 3 * MINUTE)]
)
def test_only_work_that_is_due_waits(oldest: datetime.datetime | None, lag: datetime.timedelta) -> None:
    assert lag_of(oldest, NOW) == lag


@pytest.mark.parametrize(
    ("workers", "lag", "failing", "expected"),
    [
        (1, 0 * MINUTE, 0, [("ok", "")]),
        (0, 0 * MINUTE, 0, [("warning", "console.W026")]),
        (0, LATE_AFTER, 0, [("warning", "console.W026")]),
        (0, LATE_AFTER + MINUTE, 0, [("error", "console.E026")]),
        (2, LATE_AFTER + MINUTE, 0, [("warning", "console.W027")]),
        (1, 0 * MINUTE, 3, [("ok", ""), ("warning", "console.W028")]),
    ],
)
def test_what_an_operator_reads(
    workers: int, lag: datetime.timedelta, failing: int, expected: list[tuple[str, str]]
) -> None:
    findings = list(describe_state(TasksHealth(workers, NOW, lag, failing)))
    assert [(finding.level, finding.id) for finding in findings] == expected
    assert all(finding.fix for finding in findings if finding.level != "ok")
