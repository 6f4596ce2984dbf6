"""Move the oldest part of the log to the archive: export, sign and move it in one transaction. Nothing is deleted."""

import datetime
import hashlib
import json
import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Final

from django.db import connection, transaction
from django.db.models import OuterRef, Subquery

from accounts_ui.changes import event_storage, queries
from accounts_ui.changes.chain.keys import public_keys, signing_key
from accounts_ui.changes.chain.locking import consistent_read, lock_archive
from accounts_ui.changes.chain.records import FIRST_PREVIOUS_HASH, canonical_json, key_id, sign
from accounts_ui.changes.checkpoints import statements
from accounts_ui.changes.exports import events_jsonl
from accounts_ui.changes.models import OPEN_OUTCOMES, Archive, Change, Event
from accounts_ui.changes.schema.archive import COLUMNS, make_partition
from accounts_ui.changes.verification.verify_log import (
    BrokenLog,
    VerifiedPart,
    database_records,
    read_export,
    verify_prefix,
)
from console import clock

logger = logging.getLogger("console.checkpoints")

_MOVE: Final = (
    f"INSERT INTO changes_archivedevent ({COLUMNS}) SELECT {COLUMNS} FROM changes_event "
    "WHERE sequence BETWEEN %s AND %s ORDER BY sequence"
)
_LET_GO: Final = "DELETE FROM changes_event WHERE sequence BETWEEN %s AND %s"


class NotArchived(Exception):
    """Nothing was archived; the message says why."""


@dataclass(frozen=True, slots=True)
class ArchivePart:
    """The part of the log to archive: from the event after ``after`` up to ``last``, which has this ``hash``.

    ``last`` is less than ``first`` if there is nothing to archive. ``kept_back`` is the change that limits the part: it
    began within the requested range, and was not resolved within it.
    """

    after: VerifiedPart
    last: int
    hash: str
    kept_back: Change | None

    @property
    def first(self) -> int:
        """Return the sequence of its first event."""
        return self.after.sequence + 1

    @property
    def count(self) -> int:
        """Return the number of its events."""
        return self.last - self.after.sequence


@dataclass(frozen=True, slots=True)
class ArchiveFiles:
    """The paths of the export and of the signed checkpoint of a part."""

    export: Path
    checkpoint: Path

    @classmethod
    def of(cls, part: ArchivePart, folder: Path) -> "ArchiveFiles":
        """Return the files of a part, named after its bounds."""
        name = f"changes-{part.first}-{part.last}"
        return cls(folder / f"{name}.jsonl", folder / f"{name}.checkpoint.json")

    def remove(self) -> None:
        """Remove the files after a failure."""
        for path in (self.export, self.checkpoint):
            path.unlink(missing_ok=True)


def last_event_before(moment: datetime.datetime) -> int:
    """Return the sequence of the last event before this moment."""
    later = Event.objects.filter(at__gte=moment).order_by("sequence").values_list("sequence", flat=True).first()
    return queries.end_of_chain() if later is None else later - 1


def choose_part(through: int) -> ArchivePart:
    """Return the longest part up to ``through`` with complete, resolved changes only. The newest event always stays."""
    former = Archive.objects.order_by("-last_sequence").first()
    after = VerifiedPart(0, former.last_sequence, former.hash) if former else VerifiedPart(0, 0, FIRST_PREVIOUS_HASH)
    last, kept_back = _whole_up_to(after.sequence + 1, min(through, queries.end_of_chain() - 1))
    hash_ = Event.objects.filter(sequence=last).values_list("hash", flat=True).first()
    return ArchivePart(after, last, hash_ or after.hash, kept_back)


