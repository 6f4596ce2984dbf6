"""Copy the logs of another database into this one, through the same triggers that every other row passes.

The triggers demand an order: the head of a log before its first event, the events by sequence, a change after its
events, and the records of an archive before its events leave the log. So nothing is switched off, and the database
itself refuses a log that is not whole.
"""

from collections.abc import Iterable, Iterator
from itertools import chain, groupby, islice
from typing import Any, Final, TypeVar

from django.db import connection
from django.db.models import Model

from accounts_ui.changes import archiver, change_index
from accounts_ui.changes.chain.records import FIRST_PREVIOUS_HASH
from accounts_ui.changes.models import (
    ActorName,
    Archive,
    ArchivedEvent,
    Change,
    Event,
    EventBase,
    IndexedChange,
    IndexPosition,
    LogHead,
    Share,
    Tally,
)
from accounts_ui.changes.schema.archive import make_partition

MODELS: Final[tuple[type[Model], ...]] = (LogHead, Event, Change, Archive, ArchivedEvent)
"""The models whose rows ``copy_logs`` copies."""

INDEX_MODELS: Final[tuple[type[Model], ...]] = (IndexPosition, IndexedChange, ActorName, Tally, Share)
"""The models of the index, which is made again from the changes."""

_CHUNK: Final = 1000
_EVENT_FIELDS: Final = tuple(field.attname for field in Event._meta.local_concrete_fields)

T = TypeVar("T")


def copy_logs(source: str) -> None:
    """Copy every log and archive of the database with this alias, in the transaction of the caller."""
    for head in LogHead.objects.using(source).order_by("organization_id"):
        _copy_log(source, head)
    copy_rows(Change.objects.using(source).order_by("organization_id", "last_sequence").iterator(_CHUNK), Change)
    records = Archive.objects.using(source).order_by("run", "organization_id")
    for run, parts in groupby(records, key=lambda record: record.run):
        _copy_archive_run(run, parts)
    for organization_id in change_index.lagging_logs():
        change_index.include_all(organization_id)


def _copy_log(source: str, head: LogHead) -> None:
    LogHead.objects.create(organization_id=head.organization_id, sequence=0, hash=FIRST_PREVIOUS_HASH)
    copy_rows(_events(source, head.organization_id), Event)
    end = {"sequence": head.sequence, "hash": head.hash, "key_id": head.key_id}
    LogHead.objects.filter(organization_id=head.organization_id).update(**end)


def _events(source: str, organization_id: str) -> Iterator[Event]:
    """Yield the archived events, which are the oldest, and then those of the log."""
    rows: Iterable[EventBase] = chain.from_iterable(
        model.objects.using(source).filter(organization_id=organization_id).order_by("sequence").iterator(_CHUNK)
        for model in (ArchivedEvent, Event)
    )
    for row in rows:
        yield Event(**{name: getattr(row, name) for name in _EVENT_FIELDS})


def _copy_archive_run(run: int, records: Iterable[Archive]) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            make_partition(cursor, run)
        for record in records:
            Archive.objects.bulk_create([record])
            archiver.move_events(cursor, record)


def copy_rows(rows: Iterator[Any], model: type[Model]) -> None:
    """Insert rows of another database."""
    for chunk in _chunks(rows):
        model._base_manager.bulk_create(chunk)


def _chunks(rows: Iterator[T]) -> Iterator[list[T]]:
    while chunk := list(islice(rows, _CHUNK)):
        yield chunk


def log_ends(alias: str) -> dict[str, tuple[int, str]]:
    """Return sequence and hash of the newest event of each log in a database."""
    return {head.organization_id: (head.sequence, head.hash) for head in LogHead.objects.using(alias)}
