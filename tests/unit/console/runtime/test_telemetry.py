"""Ids and headers of traces without an SDK."""

import re

import pytest
from opentelemetry import trace

from console.runtime.telemetry import IdTracer, current_ids, incoming_context, outgoing_headers

CALLER = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01", "tracestate": "vendor=1,other=a b"}


def child_of(headers: dict[str, str]) -> trace.SpanContext:
    return IdTracer().start_span("request", incoming_context(headers)).get_span_context()


def test_a_span_without_a_caller_begins_a_trace() -> None:
    first, second = child_of({}), child_of({})
    assert first.is_valid
    assert first.trace_id != second.trace_id
    assert not first.trace_flags.sampled


def test_a_span_continues_its_callers_trace() -> None:
    span = child_of(CALLER)
    assert trace.format_trace_id(span.trace_id) == "a" * 32
    assert trace.format_span_id(span.span_id) != "b" * 16
    assert span.trace_flags.sampled


@pytest.mark.parametrize(
    "traceparent", ["", "00-1-2-01", f"ff-{'a' * 32}-{'b' * 16}-01", f"00-{'0' * 32}-{'b' * 16}-01"]
)
def test_an_invalid_caller_is_ignored(traceparent: str) -> None:
    span = child_of({**CALLER, "traceparent": traceparent})
    assert span.is_valid
    assert trace.format_trace_id(span.trace_id) != "a" * 32
    assert not span.trace_state


def test_outgoing_headers_and_log_ids_name_the_current_span() -> None:
    assert outgoing_headers() == {}
    assert current_ids() == ("", "")
    with IdTracer().start_as_current_span("request", incoming_context(CALLER)):
        trace_id, span_id = current_ids()
        headers = outgoing_headers()
    assert trace_id == "a" * 32
    assert re.fullmatch("[0-9a-f]{16}", span_id)
    assert headers == {"traceparent": f"00-{trace_id}-{span_id}-01", "tracestate": CALLER["tracestate"]}
