"""Where events are stored: in the log or in its archive; and which archives are external, outside this database."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts_ui.changes.chain.records import format_time
from accounts_ui.changes.models import Archive, ArchivedEvent, Change, Event, EventBase, EventKind

ExternalArchives = Mapping[int, Archive]
"""Archives whose events are all outside this database, by their first sequence."""

_PLACES: Final = (ArchivedEvent, Event)


@dataclass(frozen=True, slots=True)
class StoredArchive:
    """An archive, and whether its events are outside this database."""

    archive: Archive
    is_external: bool


def stored_events(*conditions: Any, **named: Any) -> QuerySet[Any]:
    """Return the matching events of log and archive, in the order of the chain.

    It is one query, so that an event that is being moved is returned exactly once. A ``values_list`` of it has to
    include ``sequence``.
    """
    archived, current = (place.objects.filter(*conditions, **named).order_by() for place in _PLACES)
    return archived.union(current, all=True).order_by("sequence")


def external_archives() -> dict[int, Archive]:
    """Return the external archives by first sequence. A database that has any event of an archive has all of them."""
    inside = {"sequence__gte": OuterRef("first_sequence"), "sequence__lte": OuterRef("last_sequence")}
    here = Q()
    for place in _PLACES:
        here |= Q(Exists(place.objects.filter(**inside)))
    return {archive.first_sequence: archive for archive in Archive.objects.exclude(here)}


def list_archives() -> list[StoredArchive]:
    """Return all archives, oldest first."""
    external = external_archives()
    return [StoredArchive(archive, archive.first_sequence in external) for archive in Archive.objects.all()]


def external_archive_of(change: Change, events: list[EventBase]) -> Archive | None:
    """Return the external archive that holds the first events of a change, if only ``events`` are in this database."""
    before = events[0].sequence if events else change.last_sequence + 1
    return max(
        (archive for archive in external_archives().values() if archive.first_sequence < before),
        key=lambda archive: archive.last_sequence,
        default=None,
    )


def exclude_external(changes: QuerySet[Change]) -> QuerySet[Change]:
    """Return the changes whose first event is in this database, and with it all others."""
    if not external_archives():
        return changes
    first = {"change_id": OuterRef("change_id"), "event": EventKind.REQUESTED}
    return changes.filter(Q(*(Q(Exists(place.objects.filter(**first))) for place in _PLACES), _connector=Q.OR))


def archive_line(archive: Archive) -> str:
    """Return the statement of an archive as one line of JSON, ``signature`` included."""
    return json.dumps({**archive_statement(archive), "signature": archive.signature}, separators=(",", ":"))


def describe_archive(archive: Archive) -> str:
    """Describe the archive for the command line."""
    return (
        f"events {archive.first_sequence} to {archive.last_sequence}, archived on {archive.at:%Y-%m-%d} by {archive.by}"
        f" in {archive.file} (SHA-256 {archive.file_sha256})"
    )


def archive_statement(archive: Archive) -> dict[str, Any]:
    """Return the statement of an archive as it is signed, without ``signature``."""
    return {
        "first_sequence": archive.first_sequence,
        "last_sequence": archive.last_sequence,
        "hash": archive.hash,
        "file": archive.file,
        "file_sha256": archive.file_sha256,
        "by": archive.by,
        "at": format_time(archive.at),
        "key_id": archive.key_id,
    }
