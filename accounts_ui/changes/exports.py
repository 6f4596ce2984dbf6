"""Exports of the log: changes as CSV (RFC 4180) for people, events as JSON lines for verification."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from accounts_ui.changes.chain.locking import consistent_read
from accounts_ui.changes.chain.records import format_time, line_of
from accounts_ui.changes.event_storage import marked, stored_events
from accounts_ui.changes.models import FACTS, Change
from accounts_ui.changes.queries import LogFilters, end_of_log, events_of_matching, is_whole_log, matching_changes
from accounts_ui.csv_output import csv_lines

COLUMNS = ("change_id", "requested_at", "resolved_at", *(name for name in FACTS if name != "detail_parts"), "remark")
ELSEWHERE = "cannot be verified here"
"""The remark on a change whose events are in an archive outside this database."""

_CHUNK = 1000


class IncompleteLog(Exception):
    """An event is missing between others. The message says which one."""


def export_csv(organization_id: str, filters: LogFilters, separator: str) -> Iterator[str]:
    """Yield the matching changes as CSV, newest first, after a line of column names."""
    return changes_csv(organization_id, matching_changes(organization_id, filters), separator)


def export_jsonl(organization_id: str, filters: LogFilters) -> Iterator[str]:
    """Yield the events of the matching changes as JSON lines, in the order of the log.

    Raises:
        IncompleteLog: nothing is filtered out, and an event is missing. Whoever reads gets no proper end.

    """
    if not is_whole_log(filters):
        yield from events_jsonl(events_of_matching(organization_id, filters))
        return
    with consistent_read():
        yield from complete_jsonl(organization_id, 0, end_of_log(organization_id))


def complete_jsonl(organization_id: str, after: int, to: int) -> Iterator[str]:
    """Yield a line of JSON for each event after ``after`` and up to ``to``.

    External archives at the beginning are left out; the next event continues from their signed end.

    Raises:
        IncompleteLog: an event is missing in between or at the end.

    """
    expected = None
    events = stored_events(organization_id, sequence__gt=after, sequence__lte=to)
    for event in events.iterator(chunk_size=_CHUNK):
        if event.sequence != (expected or event.sequence):
            raise _missing(organization_id, expected)
        yield line_of(event) + "\n"
        expected = event.sequence + 1
    if expected is not None and expected <= to:
        raise _missing(organization_id, expected)


def _missing(organization_id: str, sequence: int | None) -> IncompleteLog:
    return IncompleteLog(f"Event {sequence} of {organization_id} is missing. Run manage.py verify_changes.")


def changes_csv(organization_id: str, changes: QuerySet[Change], separator: str = ",") -> Iterator[str]:
    """Yield a line of column names, then a line for each change of the organization."""
    return csv_lines(COLUMNS, map(_cells, marked(organization_id, changes.iterator(chunk_size=_CHUNK))), separator)


def events_jsonl(events: QuerySet[Any]) -> Iterator[str]:
    """Yield a line of JSON for each event."""
    return (line_of(event) + "\n" for event in events.iterator(chunk_size=_CHUNK))


def _cells(change: Change) -> list[Any]:
    values = {name: getattr(change, name) for name in COLUMNS if name != "remark"}
    values["outcome"] = change.shown_outcome
    for name in ("requested_at", "resolved_at"):
        values[name] = format_time(values[name]) if values[name] else None
    return [*values.values(), ELSEWHERE if change.is_elsewhere else ""]
