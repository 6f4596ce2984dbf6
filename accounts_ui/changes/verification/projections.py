"""Compare changes with the events that they are made from, and each event with its change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from django.db.models import Q

from accounts_ui.changes.chain.records import ACTOR_FIELDS, event_columns, format_time, record_of
from accounts_ui.changes.event_storage import stored_events
from accounts_ui.changes.models import FACTS, OPEN_OUTCOMES, Change, EventKind, LogHead
from accounts_ui.changes.verification.breaks import BrokenLog

_MOVING: Final = ("outcome", "http_status", "detail", "detail_parts", "after")
_FROZEN: Final = tuple(name for name in FACTS if name not in _MOVING)
_COLUMNS: Final = ("change_id", *FACTS, "requested_at", "resolved_at", "last_sequence")
_AT_ONCE: Final = 500  # changes whose events are queried by id

Columns = Mapping[str, Any]


class PieceProjections:
    """The changes that have events in one piece of a log. Those that end in it are compared."""

    def __init__(self, organization_id: str, first: int, last: int, has_external: bool) -> None:
        self._organization_id, self._bounds = organization_id, (first, last)
        self._has_external = has_external
        self._requested: dict[Any, Columns] = {}
        self._newest: dict[Any, Columns] = {}

    def add(self, row: tuple[Any, ...], record: Mapping[str, Any]) -> None:
        """Note the next event of the piece."""
        if record["change_id"] is None:
            return
        columns = dict(zip(event_columns(), row, strict=True))
        if record["event"] == EventKind.REQUESTED:
            self._requested.setdefault(columns["change_id"], columns)
        self._newest[columns["change_id"]] = columns

    def verify(self) -> None:
        """Raise ``BrokenLog`` at the first change that is not what its events say, or that is missing."""
        changes = Change.objects.filter(organization_id=self._organization_id, last_sequence__range=self._bounds)
        rows = changes.order_by("last_sequence").values_list(*_COLUMNS)
        unseen = dict(self._newest)
        for batch in _batches(rows.iterator(chunk_size=_AT_ONCE)):
            ended = [dict(zip(_COLUMNS, row, strict=True)) for row in batch]
            first_events = self._first_events([change["change_id"] for change in ended])
            for change in ended:
                unseen.pop(change["change_id"], None)
                self._compare(change, first_events.get(change["change_id"]))
        self._verify_moved_on(unseen)

    def _first_events(self, change_ids: list[Any]) -> dict[Any, Columns]:
        """Return the ``requested`` events of these changes. Most are in the piece."""
        found = {name: self._requested[name] for name in change_ids if name in self._requested}
        if earlier := [name for name in change_ids if name not in found]:
            events = stored_events(self._organization_id, change_id__in=earlier, event=EventKind.REQUESTED)
            for row in events.values_list(*event_columns()):
                columns = dict(zip(event_columns(), row, strict=True))
                found.setdefault(columns["change_id"], columns)
        return found

    def _compare(self, change: Columns, first: Columns | None) -> None:
        last, name = self._newest.get(change["change_id"]), change["change_id"]
        if last is None:
            raise BrokenLog(change["last_sequence"], f"change {name} has no events")
        if first is None and not self._has_external:
            raise BrokenLog(last["sequence"], f"change {name} has no event with which it was requested")
        expected = dict(_expected_columns(first, last))
        if differing := [column for column, value in expected.items() if change[column] != value]:
            raise BrokenLog(last["sequence"], f"change {name} differs from its events: {', '.join(differing)}")

    def _verify_moved_on(self, unseen: dict[Any, Columns]) -> None:
        """Raise ``BrokenLog`` for a change with events here that exists nowhere, or does not end after them."""
        own = {"organization_id": self._organization_id}
        end = LogHead.objects.filter(**own).values_list("sequence", flat=True).first() if unseen else None
        for names in _batches(unseen):
            later = Change.objects.filter(**own, change_id__in=names, last_sequence__gt=self._bounds[1])
            ends = dict(later.values_list("change_id", "last_sequence"))
            for name in names:
                if name not in ends:
                    sequence = self._requested.get(name, unseen[name])["sequence"]
                    raise BrokenLog(sequence, f"change {name} has events and is missing itself")
                if end is None or ends[name] > end:
                    what = f"change {name} differs from its events: last_sequence"
                    raise BrokenLog(unseen[name]["sequence"], what)


def _batches(items: Iterable[Any]) -> Iterator[list[Any]]:
    """Yield the items in lists of a bounded length."""
    iterator = iter(items)
    while batch := list(islice(iterator, _AT_ONCE)):
        yield batch


def _expected_columns(first: Columns | None, last: Columns) -> Iterator[tuple[str, Any]]:
    if first is not None:  # else it is in an external archive
        yield from ((name, first[name]) for name in _FROZEN)
        yield "requested_at", first["at"]
    yield from ((name, last[name]) for name in _MOVING)
    yield "resolved_at", None if last["outcome"] in OPEN_OUTCOMES else last["at"]
    yield "last_sequence", last["sequence"]


def verify_bounds(organization_id: str, end: int) -> None:
    """Raise ``BrokenLog`` for changes that say they end at a place that the log does not have."""
    own = Change.objects.filter(organization_id=organization_id)
    for change in own.filter(Q(last_sequence__lt=1) | Q(last_sequence__gt=end)).order_by("last_sequence")[:1]:
        what = f"change {change.change_id} says that it ends here, and the log goes from 1 to {end}"
        raise BrokenLog(change.last_sequence, what)


def related_records(record: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    """Yield records and parts of records that share values with ``record``: neighbours, its change and its events."""
    organization_id, sequence, change_id = (record[name] for name in ("organization_id", "sequence", "change_id"))
    for event in stored_events(organization_id, sequence__in=[sequence - 1, sequence + 1]):
        yield record_of(event)
    if change_id is not None:
        for event in stored_events(organization_id, ~Q(sequence=sequence), change_id=change_id):
            yield record_of(event)
    ended = Change.objects.filter(organization_id=organization_id, last_sequence=sequence)
    own = Change.objects.filter(change_id=change_id) | ended if change_id is not None else ended
    for change in own:
        actor = {part: getattr(change, f"actor_{part}") for part in ACTOR_FIELDS}
        known = {name: getattr(change, name) for name in FACTS if not name.startswith("actor_")}
        yield {**known, "change_id": str(change.change_id), "actor": actor}
        for at in (change.requested_at, change.resolved_at):
            if at:
                yield {"at": format_time(at)}
