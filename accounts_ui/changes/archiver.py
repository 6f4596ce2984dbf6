"""Move the oldest parts of the logs to the archive: exported, signed, in one transaction. Nothing is deleted."""

import datetime
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import Max, OuterRef, Subquery

from accounts_ui.changes import event_storage, queries
from accounts_ui.changes.archive_files import ArchiveFiles, FileDiffers, write_file
from accounts_ui.changes.chain.canonical_json import canonical_json
from accounts_ui.changes.chain.keys import public_key, signing_key
from accounts_ui.changes.chain.locking import consistent_read, lock_archive
from accounts_ui.changes.chain.records import key_id, sign
from accounts_ui.changes.checkpoints import statements
from accounts_ui.changes.event_storage import stored_events
from accounts_ui.changes.exports import events_jsonl
from accounts_ui.changes.models import OPEN_OUTCOMES, Archive, Change, Event
from accounts_ui.changes.schema.archive import COLUMNS, make_partition
from accounts_ui.changes.tree.compact_range import load_range
from accounts_ui.changes.verification.archives import changes_digest
from accounts_ui.changes.verification.breaks import BrokenLog
from accounts_ui.changes.verification.export_file import verify_export
from accounts_ui.changes.verification.verify_log import Position, verify_prefix
from console import clock

logger = logging.getLogger("console.checkpoints")

_MOVE: Final = (
    f"INSERT INTO changes_archivedevent ({COLUMNS}, run) SELECT {COLUMNS}, %(run)s FROM changes_event "
    "WHERE organization_id = %(organization_id)s AND sequence BETWEEN %(first)s AND %(last)s ORDER BY sequence"
)
_LET_GO: Final = (
    "DELETE FROM changes_event WHERE organization_id = %(organization_id)s AND sequence BETWEEN %(first)s AND %(last)s"
)


class NotArchived(Exception):
    """Nothing was archived; the message says why."""


@dataclass(frozen=True, slots=True)
class ArchivePart:
    """The part of a log to archive: from the event after ``after`` up to ``last``, which has this ``hash``.

    ``last`` is less than ``first`` if there is nothing to archive. ``kept_back`` is the change that limits the part: it
    began within the requested range, and was not resolved within it.
    """

    organization_id: str
    after: Position
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

    def files(self, folder: Path) -> ArchiveFiles:
        """Return the paths of its files."""
        return ArchiveFiles.of(self.organization_id, self.first, self.last, folder)


def last_event_before(organization_id: str, moment: datetime.datetime) -> int:
    """Return the sequence of the organization's last event before this moment."""
    later = Event.objects.filter(organization_id=organization_id, at__gte=moment).order_by("sequence")
    first = later.values_list("sequence", flat=True).first()
    return queries.end_of_log(organization_id) if first is None else first - 1


def choose_part(organization_id: str, through: int) -> ArchivePart:
    """Return the longest part up to ``through`` with complete, resolved changes only. The newest event always stays."""
    former = event_storage.archives_of(organization_id).last()
    after = Position(former.last_sequence, former.hash, load_range(former.tree)) if former else Position()
    end = queries.end_of_log(organization_id)
    last, kept_back = _whole_up_to(organization_id, after.sequence + 1, min(through, end - 1))
    at_last = Event.objects.filter(organization_id=organization_id, sequence=last)
    hash_ = at_last.values_list("hash", flat=True).first()
    return ArchivePart(organization_id, after, last, hash_ or after.hash, kept_back)


def _whole_up_to(organization_id: str, first: int, last: int) -> tuple[int, Change | None]:
    """Return the last sequence before which every change is resolved, and the change that limits it, if any."""
    events = Event.objects.filter(organization_id=organization_id, sequence__gte=first, sequence__lte=last)
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
    verify_prefix(part.organization_id, public_key(), part.after, part.last)


def archive_parts(parts: Sequence[ArchivePart], folder: Path, *, by: str) -> list[Archive]:
    """Write the files of each part, verify what was written, and move all parts as one run, or none.

    Raises:
        NotArchived: a file exists with another content or cannot be written, or a part has changed since.
        BrokenLog: what was written does not verify.
        django.db.Error: the database refused.

    """
    records = []
    for part in parts:
        verify_archive_part(part)
        _cover(part)
        files = part.files(folder)
        records.append(_record(part, files, _export(part, files), by))
    _move(records)  # if this fails, it may have happened: the files stay, and the next run takes them over
    for record in records:
        logger.info("%s", event_storage.archive_line(record))
    return records


