"""Write an evidence pack as a stream: only a piece of it is in memory at a time.

All its contents come from one database snapshot. ``manifest.json`` comes last, because it has the hashes of all other
files; its ``signature`` is Ed25519 over the RFC 8785 canonical JSON of its other fields.
"""

import datetime
import hashlib
import json
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from django.db.models import Q

from accounts_ui.changes import event_storage, exports, queries
from accounts_ui.changes.chain.canonical_json import canonical_json
from accounts_ui.changes.chain.keys import signing_key
from accounts_ui.changes.chain.locking import consistent_read
from accounts_ui.changes.chain.record_bytes import record_hashes
from accounts_ui.changes.chain.records import format_time, key_id, public_text, record_line, record_of, sign
from accounts_ui.changes.checkpoints import statements
from accounts_ui.changes.checkpoints.leaves import all_leaves
from accounts_ui.changes.evidence import verify
from accounts_ui.changes.evidence.left_out import LeftOutNodes
from accounts_ui.changes.evidence.readme import readme
from accounts_ui.changes.models import Checkpoint, EventKind, LogHead
from accounts_ui.changes.queries import LogFilters
from console import clock

_PIECE: Final = 64 * 1024
_SPOOLED: Final = 4 * 1024 * 1024  # bytes of tree.jsonl in memory; more of them go to a file
_OF_THE_LOG: Final = (EventKind.KEY_CHANGED, EventKind.BREAK_ACKNOWLEDGED)  # without them the others do not verify


