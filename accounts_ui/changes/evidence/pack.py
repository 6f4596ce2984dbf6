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
from typing import Any, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from accounts_ui.changes import event_storage, exports, queries
from accounts_ui.changes.chain.keys import public_keys, signing_key
from accounts_ui.changes.chain.locking import consistent_read
from accounts_ui.changes.chain.records import canonical_json, format_time, key_id, sign
from accounts_ui.changes.checkpoints import statements
from accounts_ui.changes.evidence import verify
from accounts_ui.changes.evidence.readme import readme
from accounts_ui.changes.queries import LogFilters
from console import clock

_PIECE: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class PackRequest:
    """What to pack, and for whom: ``made_by`` has issuer, subject, name and email."""

    organization_id: str
    organization_name: str
    filters: LogFilters
    made_by: dict[str, str]


def write_pack(request: PackRequest) -> Iterator[bytes]:
    """Yield the zip, piece by piece."""
    sink = _Sink()
    with consistent_read():
        with ZipFile(sink, "w", ZIP_DEFLATED) as archive:
            yield from _entries(request, archive, sink)
        yield sink.take()


def _entries(request: PackRequest, archive: ZipFile, sink: "_Sink") -> Iterator[bytes]:
    key, now = signing_key(), clock.now()
    checkpoint = statements.sign_current_end(key)  # the first read, which fixes the moment of the snapshot
    changes = event_storage.exclude_external(queries.matching_changes(request.organization_id, request.filters))
    external = [event_storage.archive_statement(stored) for stored in event_storage.external_archives().values()]
    events = _Counted(exports.events_jsonl(queries.events_of_changes(request.organization_id, changes)))
    rows = _Counted(exports.changes_csv(changes))
    manifest: dict[str, Any] = {
        "format": verify.FORMAT,
        "organization_id": request.organization_id,
        "filters": _named(request.filters),
        "made_at": format_time(now),
        "made_by": request.made_by,
        **({"held_elsewhere": external} if external else {}),
    }
    contents: dict[str, Iterable[str]] = {
        "README.txt": [readme(manifest, request.organization_name, checkpoint)],
        "verify.py": [Path(verify.__file__).read_text(encoding="utf-8")],
        "public-keys.json": [_pretty(public_keys().as_document())],
        "checkpoint.json": [json.dumps(checkpoint) + "\n"],  # on one line, as stored checkpoints are
        "events.jsonl": events,
        "changes.csv": rows,
    }
    hashes: dict[str, str] = {}
    for name, texts in contents.items():
        hashes[name] = yield from _entry(archive, sink, name, now, texts)
    manifest |= {"files": hashes, "events": events.count, "changes": rows.count - 1}
    manifest["key_id"] = key_id(key.public_key())
    manifest["signature"] = sign(key, canonical_json(manifest))
    yield from _entry(archive, sink, "manifest.json", now, [_pretty(manifest)])


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
