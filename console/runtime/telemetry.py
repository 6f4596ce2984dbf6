"""Traces, through OpenTelemetry's API: W3C Trace Context on incoming and outgoing requests, ids in logs, spans.

The API package alone sends nothing, and without an SDK its spans have no ids. ``IdTracerProvider`` gives them ids, so
that log lines and ``traceparent`` headers are complete without a collector. If the standard ``OTEL_*`` variables name
a collector and the packages of ``console/deploy/telemetry.txt`` are installed, the SDK records and exports the spans.

A span holds routes, operation names, statuses and kinds of errors. It never holds an address with an id in it, a
query, a name, a token or the text of an exception.
"""

import logging
import os
import secrets
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import (
    NonRecordingSpan,
    NoOpTracer,
    Span,
    SpanContext,
    SpanKind,
    TraceFlags,
    Tracer,
    TracerProvider,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

logger = logging.getLogger(__name__)

Attributes = Mapping[str, str | int]

_KNOWN_FLAGS: Final = 0b11  # sampled and random-trace-id (Trace Context Level 2); unknown ones must not be passed on
_PROPAGATOR: Final = TraceContextTextMapPropagator()
_TRACER: Final = trace.get_tracer("console")  # a proxy, which uses the provider that ``start_tracing`` sets


class IdTracer(NoOpTracer):
    """Makes spans that record nothing but have ids of their own, within the caller's trace if there is one."""

    def start_span(self, name: str, context: Context | None = None, *_args: Any, **_kwargs: Any) -> Span:
        """Return a child of the span in ``context``, or the root of a new trace."""
        parent = trace.get_current_span(context).get_span_context()
        return NonRecordingSpan(
            SpanContext(
                parent.trace_id if parent.is_valid else _random_id(bits=128),
                _random_id(bits=64),
                is_remote=False,
                trace_flags=TraceFlags(parent.trace_flags & _KNOWN_FLAGS),
                trace_state=parent.trace_state,
            )
        )


class IdTracerProvider(TracerProvider):
    """The provider to use if no SDK exports spans."""

    def get_tracer(self, *_args: Any, **_kwargs: Any) -> Tracer:
        """Return a tracer; all of them are alike."""
        return IdTracer()


def start_tracing() -> None:
    """Set the process's tracer provider. One that is set already (``opentelemetry-instrument``) is kept."""
    if not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        return
    if export_is_configured() and not sdk_is_installed():
        logger.warning("OTEL_* variables name a collector, but OpenTelemetry's SDK is not installed: no spans are sent")
    if not (export_is_configured() and sdk_is_installed()):
        trace.set_tracer_provider(IdTracerProvider())
        return
    from console.runtime.span_export import exporting_provider

    trace.set_tracer_provider(exporting_provider())


def export_is_configured() -> bool:
    """Return whether the environment names a collector and does not disable the export."""
    is_off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    is_off = is_off or os.environ.get("OTEL_TRACES_EXPORTER") == "none"
    endpoint = os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    return bool(endpoint) and not is_off


def sdk_is_installed() -> bool:
    """Return whether the packages of ``console/deploy/telemetry.txt`` are installed."""
    try:
        import opentelemetry.exporter.otlp.proto.http.trace_exporter
        import opentelemetry.sdk.trace.export  # noqa: F401
    except ImportError:
        return False
    return True


def start_span(
    name: str, attributes: Attributes, kind: SpanKind = SpanKind.CLIENT, *, parent: Context | None = None
) -> AbstractContextManager[Span]:
    """Return a context manager that makes a span the current one, below ``parent`` or else the current span."""
    return _TRACER.start_as_current_span(
        name,
        parent,
        kind,
        dict(attributes),
        record_exception=False,  # an exception's text can hold what somebody sent
        set_status_on_exception=False,
    )


def incoming_context(headers: Mapping[str, str]) -> Context:
    """Return the caller's trace context, from ``traceparent`` and ``tracestate``; an empty one if they are invalid."""
    return _PROPAGATOR.extract(headers, Context())


def outgoing_headers() -> dict[str, str]:
    """Return the headers that pass the current span on to another service; none outside of a span."""
    headers: dict[str, str] = {}
    _PROPAGATOR.inject(headers)
    return headers


def current_ids() -> tuple[str, str]:
    """Return the current trace id and span id as log lines show them; empty outside of a span."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return "", ""
    return trace.format_trace_id(context.trace_id), trace.format_span_id(context.span_id)


def _random_id(*, bits: int) -> int:
    return secrets.randbelow(2**bits - 1) + 1  # an id of zeros means "no id"
