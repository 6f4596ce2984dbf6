"""What ``manage.py doctor`` and ``check --deploy`` say of background work."""

from collections.abc import Iterator
from typing import Any, Final

from django.core.checks import CheckMessage, register
from django.db import Error

from accounts_ui.tasks.state import TasksState, read_state
from console import clock
from console.runtime.doctor import OUTSIDE, Finding, as_checks, bad, doubtful, good, part

_START: Final = "Start console-tasks.service (`manage.py run_worker`) on one machine or more."


@part("worker", mend="Fix the database first.")
def check_worker() -> Iterator[Finding]:
    """Find out whether a background worker runs, and whether it keeps up."""
    yield from describe_state(read_state(clock.now()))


def describe_state(state: TasksState) -> Iterator[Finding]:
    """Describe workers, late work and failed work."""
    minutes = round(state.lag.total_seconds() / 60)
    if not state.workers and state.is_late:
        what = f"no background worker runs, and work has waited for {minutes} minutes: no checkpoints are emitted"
        yield bad(what, _START, "console.E026")
    elif not state.workers:
        yield doubtful("no background worker runs", _START, "console.W026")
    elif state.is_late:
        what = f"background work has waited for {minutes} minutes, although {state.workers} workers run"
        yield doubtful(what, "Look at the workers' log, or start more of them.", "console.W027")
    else:
        yield good(f"{state.workers} running, and no work waits")
    if state.failing:
        what = f"the last attempt at {state.failing} pieces of background work failed"
        yield doubtful(what, "The workers' log says why; they try again every minute.", "console.W028")


@register(OUTSIDE, deploy=True)
def check_worker_is_running(**_: Any) -> list[CheckMessage]:
    """For ``check --deploy``."""
    try:
        return as_checks(describe_state(read_state(clock.now())))
    except Error as error:
        what = f"the database could not be asked for background workers: {error}"
        return as_checks([doubtful(what, "Start it, or run `manage.py migrate`.", "console.W026")])
