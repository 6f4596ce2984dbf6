"""Verify the records of a log's archives, and what was signed of the changes whose events are elsewhere."""

import hashlib

from django.db.models import Q

from accounts_ui.changes import event_storage
from accounts_ui.changes.chain.canonical_json import canonical_json
from accounts_ui.changes.chain.keyring import Keyring
from accounts_ui.changes.chain.records import ACTOR_FIELDS, format_time, is_signed
from accounts_ui.changes.event_storage import stored_events
from accounts_ui.changes.models import FACTS, Archive, ArchivedEvent, Change, EventKind
from accounts_ui.changes.tree.compact_range import load_range
from accounts_ui.changes.verification.breaks import BrokenLog


def changes_digest(organization_id: str, first: int, last: int) -> str:
    """Return the digest of the changes that end in this part of a log: SHA-256 over a line of canonical JSON of each.

    An archive's record signs it. Once the part's events are outside the database, nothing else shows that the changes
    still say what the events said.
    """
    digest = hashlib.sha256()
    changes = Change.objects.filter(organization_id=organization_id, last_sequence__range=(first, last))
    for change in changes.order_by("last_sequence").iterator(chunk_size=2000):
        digest.update(canonical_json(_statement(change)) + b"\n")
    return digest.hexdigest()


def _statement(change: Change) -> dict[str, object]:
    facts = {name: getattr(change, name) for name in FACTS if name.removeprefix("actor_") not in ACTOR_FIELDS}
    return {
        **facts,
        "actor": {part: getattr(change, f"actor_{part}") for part in ACTOR_FIELDS},
        "change_id": str(change.change_id),
        "requested_at": format_time(change.requested_at),
        "resolved_at": format_time(change.resolved_at) if change.resolved_at else None,
        "last_sequence": change.last_sequence,
    }


def verify_archives(organization_id: str, keyring: Keyring) -> tuple[dict[int, Archive], list[str]]:
    """Return the archives that are outside this database by first sequence, and what cannot be verified of them.

    Raises:
        BrokenLog: a record of an archive is unsigned, leaves a gap, or differs from the log or the changes.

    """
    external, remarks, last = event_storage.external_archives(organization_id), [], 0
    for archive in event_storage.archives_of(organization_id):
        _verify_record(archive, keyring, last)
        last = archive.last_sequence
        if archive.first_sequence in external:
            remarks.append(
                f"NOT verified, because they are not in this database: {event_storage.describe_archive(archive)}."
            )
            remarks.extend(_verify_external(archive))
    unrecorded = ArchivedEvent.objects.filter(organization_id=organization_id, sequence__gt=last).order_by("sequence")
    for event in unrecorded[:1]:
        raise BrokenLog(event.sequence, "is in the archive, which has no record of that")
    return external, remarks


def _verify_record(archive: Archive, keyring: Keyring, last: int) -> None:
    end = archive.last_sequence
    statement = canonical_json(event_storage.archive_statement(archive))
    keys = [period for period in keyring.periods if period.id == archive.key_id]
    if not any(is_signed(period.public, statement, archive.signature) for period in keys):
        raise BrokenLog(end, "the record of the archive is not what was signed by a key of this log")
    positions = keyring.periods
    if positions.index(keys[0]) < positions.index(keyring.at(end)):
        raise BrokenLog(end, f"the record of the archive is signed by the former key {keys[0].id}")
    if archive.first_sequence != last + 1:
        raise BrokenLog(last + 1, "the record of the archive that begins here is missing")
    try:
        tree = load_range(archive.tree)
    except ValueError:
        raise BrokenLog(end, "the record of the archive has no tree") from None
    if (tree.begin, tree.end) != (0, end):
        raise BrokenLog(end, "the record of the archive has a tree of another size")
    for hash_, _ in stored_events(archive.organization_id, sequence=end).values_list("hash", "sequence"):
        if hash_ != archive.hash:
            raise BrokenLog(end, "the record of the archive has another hash for it: the log was rewritten")


def _verify_external(archive: Archive) -> list[str]:
    """Compare the changes of an external part with what was signed of them. Return what cannot be compared."""
    first, last = archive.first_sequence, archive.last_sequence
    if changes_digest(archive.organization_id, first, last) == archive.changes_digest:
        return ["The changes of these events are as they were when they were archived."]
    # A late answer moves a change out of its part. Then the digest of the rest cannot be made any more.
    later = stored_events(archive.organization_id, ~Q(change_id=None), event=EventKind.RESOLVED, sequence__gt=last)
    answered = {change_id for change_id, _ in later.values_list("change_id", "sequence")}
    requested = stored_events(archive.organization_id, event=EventKind.REQUESTED, change_id__in=answered)
    answered -= {change_id for change_id, _ in requested.values_list("change_id", "sequence")}
    if not answered:
        raise BrokenLog(last, "the changes of this archive are not those that its record signs: they were rewritten")
    return [f"The changes of these events CANNOT be verified here: {len(answered)} of them had a later answer."]
