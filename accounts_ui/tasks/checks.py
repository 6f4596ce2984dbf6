"""The doctor's check of background work, which ``check --deploy`` runs too."""

from collections.abc import Iterator
from typing import Any, Final

from django.core.checks import CheckMessage, register
from django.db import Error

from accounts_ui.tasks.health import TasksHealth, read_health
from console import clock
from console.runtime.doctor import EXTERNAL, Finding, as_system_checks, doctor_check, error, ok, warning

_START: Final = "Start console-tasks.service (`manage.py run_worker`) on one machine or more."


@doctor_check("worker", fix="Fix the database first.")
def diagnose_worker() -> Iterator[Finding]:
    """Check that a background worker runs, and that it keeps up."""
    yield from describe_state(read_health(clock.now()))


def describe_state(state: TasksHealth) -> Iterator[Finding]:
    """Describe workers, late work and failed work."""
    minutes = round(state.lag.total_seconds() / 60)
    if not state.workers and state.is_late:
        message = f"no background worker runs, and work has waited for {minutes} minutes: no checkpoints are emitted"
        yield error(message, _START, "console.E026")
    elif not state.workers:
        yield warning("no background worker runs", _START, "console.W026")
    elif state.is_late:
        message = f"background work has waited for {minutes} minutes, although {state.workers} workers run"
        yield warning(message, "Look at the workers' log, or start more of them.", "console.W027")
    else:
        yield ok(f"{state.workers} running, and no work waits")
    if state.failing:
        message = f"the last attempt at {state.failing} pieces of background work failed"
        yield warning(message, "The workers' log says why; they try again every minute.", "console.W028")


@register(EXTERNAL, deploy=True)
def check_worker_is_running(**_: Any) -> list[CheckMessage]:
    """Check the workers, if the database answers."""
    try:
        return as_system_checks(describe_state(read_health(clock.now())))
    except Error as failure:
        message = f"the background workers could not be checked: {failure}"
        return as_system_checks([warning(message, "Start the database, or run `manage.py migrate`.", "console.W026")])