def _cover(part: ArchivePart) -> None:
    """See to it that a checkpoint has the part's leaf hashes: without them, no pack could place what follows.

    Raises:
        NotArchived: none could be emitted.

    """
    statements.emit_checkpoint(part.organization_id)
    newest = statements.newest_checkpoint(part.organization_id)
    if newest is None or newest.size < part.last:
        raise NotArchived(f"No checkpoint covers event {part.last} of {part.organization_id}. Run verify_changes.")


def _export(part: ArchivePart, files: ArchiveFiles) -> str:
    """Write the files of a part and verify them. Return the SHA-256 of the export."""
    written: list[Path] = []
    try:
        with consistent_read():
            _write(part, files, written)
        before = _end_statement(part, part.after) if part.after.sequence else ""
        kept = files.checkpoint.read_text(encoding="utf-8")
        verify_export(files.export, public_key(), kept=kept, after=before)
        return files.export_digest()
    except FileDiffers as error:
        raise NotArchived(str(error)) from None
    except (OSError, BrokenLog) as error:
        for path in written:
            path.unlink(missing_ok=True)
        if isinstance(error, BrokenLog):
            raise
        raise NotArchived(f"The files cannot be written: {error}") from None


def _write(part: ArchivePart, files: ArchiveFiles, written: list[Path]) -> None:
    """Write the files, and add those that were not there yet to ``written``."""
    tree = statements.tree_at(part.organization_id, part.last)
    note = statements.sign_tree(signing_key(), part.organization_id, tree)
    if write_file(files.checkpoint, [note], _is_same_note):
        written.append(files.checkpoint)
    if write_file(files.end, [_end_statement(part, Position(part.last, part.hash, tree))], _is_same_end):
        written.append(files.end)
    events = stored_events(part.organization_id, sequence__range=(part.first, part.last))
    if write_file(files.export, events_jsonl(events)):
        written.append(files.export)


def _end_statement(part: ArchivePart, end: Position) -> str:
    return statements.end_statement(signing_key(), part.organization_id, end.sequence, end.hash, end.tree)


def _is_same_note(one: Path, other: Path) -> bool:
    """Return whether two checkpoints are of the same tree, whichever key signed them."""
    texts = [path.read_text(encoding="utf-8", errors="replace").partition("\n\n")[0] for path in (one, other)]
    return texts[0] == texts[1]


def _is_same_end(one: Path, other: Path) -> bool:
    """Return whether two statements are about the same end, whichever key signed them."""
    try:
        ends = [json.loads(path.read_text(encoding="utf-8")) for path in (one, other)]
        return all(ends[0][name] == ends[1][name] for name in ("organization_id", "sequence", "hash", "tree"))
    except (ValueError, KeyError, TypeError):
        return False


def _record(part: ArchivePart, files: ArchiveFiles, digest: str, by: str) -> Archive:
    """Return the record of a part, which is signed once the number of its run is known."""
    return Archive(
        organization_id=part.organization_id,
        first_sequence=part.first,
        last_sequence=part.last,
        hash=part.hash,
        tree=statements.tree_at(part.organization_id, part.last).dump(),
        file=files.export.name,
        file_sha256=digest,
        by=by,
        at=clock.now(),
        key_id=key_id(signing_key().public_key()),
    )


def _move(records: Sequence[Archive]) -> None:
    """Sign and store the records, and move their events, in one transaction."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        lock_archive()
        run = (Archive.objects.aggregate(last=Max("run"))["last"] or 0) + 1
        if connection.vendor == "postgresql":
            make_partition(cursor, run)
        for record in records:
            record.run = run
            bounds = (record.first_sequence, record.last_sequence)
            record.changes_digest = changes_digest(record.organization_id, *bounds)
            record.signature = sign(signing_key(), canonical_json(event_storage.archive_statement(record)))
            record.save(force_insert=True)
            move_events(cursor, record)


def move_events(cursor: CursorWrapper, record: Archive) -> None:
    """Move the events that the record is about from the log to the archive. The record has to be stored already."""
    first, last = record.first_sequence, record.last_sequence
    bounds: dict[str, str | int] = {"organization_id": record.organization_id, "first": first, "last": last}
    for statement, values in ((_MOVE, {**bounds, "run": record.run}), (_LET_GO, bounds)):
        cursor.execute(statement, values)
        count = last - first + 1
        if cursor.rowcount != count:
            raise NotArchived(f"{cursor.rowcount} events were found instead of {count}. Nothing was moved.")