class KeyNotChanged(Exception):
    """The log does not yet end with an event of the current key, which has to sign the pack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackRequest:
    """What to pack, and for whom: ``made_by`` has issuer, subject, name and email."""

    organization_id: str
    organization_name: str
    filters: LogFilters
    made_by: dict[str, str]


def write_pack(request: PackRequest) -> Iterator[bytes]:
    """Yield the zip, piece by piece.

    Raises:
        KeyNotChanged: a change of the signing key has not reached this log.
        MissingLeaf: an event of the log is missing, and no checkpoint covers it.

    """
    sink = _Sink()
    with consistent_read():
        with ZipFile(sink, "w", ZIP_DEFLATED) as archive:
            yield from _entries(request, archive, sink)
        yield sink.take()


def _entries(request: PackRequest, archive: ZipFile, sink: "_Sink") -> Iterator[bytes]:
    key, now, organization_id = signing_key(), clock.now(), request.organization_id
    head = LogHead.objects.filter(pk=organization_id).first()  # the first read, which fixes the moment of the snapshot
    size = head.sequence if head else 0
    if head and size and head.key_id != key_id(key.public_key()):
        raise KeyNotChanged(organization_id)
    tree = statements.tree_at(organization_id, size)
    changes = event_storage.exclude_external(
        organization_id, queries.matching_changes(organization_id, request.filters)
    )
    external = event_storage.external_archives(organization_id).values()
    rows = _Counted(exports.changes_csv(organization_id, changes))
    manifest: dict[str, Any] = {
        "format": verify.FORMAT,
        "organization_id": organization_id,
        "filters": _named(request.filters),
        "made_at": format_time(now),
        "made_by": request.made_by,
        "held_elsewhere": [event_storage.archive_statement(stored) for stored in external],
    }
    with SpooledTemporaryFile(max_size=_SPOOLED, mode="w+", encoding="ascii") as left_out:
        events = _Counted(_event_lines(request, size, left_out))
        contents: dict[str, Iterable[str]] = {
            "README.txt": [readme(manifest, request.organization_name, statements.origin_of(organization_id), size)],
            "verify.py": [Path(verify.__file__).read_text(encoding="utf-8")],
            "public-key.txt": [public_text(key.public_key()) + "\n"],
            "checkpoint.txt": [statements.sign_tree(key, organization_id, tree)],
            "events.jsonl": events,
            "tree.jsonl": _read_back(left_out),
            "changes.csv": rows,
        }
        hashes: dict[str, str] = {}
        for name, texts in contents.items():
            hashes[name] = yield from _entry(archive, sink, name, now, texts)
    manifest |= {"files": hashes, "events": events.count, "changes": rows.count - 1}
    manifest["key_id"] = key_id(key.public_key())
    manifest["signature"] = sign(key, canonical_json(manifest))
    yield from _entry(archive, sink, "manifest.json", now, [_pretty(manifest)])


def _event_lines(request: PackRequest, size: int, left_out: Any) -> Iterator[str]:
    """Yield the lines of ``events.jsonl``. Write those of ``tree.jsonl``, which belong between them."""
    organization_id = request.organization_id
    cuts = Checkpoint.objects.filter(organization_id=organization_id).order_by("size")
    nodes = LeftOutNodes(all_leaves(organization_id, size), cuts.values_list("size", flat=True).iterator())
    for event in _events(request).iterator(chunk_size=2000):
        record = record_of(event)
        for line in (*nodes.up_to(record["sequence"] - 1), *nodes.with_leaf(record_hashes(record)[1])):
            left_out.write(json.dumps(line) + "\n")
        yield record_line(record) + "\n"
    for line in nodes.up_to(size):
        left_out.write(json.dumps(line) + "\n")


def _events(request: PackRequest) -> Any:
    """Return the events of the pack: all, or those of the matching changes and those that others need."""
    organization_id = request.organization_id
    if not _named(request.filters):
        return event_storage.stored_events(organization_id)
    changes = event_storage.exclude_external(
        organization_id, queries.matching_changes(organization_id, request.filters)
    )
    matching = Q(change_id__in=changes.order_by().values("change_id"))
    return event_storage.stored_events(organization_id, matching | Q(event__in=_OF_THE_LOG))


def _read_back(file: Any) -> Iterator[str]:
    """Yield what was written to the file by then."""
    file.seek(0)
    yield from iter(lambda: file.read(_PIECE), "")


def _entry(
    archive: ZipFile, sink: "_Sink", name: str, at: datetime.datetime, texts: Iterable[str]
) -> Generator[bytes, None, str]:
    """Write one file of the zip. Return its SHA-256."""
    info = ZipInfo(name, at.timetuple()[:6])
    info.compress_type = ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    digest = hashlib.sha256()
    with archive.open(info, "w", force_zip64=True) as entry:
        for text in texts:
            data = text.encode()
            digest.update(data)
            entry.write(data)
            if len(sink) >= _PIECE:
                yield sink.take()
    return digest.hexdigest()


def _named(filters: LogFilters) -> dict[str, str]:
    """Return the filters that are set, as text, without the page (a pack has all) and ``among`` (that is ``plan``)."""
    names = [field.name for field in fields(filters) if field.name not in ("page", "among")]
    values = {name: getattr(filters, name) for name in names}
    return {
        name: format_time(value) if isinstance(value, datetime.datetime) else value
        for name, value in values.items()
        if value
    }


def _pretty(document: Any) -> str:
    return json.dumps(document, indent=2) + "\n"


class _Counted:
    """An iterable of texts that counts them as they are read."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts, self.count = texts, 0

    def __iter__(self) -> Iterator[str]:
        for text in self.texts:
            self.count += 1
            yield text


class _Sink:
    """The file that the zip is written to. It cannot seek, and holds only what has not been sent yet."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def __len__(self) -> int:
        return len(self._waiting)

    def write(self, data: bytes) -> int:
        self._waiting += data
        return len(data)

    def flush(self) -> None:
        """Do nothing: there is no buffer below."""

    def close(self) -> None:
        """Do nothing: there is no file to close."""

    def take(self) -> bytes:
        """Return what was written since the last call."""
        taken = bytes(self._waiting)
        self._waiting.clear()
        return taken
