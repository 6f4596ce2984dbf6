"""Which trace a request belongs to, as W3C Trace Context says (https://www.w3.org/TR/trace-context/).

A ``traceparent`` that comes in is validated and gone on from; without one a trace begins here. Each call to the
directory gets a span id of its own, and log lines carry both ids. Where the standard ``OTEL_*`` variables name a
collector, the same spans are sent there (``console.runtime.telemetry``); otherwise an id is all that a span is.

A span holds routes, names of operations, statuses and kinds of errors: no address with an id in it, no query, no
name, no token.
"""

import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["server", "client"]
Attributes = Mapping[str, str | int]

_TRACEPARENT: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_TRACESTATE: Final = re.compile(r"[\x20-\x7e]{1,512}")
_NO_TRACE: Final = "0" * 32
_NO_SPAN: Final = "0" * 16


@dataclass(frozen=True, slots=True)
class TraceContext:
    """A place in a trace. ``state`` is what vendors added, passed on as it came."""

    trace_id: str
    span_id: str
    is_sampled: bool = False
    state: str = ""

    def child(self) -> "TraceContext":
        """A new span below this one."""
        return TraceContext(self.trace_id, secrets.token_hex(8), self.is_sampled, self.state)

    @property
    def headers(self) -> dict[str, str]:
        """As the headers of a call that is made from here (sections 3.2 and 3.3)."""
        parent = {"traceparent": f"00-{self.trace_id}-{self.span_id}-{int(self.is_sampled):02x}"}
        return {**parent, "tracestate": self.state} if self.state else parent


class Span:
    """What is being done. Its attributes go to the collector, where there is one."""

    def __init__(self, context: TraceContext) -> None:
        self.context = context

    def tell(self, attributes: Attributes, *, name: str = "", failed: bool = False) -> None:
        """Add to it what turned out."""


SpanMaker = Callable[[str, Kind, TraceContext | None, Attributes], AbstractContextManager[Span]]

current: ContextVar[TraceContext | None] = ContextVar("trace", default=None)
"""Where in which trace this code runs; ``None`` outside a request."""


def read(traceparent: str, tracestate: str = "") -> TraceContext | None:
    """The place that a caller named; ``None`` where it is not valid (section 3.2.2), and its state is ignored then."""
    found = _TRACEPARENT.fullmatch(traceparent.strip())
    if found is None:
        return None
    version, trace_id, span_id, flags, more = found.groups()
    if version == "ff" or (version == "00" and more) or trace_id == _NO_TRACE or span_id == _NO_SPAN:
        return None
    state = tracestate.strip()
    return TraceContext(trace_id, span_id, bool(int(flags, 16) & 1), state if _TRACESTATE.fullmatch(state) else "")


@contextmanager
def ids_alone(name: str, kind: Kind, parent: TraceContext | None, attributes: Attributes) -> Iterator[Span]:
    """A span that nobody is told of."""
    yield Span(parent.child() if parent else TraceContext(secrets.token_hex(16), secrets.token_hex(8)))


_make: SpanMaker = ids_alone


def send_to(maker: SpanMaker) -> None:
    """From now on spans are made by ``maker``."""
    global _make  # one for the process, set once at its start
    _make = maker


@contextmanager
def span(
    name: str, attributes: Attributes, kind: Kind = "client", *, parent: TraceContext | None = None
) -> Iterator[Span]:
    """Something that is being done, below ``parent`` or else below where we are."""
    with _make(name, kind, parent or current.get(), attributes) as made:
        token = current.set(made.context)
        try:
            yield made
        finally:
            current.reset(token)
