"""Verifies an evidence pack: ``python3 verify.py PACK.zip --public-key KEY``.

It needs Python 3.9 or newer and the package "cryptography", and nothing of the console that made the pack. PACK is the
zip or the folder that it was unpacked into. It exits with 1 at the first break, and prints its sequence and what is
wrong.
"""

from __future__ import annotations

import argparse
import base64
import csv
import hashlib
import io
import json
import re
import sys
import zipfile
import zlib
from pathlib import Path
from typing import Any, BinaryIO, Iterable, Iterator, NamedTuple  # noqa: UP035  (3.9)

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT = "org-accounts-console evidence 1"
FILES = ("README.txt", "verify.py", "public-keys.json", "checkpoint.json", "events.jsonl", "changes.csv")
FORMULA = re.compile(r"((?<!')'*[=+\-@＝＋－＠﹦﹢﹣﹫−])")
ACTOR = ("issuer", "subject", "name", "email")
FIELDS = {  # of a record, by the version of its format
    1: (
        *("v", "sequence", "change_id", "event", "at", "organization_id", "actor", "ip", "request_id"),
        *("action", "subject_id", "subject_name", "code", "type_name", "before", "after", "message"),
        *("outcome", "http_status", "detail", "detail_parts", "evidence"),
        *("key_id", "previous_hash", "hash", "signature"),
    ),
}
COLUMNS = (
    *("change_id", "requested_at", "resolved_at", "organization_id"),
    *(f"actor_{part}" for part in ACTOR),
    *("ip", "request_id", "action", "subject_id", "subject_name", "code", "type_name", "before", "after", "message"),
    *("outcome", "http_status", "detail"),
)
MOVING = ("after", "outcome", "http_status", "detail")  # of the newest event; the others are of the first
FROZEN = tuple(name for name in COLUMNS[3:] if name not in MOVING)
OPEN = ("pending", "unknown")
MAX_DOCUMENT_BYTES = 16 * 1024 * 1024  # bytes of a document that is read as a whole


class BrokenPack(Exception):
    """The pack does not verify: ``sequence`` of the first break, if known, and what is wrong."""

    def __init__(self, sequence: int | None, what: str) -> None:
        super().__init__(what if sequence is None else f"sequence {sequence}: {what}")


# --- RFC 8785 canonical JSON of the values of records ---------------------------------------------------------


def canonical(value: Any) -> bytes:
    """Return canonical JSON. Raises ``ValueError`` for numbers that are not exact integers and for invalid text."""
    try:
        return _canonical(value).encode("utf-8")
    except RecursionError:
        raise ValueError("too deep") from None


def _canonical(value: Any) -> str:
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if type(value) is str:
        return json.dumps(value, ensure_ascii=False)
    if type(value) is int and abs(value) < 2**53:
        return str(value)
    if type(value) is list:
        return "[" + ",".join(_canonical(item) for item in value) + "]"
    if type(value) is dict and all(type(name) is str for name in value):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(f"{_canonical(name)}:{_canonical(value[name])}" for name in names) + "}"
    raise ValueError(f"{value!r:.50} has no place in a record")


def read_json(text: str) -> Any:
    """Return the document. Raises ``ValueError`` for repeated names and for numbers that are not integers."""
    try:
        return json.loads(
            text, object_pairs_hook=_unique_names, parse_float=_reject_number, parse_constant=_reject_number
        )
    except RecursionError:
        raise ValueError("too deep") from None


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a name comes twice")
    return document


def _reject_number(text: str) -> Any:
    raise ValueError(f"{text:.50} is not a whole number")


# --- Keys -------------------------------------------------------------------------------------------------------


class PackKey(NamedTuple):
    """A public key, its position among the others, and the first and last sequence that it signs."""

    id: str
    public: Ed25519PublicKey
    position: int
    first: int
    last: int | None

    def why_not(self, sequence: int) -> str:
        """Return why the key cannot have signed this sequence; empty if it can."""
        if self.last is not None and sequence > self.last:
            return f"signed by the retired key {self.id} after the end of its range ({self.last})"
        if sequence < self.first:
            return f"signed by key {self.id}, which signs only from {self.first} on"
        return ""


