"""Where events are stored: in the log or in its archive; and which archives are external, outside this database."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts_ui.changes.chain.records import format_time
from accounts_ui.changes.models import Archive, ArchivedEvent, Change, Checkpoint, Event, EventBase, EventKind, LogHead

ExternalArchives = Mapping[int, Archive]
"""An organization's archives whose events are all outside this database, by their first sequence."""

_PLACES: Final = (ArchivedEvent, Event)
_TABLES: Final = (*_PLACES, LogHead, Change, Archive, Checkpoint)


@dataclass(frozen=True, slots=True)
class StoredArchive:
    """An archive, and whether its events are outside this database."""

    archive: Archive
    is_external: bool


def stored_events(organization_id: str, *conditions: Any, **named: Any) -> QuerySet[Any]:
    """Return the matching events of an organization's log and archive, in the order of the log.

    It is one query, so that an event that is being moved is returned exactly once. A ``values_list`` of it has to
    include ``sequence``.
    """
    current = Event.objects.filter(*conditions, organization_id=organization_id, **named).order_by()
    archived = ArchivedEvent.objects.filter(*conditions, organization_id=organization_id, **named).order_by()
    return current.union(archived.defer("run"), all=True).order_by("sequence")


def stored_organizations() -> set[str]:
    """Return every organization that a row of the log's tables names, whether or not it has a head."""
    return {
        name
        for table in _TABLES
        for name in table.objects.order_by().values_list("organization_id", flat=True).distinct()
    }


def external_archives(organization_id: str) -> dict[int, Archive]:
    """Return the external archives by first sequence. A database that has any event of an archive has all of them."""
    inside = {
        "organization_id": organization_id,
        "sequence__gte": OuterRef("first_sequence"),
        "sequence__lte": OuterRef("last_sequence"),
    }
    here = Q()
    for place in _PLACES:
        here |= Q(Exists(place.objects.filter(**inside)))
    return {archive.first_sequence: archive for archive in archives_of(organization_id).exclude(here)}


def archives_of(organization_id: str) -> QuerySet[Archive]:
    """Return the records of the organization's archives, oldest first."""
    return Archive.objects.filter(organization_id=organization_id).order_by("last_sequence")


def list_archives(organization_id: str) -> list[StoredArchive]:
    """Return all archives of the organization, oldest first."""
    external = external_archives(organization_id)
    return [StoredArchive(archive, archive.first_sequence in external) for archive in archives_of(organization_id)]


def external_archive_of(change: Change, events: list[EventBase]) -> Archive | None:
    """Return the external archive that holds the first events of a change, if only ``events`` are in this database."""
    before = events[0].sequence if events else change.last_sequence + 1
    return max(
        (archive for archive in external_archives(change.organization_id).values() if archive.first_sequence < before),
        key=lambda archive: archive.last_sequence,
        default=None,
    )


def marked(organization_id: str, changes: Iterable[Change]) -> Iterator[Change]:
    """Yield the changes, and mark those whose events are all outside this database: they cannot be verified here."""
    external = external_archives(organization_id).values()
    bounds = [(archive.first_sequence, archive.last_sequence) for archive in external]
    for change in changes:
        change.is_elsewhere = any(first <= change.last_sequence <= last for first, last in bounds)
        yield change


def exclude_external(organization_id: str, changes: QuerySet[Change]) -> QuerySet[Change]:
    """Return the organization's changes whose first event is in this database, and with it all others."""
    if not external_archives(organization_id):
        return changes
    first = {"change_id": OuterRef("change_id"), "event": EventKind.REQUESTED}
    return changes.filter(Q(*(Q(Exists(place.objects.filter(**first))) for place in _PLACES), _connector=Q.OR))


def archive_line(archive: Archive) -> str:
    """Return the statement of an archive as one line of JSON, ``signature`` included."""
    return json.dumps({**archive_statement(archive), "signature": archive.signature}, separators=(",", ":"))


def describe_archive(archive: Archive) -> str:
    """Describe the archive for the command line."""
    return (
        f"events {archive.first_sequence} to {archive.last_sequence} of {archive.organization_id},"
        f" archived on {archive.at:%Y-%m-%d} by {archive.by}"
        f" in {archive.file} (SHA-256 {archive.file_sha256})"
    )


def archive_statement(archive: Archive) -> dict[str, Any]:
    """Return the statement of an archive as it is signed, without ``signature``."""
    return {
        "organization_id": archive.organization_id,
        "run": archive.run,
        "first_sequence": archive.first_sequence,
        "last_sequence": archive.last_sequence,
        "hash": archive.hash,
        "tree": archive.tree,
        "changes_digest": archive.changes_digest,
        "file": archive.file,
        "file_sha256": archive.file_sha256,
        "by": archive.by,
        "at": format_time(archive.at),
        "key_id": archive.key_id,
    }
