"""OpenTelemetry: sends the spans of ``console.tracing`` to a collector, where the standard variables name one.

``OTEL_EXPORTER_OTLP_ENDPOINT`` (or ``OTEL_EXPORTER_OTLP_TRACES_ENDPOINT``) switches it on, over OTLP/HTTP; the SDK
reads the others itself. Its packages are in ``console/deploy/telemetry.txt``. Unset, nothing of it is imported.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from console import tracing
from console.tracing import Attributes, Kind, Span, TraceContext

logger = logging.getLogger(__name__)


def is_wanted() -> bool:
    """Whether the environment names a collector, and does not switch it off."""
    off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or os.environ.get("OTEL_TRACES_EXPORTER") == "none"
    named = os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    return bool(named) and not off


def is_installed() -> bool:
    """Whether the packages are there."""
    try:
        import opentelemetry.exporter.otlp.proto.http.trace_exporter
        import opentelemetry.sdk.trace.export  # noqa: F401
    except ImportError:
        return False
    return True


def start() -> None:
    """Send spans from now on, where that is wanted and possible."""
    if not is_wanted():
        return
    if not is_installed():
        logger.warning("OTEL_* name a collector, and OpenTelemetry is not installed: no spans are sent.")
        return
    os.environ.setdefault("OTEL_SERVICE_NAME", "org-accounts-console")
    tracing.send_to(_recorded)


@lru_cache(maxsize=1)
def _tracer(_process: int) -> Any:
    """The tracer of this process: its exporting thread does not survive a fork, so each worker makes its own."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider()  # flushes when the process ends
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider.get_tracer("console")


class _Recorded(Span):
    """A span of the SDK."""

    def __init__(self, inner: Any, state: str) -> None:
        found = inner.get_span_context()
        sampled = bool(found.trace_flags & 1)
        super().__init__(TraceContext(f"{found.trace_id:032x}", f"{found.span_id:016x}", sampled, state))
        self._inner = inner

    def tell(self, attributes: Attributes, *, name: str = "", failed: bool = False) -> None:
        from opentelemetry.trace import StatusCode

        if name:
            self._inner.update_name(name)
        self._inner.set_attributes(attributes)
        if failed:
            self._inner.set_status(StatusCode.ERROR)


@contextmanager
def _recorded(name: str, kind: Kind, parent: TraceContext | None, attributes: Attributes) -> Iterator[Span]:
    from opentelemetry.trace import SpanKind

    inner = _tracer(os.getpid()).start_span(
        name, _context_of(parent), SpanKind.SERVER if kind == "server" else SpanKind.CLIENT, dict(attributes)
    )
    try:
        yield _Recorded(inner, parent.state if parent else "")
    finally:
        inner.end()  # without the exception: its text can hold what somebody sent


def _context_of(parent: TraceContext | None) -> Any:
    from opentelemetry import trace
    from opentelemetry.context import Context

    if parent is None:
        return Context()
    flags = trace.TraceFlags(int(parent.is_sampled))
    known = trace.SpanContext(int(parent.trace_id, 16), int(parent.span_id, 16), is_remote=True, trace_flags=flags)
    return trace.set_span_in_context(trace.NonRecordingSpan(known), Context())