def keyring(entries: Iterable[tuple[str, int | None]]) -> dict[str, PackKey]:
    """Return keys by id, from the base64 and last sequence of each, oldest first. Raises ``ValueError``."""
    keys: dict[str, PackKey] = {}
    first = 1
    for text, last in entries:
        raw = base64.b64decode(text.strip(), validate=True)
        name = hashlib.sha256(raw).hexdigest()[:16]
        if name in keys or (last is not None and last < first - 1):
            raise ValueError(f"key {name} comes twice, or ends before the one before it")
        keys[name] = PackKey(name, Ed25519PublicKey.from_public_bytes(raw), len(keys), first, last)
        first = first if last is None else last + 1
    return keys


def parse_key(text: str) -> tuple[str, int | None]:
    """Parse ``KEY`` or ``KEY@LAST``."""
    key, at, last = text.strip().partition("@")
    if at and not (last.isascii() and last.isdigit()):
        raise ValueError(f"{last!r} is not the number of an event")
    return key, int(last) if at else None


def packed_keys(document: Any) -> dict[str, PackKey]:
    """Return the keys of public-keys.json. Raises ``ValueError``."""
    if type(document) is not list or not all(type(entry) is dict for entry in document):
        raise ValueError("not a list of keys")
    for entry in document:
        if type(entry.get("public_key")) is not str or type(entry.get("last")) not in (int, type(None)):
            raise ValueError("not a list of keys, each with public_key and last")
    keys = keyring((entry["public_key"], entry["last"]) for entry in document)
    expected = [{"key_id": key.id, "first": key.first} for key in keys.values()]
    if [{name: entry.get(name) for name in ("key_id", "first")} for entry in document] != expected:
        raise ValueError("key_id or first is not what public_key and last make it")
    return keys