def _whole_up_to(first: int, last: int) -> tuple[int, Change | None]:
    """Return the last sequence before which every change is resolved, and the change that limits it, if any."""
    events = Event.objects.filter(sequence__gte=first, sequence__lte=last)
    began = Event.objects.filter(change_id=OuterRef("change_id")).order_by("sequence").values("sequence")[:1]
    changes = Change.objects.filter(change_id__in=events.values("change_id")).annotate(began=Subquery(began))
    is_open = changes.filter(outcome__in=OPEN_OUTCOMES).order_by()
    resolved = changes.exclude(outcome__in=OPEN_OUTCOMES).order_by("-last_sequence")
    kept_back = None
    for change in chain(is_open.iterator(), resolved.iterator(chunk_size=500)):
        if not change.is_open and change.last_sequence <= last:
            break  # the others end even earlier
        first_sequence: int = change.began  # type: ignore[attr-defined]  # annotated above; chain() loses that
        if first_sequence <= last:
            last, kept_back = first_sequence - 1, change
    return last, kept_back


def verify_archive_part(part: ArchivePart) -> None:
    """Verify the part, the triggers and the checkpoints. Raises ``BrokenLog``."""
    with consistent_read():
        verify_prefix(database_records(part.after.sequence, part.last), public_keys(), part.after, part.last)


def archive_part(part: ArchivePart, files: ArchiveFiles, *, by: str) -> Archive:
    """Write the files, verify what was written, and move the part. If a step fails, nothing is moved.

    Raises:
        NotArchived: a file exists already or cannot be written, or the part has changed since.
        BrokenLog: what was written does not verify.
        django.db.Error: the database refused.

    """
    try:
        digest = _write(part, files)
        with consistent_read(), files.export.open(encoding="utf-8", newline="\n") as lines:
            verify_prefix(read_export(lines), public_keys(), part.after, part.last)
    except FileExistsError as error:
        raise NotArchived(f"{error.filename} is there already, and is not overwritten.") from None
    except OSError as error:
        files.remove()
        raise NotArchived(f"The files cannot be written: {error}") from None
    except BrokenLog:
        files.remove()
        raise
    return _move(part, _record(part, files, digest, by))  # whatever fails from here on, the files stay


def _write(part: ArchivePart, files: ArchiveFiles) -> str:
    """Write both files durably, never over existing ones. Return the SHA-256 of the export."""
    digest = hashlib.sha256()
    with files.checkpoint.open("x", encoding="utf-8") as file:
        statement = statements.sign_event(signing_key(), Event.objects.get(sequence=part.last))
        _write_out(file, [json.dumps(statement) + "\n"])
    try:
        with consistent_read(), files.export.open("xb") as export:
            for line in events_jsonl(Event.objects.filter(sequence__gte=part.first, sequence__lte=part.last)):
                digest.update(line.encode())
                export.write(line.encode())
            _sync(export)
    except FileExistsError:
        files.checkpoint.unlink()
        raise
    folder = os.open(files.export.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
    return digest.hexdigest()


def _write_out(file: IO[str], lines: Iterable[str]) -> None:
    file.writelines(lines)
    _sync(file)


def _sync(file: IO[str] | IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _record(part: ArchivePart, files: ArchiveFiles, digest: str, by: str) -> Archive:
    key = signing_key()
    record = Archive(
        first_sequence=part.first,
        last_sequence=part.last,
        hash=part.hash,
        file=files.export.name,
        file_sha256=digest,
        by=by,
        at=clock.now(),
        key_id=key_id(key.public_key()),
    )
    record.signature = sign(key, canonical_json(event_storage.archive_statement(record)))
    return record


def _move(part: ArchivePart, record: Archive) -> Archive:
    bounds = [part.first, part.last]
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        lock_archive()
        record.save(force_insert=True)
        if connection.vendor == "postgresql":
            make_partition(cursor, part.first, part.last)
        for statement in (_MOVE, _LET_GO):
            cursor.execute(statement, bounds)
            if cursor.rowcount != part.count:
                raise NotArchived(f"{cursor.rowcount} events were found instead of {part.count}. Nothing was moved.")
    logger.info("%s", event_storage.archive_line(record))
    return record
