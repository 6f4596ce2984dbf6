"""Metrics and traces of the calls: counts, durations and sizes, and a span in the trace of the request."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from opentelemetry.trace import StatusCode
from prometheus_client import Counter, Gauge, Histogram

from accounts_ui.directory.errors import DirectoryError
from accounts_ui.directory.listing import Listing
from console.runtime import telemetry

METHODS: Final = {"list": "GET", "types": "GET", "assign": "POST", "change_status": "PUT", "delete": "DELETE"}
"""The HTTP method of each operation."""

calls = Counter(
    "console_directory_calls_total",
    "Calls to the directory. Outcome: done, or the kind of error.",
    ["operation", "outcome"],
)
seconds = Histogram(
    "console_directory_call_duration_seconds",
    "Seconds that one call to the directory took, whole answer included.",
    ["operation"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60),
)
list_rows = Histogram(
    "console_directory_list_rows",
    "Rows of the lists that the directory answered with.",
    buckets=(10, 100, 1_000, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000),
)
list_bytes = Histogram(
    "console_directory_list_bytes",
    "Bytes of these lists, decompressed.",
    buckets=[1024 * 4**step for step in range(1, 10)],
)
list_read_at = Gauge(
    "console_directory_list_read_timestamp_seconds",
    "When a list was last read: now minus this is how old the newest one is.",
    multiprocess_mode="max",
)


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _outcomes() -> Iterator[str]:
    yield from ("done", "failed")
    kinds = [DirectoryError]
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        yield _snake(kind.__name__)


for _operation in METHODS:  # each series exists from the start, as 0: a rate needs a value before the first count
    seconds.labels(_operation)
    for _outcome in _outcomes():
        calls.labels(_operation, _outcome)


@contextmanager
def measured(operation: str) -> Iterator[None]:
    """Make a span for one call; record its outcome and its duration when it ends."""
    started = time.perf_counter()
    with telemetry.start_span(f"directory {operation}", {"http.request.method": METHODS[operation]}) as span:
        outcome = "failed"
        try:
            yield
            outcome = "done"
        except DirectoryError as error:
            outcome = _snake(type(error).__name__)
            span.set_attributes({"error.type": outcome, **_status(error.status)})
            span.set_status(StatusCode.ERROR)
            raise
        finally:
            calls.labels(operation, outcome).inc()
            seconds.labels(operation).observe(time.perf_counter() - started)


def record_list(listing: Listing, size: int) -> None:
    """Record that a list of ``size`` bytes was read."""
    list_rows.observe(len(listing))
    list_bytes.observe(size)
    list_read_at.set(listing.read_at.timestamp())


def _status(status: int | None) -> dict[str, int]:
    return {} if status is None else {"http.response.status_code": status}