def is_signed(key: PackKey, message: bytes, signature: Any) -> bool:
    """Return whether ``signature`` is the signature of ``key`` over ``message``."""
    try:
        key.public.verify(base64.b64decode(str(signature), validate=True), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def signing_key_of(document: dict[str, Any], what: str, keys: dict[str, PackKey], sequence: int | None) -> PackKey:
    """Return the key that signed the document without ``signature``."""
    key = keys.get(str(document.get("key_id")))
    try:
        signed = canonical({name: value for name, value in document.items() if name != "signature"})
    except ValueError as error:
        raise BrokenPack(sequence, f"{what}: no canonical JSON: {error}") from None
    if key is None or not is_signed(key, signed, document.get("signature")):
        raise BrokenPack(sequence, f"{what} is not signed by a known key")
    return key


# --- The files --------------------------------------------------------------------------------------------------


class Pack:
    """The files of a pack, in a zip or a folder."""

    def __init__(self, path: Path) -> None:
        self.folder = path if path.is_dir() else None
        self.archive = None if self.folder else zipfile.ZipFile(path)

    def names(self) -> list[str]:
        """Return the names of the files in the pack."""
        if self.archive:
            return self.archive.namelist()
        return [path.name for path in self.folder.iterdir() if path.name != "__pycache__"] if self.folder else []

    def open(self, name: str) -> BinaryIO:
        """Open a file for reading bytes."""
        if self.archive:
            return self.archive.open(name)  # type: ignore[return-value]
        return (self.folder or Path()).joinpath(name).open("rb")

    def text(self, name: str, newline: str) -> io.TextIOWrapper:
        """Open a file for reading text."""
        return io.TextIOWrapper(self.open(name), encoding="utf-8", newline=newline)

    def document(self, name: str) -> Any:
        """Return the JSON document of a file."""
        with self.open(name) as file:
            data = file.read(MAX_DOCUMENT_BYTES + 1)
        try:
            if len(data) > MAX_DOCUMENT_BYTES:
                raise ValueError("too long")
            return read_json(data.decode("utf-8"))
        except ValueError as error:
            raise BrokenPack(None, f"{name} is not JSON as the console writes it: {error}") from None

    def sha256(self, name: str) -> str:
        """Return the SHA-256 of a file."""
        digest = hashlib.sha256()
        with self.open(name) as file:
            for piece in iter(lambda: file.read(1 << 16), b""):
                digest.update(piece)
        return digest.hexdigest()


# --- Verification -------------------------------------------------------------------------------------------


class ChangeSummary:
    """The state of a change after its events: the cells of its row in changes.csv, and its newest sequence."""

    def __init__(self) -> None:
        self.cells: dict[str, Any] = {}
        self.sequence = 0

    def add(self, record: dict[str, Any]) -> None:
        """Add the next event."""
        facts, self.sequence = columns_of(record), record["sequence"]
        if not self.cells:
            if record.get("event") != "requested":
                raise BrokenPack(
                    self.sequence, f"change {record.get('change_id')} begins here: its earlier events are missing"
                )
            self.cells = {name: facts[name] for name in (*FROZEN, "change_id")}
            self.cells["requested_at"] = record.get("at")
        self.cells.update({name: facts[name] for name in MOVING})
        self.cells["resolved_at"] = None if facts["outcome"] in OPEN else record.get("at")

    def differing_columns(self, row: dict[str, str]) -> list[str]:
        """Return the columns in which the row differs."""
        return [name for name in COLUMNS if not self._agrees(name, row[name])]

    def _agrees(self, name: str, cell: str) -> bool:
        value = self.cells[name]
        texts = ["" if value is None else str(value)]
        if name == "outcome" and value == "pending":
            texts.append("unknown")  # a pending change that no process can be executing any more
        return any(is_cell_of(text, cell) for text in texts)


def is_cell_of(text: str, cell: str) -> bool:
    """Return whether the cell holds the text, with or without the apostrophes that escape formulas."""
    parts = FORMULA.split(text)  # every second part is a formula character with the apostrophes before it
    for candidate in (cell, cell[1:]) if cell.startswith("'") else (cell,):
        cell_parts = FORMULA.split(candidate)
        pairs = enumerate(zip(parts, cell_parts))
        if len(cell_parts) == len(parts) and all(b in ((a, f"'{a}") if i % 2 else (a,)) for i, (a, b) in pairs):
            return True
    return False


def columns_of(record: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a record by the columns of changes.csv."""
    actor = record.get("actor")
    parts = actor if isinstance(actor, dict) else {}
    return {**dict.fromkeys(COLUMNS), **record, **{f"actor_{part}": parts.get(part) for part in ACTOR}}


class Verifier:
    """Verifies one pack with the keys to trust, and with checkpoints that were stored elsewhere, if any."""

    def __init__(self, pack: Pack, trusted: dict[str, PackKey], checkpoints: Iterable[str] = ()) -> None:
        self.pack, self.trusted, self.checkpoints = pack, trusted, checkpoints
        self.changes: dict[str, ChangeSummary] = {}
        self.count = self.last = 0

    def verify(self) -> None:
        """Verify the whole pack. Raises ``BrokenPack`` at the first break."""
        names = sorted(self.pack.names())
        if names != sorted((*FILES, "manifest.json")):
            raise BrokenPack(None, f"the pack has other files than expected: {', '.join(names)}")
        try:
            packed = packed_keys(self.pack.document("public-keys.json"))
        except ValueError as error:
            raise BrokenPack(None, f"public-keys.json: {error}") from None
        self.keys = self.trusted or packed
        self.manifest = self._manifest()
        self.checkpoint = self._checkpoint(self.pack.document("checkpoint.json"))
        if self.checkpoint["key_id"] != self.manifest["key_id"]:
            raise BrokenPack(None, "manifest and checkpoint are signed by different keys")
        self.checkpoint_hashes = {self.checkpoint["sequence"]: self.checkpoint["hash"]}
        for line in self.checkpoints:
            self._add_checkpoint(line)
        self._events()
        self._table()
        for what, count in (("events", self.count), ("changes", len(self.changes))):
            if self.manifest[what] != count:
                raise BrokenPack(None, f"the manifest counts {self.manifest[what]} {what}, and the pack holds {count}")
        for name in FILES:
            if self.manifest["files"][name] != self.pack.sha256(name):
                raise BrokenPack(None, f"{name} does not have the hash that the manifest says")

    def _manifest(self) -> dict[str, Any]:
        manifest = self.pack.document("manifest.json")
        if type(manifest) is not dict or manifest.get("format") != FORMAT:
            raise BrokenPack(None, f"manifest.json is not one of the format {FORMAT!r}")
        signing_key_of(manifest, "the manifest", self.keys, None)
        files, filters = manifest.get("files"), manifest.get("filters")
        if type(files) is not dict or sorted(files) != sorted(FILES) or type(filters) is not dict:
            raise BrokenPack(None, "the manifest does not name the files of a pack, and its filters")
        external = manifest.get("held_elsewhere", [])
        if type(external) is not list or not all(type(archive) is dict for archive in external):
            raise BrokenPack(None, "the manifest does not name what is held elsewhere as the console does")
        return manifest

    def _checkpoint(self, checkpoint: Any) -> dict[str, Any]:
        sequence = checkpoint.get("sequence") if type(checkpoint) is dict else None
        if type(sequence) is not int:
            raise BrokenPack(None, "this is not a checkpoint: it has no sequence number")
        if type(checkpoint.get("hash")) is not str:
            raise BrokenPack(sequence, "this is not a checkpoint: it has no hash")
        key = signing_key_of(checkpoint, "the checkpoint", self.keys, sequence)
        if key.last is not None and sequence > key.last:
            raise BrokenPack(sequence, f"the checkpoint is {key.why_not(sequence)}")
        return dict(checkpoint)

    def _add_checkpoint(self, line: str) -> None:
        checkpoint = self._checkpoint(read_json(line))
        sequence, end = checkpoint["sequence"], self.checkpoint
        if sequence > end["sequence"] and str(checkpoint.get("at")) <= str(end.get("at")):
            raise BrokenPack(
                sequence,
                "is covered by a checkpoint from before the pack was made, and missing: the end of the log was cut off",
            )
        if self.checkpoint_hashes.setdefault(sequence, checkpoint["hash"]) != checkpoint["hash"]:
            raise BrokenPack(sequence, "two checkpoints have different hashes for it: the log was rewritten")

    def _events(self) -> None:
        whole = self.manifest["events"] == self.checkpoint["sequence"]
        before, newest = "0" * 64, 0
        for record in self._records():
            sequence = record.get("sequence")
            if type(sequence) is not int:
                raise BrokenPack(self.last + 1, "the record has no sequence number")
            if sequence <= self.last:
                raise BrokenPack(sequence, f"comes after {self.last}: repeated, or out of order")
            if sequence != self.last + 1 and whole:
                raise BrokenPack(self.last + 1, f"is missing (the next record is {sequence})")
            verify_hash(sequence, record)
            verify_format(sequence, record)
            if sequence == self.last + 1 and record.get("previous_hash") != before:
                what = "previous_hash is not the hash of the record before: one was removed, inserted or rewritten"
                raise BrokenPack(sequence, what)
            newest = verify_signature(sequence, record, self.keys, newest)
            self._check_membership(sequence, record)
            self.changes.setdefault(str(record.get("change_id")), ChangeSummary()).add(record)
            self.count, self.last, before = self.count + 1, sequence, record["hash"]
        if whole and self.last < self.checkpoint["sequence"]:
            raise BrokenPack(
                self.checkpoint["sequence"], "is covered by the checkpoint and missing: the end of the log was cut off"
            )

    def _records(self) -> Iterator[dict[str, Any]]:
        with self.pack.text("events.jsonl", "\n") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    record = read_json(line)
                except ValueError:
                    raise BrokenPack(None, f"line {number} is not JSON") from None
                if type(record) is not dict:
                    raise BrokenPack(None, f"line {number} is not a JSON object")
                yield record

    def _check_membership(self, sequence: int, record: dict[str, Any]) -> None:
        """Raise ``BrokenPack`` if the record does not belong in this pack."""
        if self.checkpoint_hashes.get(sequence, record["hash"]) != record["hash"]:
            raise BrokenPack(sequence, "the checkpoint has another hash for it: the log was rewritten")
        if sequence > self.checkpoint["sequence"]:
            raise BrokenPack(sequence, "comes after the end of the log according to the checkpoint")
        if record.get("organization_id") != self.manifest.get("organization_id"):
            raise BrokenPack(sequence, "belongs to another organization than the manifest says")

    def _table(self) -> None:
        with self.pack.text("changes.csv", "") as lines:
            rows = csv.reader(lines, strict=True)
            try:
                self._rows(rows)
            except csv.Error as error:
                raise BrokenPack(None, f"changes.csv, line {rows.line_num}: {error}") from None

    def _rows(self, rows: Iterator[list[str]]) -> None:
        if tuple(next(rows, ())) != COLUMNS:
            raise BrokenPack(None, "changes.csv does not begin with the names of its columns")
        unlisted = dict(self.changes)
        for cells in rows:
            if len(cells) != len(COLUMNS):
                raise BrokenPack(None, f"changes.csv has a row of {len(cells)} cells")
            row = dict(zip(COLUMNS, cells))
            summary = unlisted.pop(row["change_id"], None)
            if summary is None:
                raise BrokenPack(None, f"changes.csv: change {row['change_id']} has no events, or is listed twice")
            if wrong := summary.differing_columns(row):
                what = f"changes.csv differs from the events of change {row['change_id']}: {', '.join(wrong)}"
                raise BrokenPack(summary.sequence, what)
        for name, summary in unlisted.items():
            raise BrokenPack(summary.sequence, f"change {name} has events and is missing in changes.csv")


def verify_hash(sequence: int, record: dict[str, Any]) -> None:
    """Raise ``BrokenPack`` if the record's content does not match its hash."""
    try:
        sealed = canonical({name: value for name, value in record.items() if name not in ("hash", "signature")})
    except ValueError as error:
        raise BrokenPack(sequence, f"no canonical JSON: {error}") from None
    if record.get("hash") != hashlib.sha256(sealed).hexdigest():
        raise BrokenPack(sequence, "the record's content does not match its hash: a field was changed")


def verify_format(sequence: int, record: dict[str, Any]) -> None:
    """Raise ``BrokenPack`` if the record has other fields than its format version."""
    version = record.get("v")
    if type(version) is not int or version not in FIELDS:
        raise BrokenPack(sequence, f"has the format version {version!r:.20}, which this verify.py does not know")
    expected = set(FIELDS[version])
    if missing := sorted(expected - set(record)):
        raise BrokenPack(sequence, f"lacks fields of format version {version}: {', '.join(missing)}")
    if extra := sorted(set(record) - expected):
        raise BrokenPack(sequence, f"has fields that format version {version} does not have: {', '.join(extra):.200}")


def verify_signature(sequence: int, record: dict[str, Any], keys: dict[str, PackKey], newest: int) -> int:
    """Return the position of the key that signed the record. Raises ``BrokenPack`` if no valid key did."""
    key = keys.get(str(record.get("key_id")))
    if key is None:
        raise BrokenPack(sequence, f"key_id: signed by a key that is not known here ({record.get('key_id')})")
    if not is_signed(key, bytes.fromhex(record["hash"]), record.get("signature")):
        raise BrokenPack(sequence, "signature: it is not that of its key")
    if why := key.why_not(sequence):
        raise BrokenPack(sequence, why)
    if key.position < newest:
        raise BrokenPack(sequence, f"signed by the retired key {key.id} after a newer key had begun to sign")
    return key.position


def main() -> int:
    """Read the command line, verify the pack and print the result."""
    parser = argparse.ArgumentParser(description="Verify an evidence pack of the Org Accounts Console.")
    parser.add_argument("pack", type=Path, help="the zip, or the folder that it was unpacked into")
    parser.add_argument("--public-key", action="append", default=[], metavar="KEY[@LAST]", help="oldest first")
    parser.add_argument("--checkpoint", type=Path, help="checkpoints that were stored elsewhere, one a line")
    options = parser.parse_args()
    csv.field_size_limit(MAX_DOCUMENT_BYTES)
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        trusted = keyring(parse_key(text) for text in options.public_key)
        checkpoint_lines = options.checkpoint.read_text(encoding="utf-8").split("\n") if options.checkpoint else []
        verifier = Verifier(Pack(options.pack), trusted, [line for line in checkpoint_lines if line.strip()])
        verifier.verify()
    except BrokenPack as broken:
        return _print(f"NOT verified. {broken}", 1)
    except (OSError, ValueError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        return _print(f"NOT verified. It cannot be read: {error}", 1)
    return _print(_summary(verifier), 0)


def _summary(verifier: Verifier) -> str:
    manifest, end = verifier.manifest, verifier.checkpoint
    filters = ", ".join(f"{name}: {value}" for name, value in manifest["filters"].items()) or "all changes"
    text = (
        f"Verified {verifier.count} events of {len(verifier.changes)} changes of organization"
        f" {manifest.get('organization_id')} ({filters}), to sequence {verifier.last}.\n"
        f"Made at {manifest.get('made_at')}, when the log ended at sequence {end['sequence']}, hash {end['hash']}."
    )
    for archive in manifest.get("held_elsewhere", []):
        text += (
            f"\nNot in it: events {archive.get('first_sequence')} to {archive.get('last_sequence')} and their changes,"
            f" archived in {archive.get('file')} (SHA-256 {archive.get('file_sha256')})."
        )
    if verifier.trusted:
        return text
    return text + (
        "\nThe keys came with the pack: this proves nothing about WHO made it. Get the console's public key from its"
        " operator, and verify again with --public-key."
    )


def _print(text: str, status: int) -> int:
    sys.stdout.write(text + "\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
