"""Exports of the log: changes as CSV (RFC 4180) for people, events as JSON lines for verification."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from accounts_ui.changes.chain.records import format_time, line_of
from accounts_ui.changes.models import FACTS, Change
from accounts_ui.changes.queries import LogFilters, events_of_matching, matching_changes
from accounts_ui.csv_output import csv_lines

COLUMNS = ("change_id", "requested_at", "resolved_at", *(name for name in FACTS if name != "detail_parts"))

_CHUNK = 1000


def export_csv(organization_id: str, filters: LogFilters) -> Iterator[str]:
    """Yield the matching changes as CSV, newest first, after a line of column names."""
    return changes_csv(matching_changes(organization_id, filters))


def export_jsonl(organization_id: str, filters: LogFilters) -> Iterator[str]:
    """Yield the events of the matching changes as JSON lines, in the order of the chain."""
    return events_jsonl(events_of_matching(organization_id, filters))


def changes_csv(changes: QuerySet[Change]) -> Iterator[str]:
    """Yield a line of column names, then a line for each change."""
    return csv_lines(COLUMNS, (_cells(change) for change in changes.iterator(chunk_size=_CHUNK)))


def events_jsonl(events: QuerySet[Any]) -> Iterator[str]:
    """Yield a line of JSON for each event."""
    return (line_of(event) + "\n" for event in events.iterator(chunk_size=_CHUNK))


def _cells(change: Change) -> list[Any]:
    values = {name: getattr(change, name) for name in COLUMNS}
    values["outcome"] = change.shown_outcome
    for name in ("requested_at", "resolved_at"):
        values[name] = format_time(values[name]) if values[name] else None
    return list(values.values())
