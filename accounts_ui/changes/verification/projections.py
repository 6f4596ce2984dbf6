"""Compare each change with its events, a chunk of changes at a time."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q

from accounts_ui.changes.chain.records import ACTOR_FIELDS, format_time, record_of
from accounts_ui.changes.event_storage import ExternalArchives, stored_events
from accounts_ui.changes.models import FACTS, OPEN_OUTCOMES, Change, EventBase, EventKind

_MOVING: Final = ("outcome", "http_status", "detail", "detail_parts", "after")
_FROZEN: Final = tuple(name for name in FACTS if name not in _MOVING)
_CHUNK: Final = 500


class ProjectionMismatch(Exception):
    """A change differs from its events. ``sequence`` is the sequence of the event that shows it."""

    def __init__(self, sequence: int, what: str) -> None:
        super().__init__(what)
        self.sequence = sequence


def verify_projections(external: ExternalArchives, after: int = 0, to: int | None = None) -> None:
    """Compare each change with its first and its newest event. Raises ``ProjectionMismatch`` at the first difference.

    Args:
        external: archives outside this database; changes that ended there are not compared.
        after: only changes whose newest event comes after this sequence.
        to: only changes whose newest event comes at or before this sequence.

    """
    window = {"gt": after} if to is None else {"gt": after, "lte": to}
    is_orphan = ~Exists(Change.objects.filter(change_id=OuterRef("change_id")))
    orphans = stored_events(is_orphan, **{f"sequence__{name}": bound for name, bound in window.items()})
    for event in orphans[:1]:
        raise ProjectionMismatch(event.sequence, f"change {event.change_id} has events and is missing itself")
    matching = Change.objects.filter(**{f"last_sequence__{name}": bound for name, bound in window.items()})
    for archive in external.values():
        matching = matching.exclude(last_sequence__gte=archive.first_sequence, last_sequence__lte=archive.last_sequence)
    changes = matching.order_by("last_sequence").iterator(_CHUNK)
    while chunk := list(islice(changes, _CHUNK)):
        events: dict[Any, list[EventBase]] = defaultdict(list)
        for event in stored_events(change_id__in=[change.change_id for change in chunk]):
            events[event.change_id].append(event)
        for change in chunk:
            _verify(change, events[change.change_id], external)


def _verify(change: Change, events: list[EventBase], external: ExternalArchives) -> None:
    if not events:
        raise ProjectionMismatch(change.last_sequence, f"change {change.change_id} has no events")
    expected = dict(_expected_columns(events))
    if external and events[0].event != EventKind.REQUESTED:  # its first events are external
        expected = {name: expected[name] for name in (*_MOVING, "resolved_at", "last_sequence")}
    if differing := [name for name, value in expected.items() if getattr(change, name) != value]:
        raise ProjectionMismatch(
            events[-1].sequence, f"change {change.change_id} differs from its events: {', '.join(differing)}"
        )


def _expected_columns(events: list[EventBase]) -> Iterator[tuple[str, Any]]:
    first, last = events[0], events[-1]
    yield from ((name, getattr(first, name)) for name in _FROZEN)
    yield from ((name, getattr(last, name)) for name in _MOVING)
    yield "requested_at", first.at
    yield "resolved_at", None if last.outcome in OPEN_OUTCOMES else last.at
    yield "last_sequence", last.sequence


def related_records(record: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    """Yield records and parts of records that share values with ``record``: neighbours, its change and its events."""
    sequence = record["sequence"]
    for event in stored_events(sequence__in=[sequence - 1, sequence + 1]):
        yield record_of(event)
    for event in stored_events(~Q(sequence=sequence), change_id=record["change_id"]):
        yield record_of(event)
    for change in Change.objects.filter(change_id=record["change_id"]) | Change.objects.filter(last_sequence=sequence):
        actor = {part: getattr(change, f"actor_{part}") for part in ACTOR_FIELDS}
        known = {name: getattr(change, name) for name in FACTS if not name.startswith("actor_")}
        yield {**known, "change_id": str(change.change_id), "actor": actor}
        for at in (change.requested_at, change.resolved_at):
            if at:
                yield {"at": format_time(at)}
