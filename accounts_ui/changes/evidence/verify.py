"""Verifies an evidence pack: ``python3 verify.py PACK.zip --public-key KEY``.

It needs Python 3.9 or newer and the package "cryptography", and nothing of the console that made the pack. PACK is the
zip or the folder that it was unpacked into. It exits with 1 at the first break, and prints its sequence and what is
wrong.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import csv
import hashlib
import io
import json
import re
import struct
import sys
import zlib
from pathlib import Path
from typing import Any, BinaryIO, Iterable, Iterator, NamedTuple  # noqa: UP035  (3.9)
from urllib.parse import quote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT = "org-accounts-console evidence 1"
FILES = (
    *("README.txt", "verify.py", "public-key.txt", "checkpoint.txt"),
    *("events.jsonl", "tree.jsonl", "changes.csv"),
)
FORMULA = re.compile(r"((?<!')'*[=+\-@＝＋－＠﹦﹢﹣﹫−])")
INTEGER = re.compile(r"-?[1-9][0-9]{0,15}|0")  # a whole number in its one form; 2 ** 53 has 16 digits
ACTOR = ("issuer", "subject", "name", "email")
FIELDS = {  # of a record, by the version of its format
    1: (
        *("v", "sequence", "change_id", "event", "at", "organization_id", "actor", "ip", "request_id"),
        *("action", "subject_id", "subject_name", "code", "type_name", "before", "after", "message"),
        *("outcome", "http_status", "detail", "detail_parts", "evidence", "about"),
        *("key_id", "previous_hash", "hash", "signature"),
    ),
}
COLUMNS = (
    *("change_id", "requested_at", "resolved_at", "organization_id"),
    *(f"actor_{part}" for part in ACTOR),
    *("ip", "request_id", "action", "subject_id", "subject_name", "code", "type_name", "before", "after", "message"),
    *("outcome", "http_status", "detail", "remark"),
)
MOVING = ("after", "outcome", "http_status", "detail")  # of the newest event; the others are of the first
FROZEN = tuple(name for name in COLUMNS[3:] if name not in MOVING)
OPEN = ("pending", "unknown")
KEY_CHANGE = ("former_key_id", "former_public_key", "former_signature", "public_key")
ACKNOWLEDGED = ("found_hash", "sequence", "through", "what")
MAX_DOCUMENT_BYTES = 16 * 1024 * 1024  # bytes of a document that is read as a whole
ED25519 = b"\x01"  # the type of a signature in c2sp.org/signed-note
SIGNATURE_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
CONTROL = re.compile("[\x00-\x09\x0b-\x1f]")
MOST_SIGNATURES = 100


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


# --- Strict JSON ------------------------------------------------------------------------------------------------


def read_json(text: str) -> Any:
    """Return the value of a JSON document.

    Raises:
        ValueError: it is not JSON, a name comes twice, a number is not a whole number as records hold it (``2e2``,
            ``1.0``, ``-0``, ``NaN``, or not below 2 ** 53), a character is half of a surrogate pair, or it is nested
            too deeply.

    """
    try:
        value = json.loads(
            text,
            object_pairs_hook=unique_names,
            parse_int=whole_number,
            parse_float=reject_number,
            parse_constant=reject_number,
        )
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # fails for half of a surrogate pair
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except UnicodeEncodeError:
        raise ValueError("a character is half of a surrogate pair") from None
    return value


def unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object. Raises ``ValueError`` if a name comes twice."""
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a name comes twice in an object")
    return document


def whole_number(text: str) -> int:
    """Return the number. Raises ``ValueError`` if it has another form, or is not exact in every program."""
    if not INTEGER.fullmatch(text) or abs(int(text)) >= 2**53:
        raise ValueError(f"{text:.50} is not a whole number as the console writes them")
    return int(text)


def reject_number(text: str) -> Any:
    """Raise ``ValueError``: records hold whole numbers only."""
    raise ValueError(f"{text:.50} is not a whole number as the console writes them")


# --- Signed notes and checkpoints (c2sp.org/signed-note, c2sp.org/tlog-checkpoint) ------------------------------


class NoteError(ValueError):
    """It is not a note, or not signed as it has to be. The message says what is wrong."""


class NoteSignature(NamedTuple):
    """One signature of a note: the name of its key, the first bytes of the key's hash, and the signature."""

    name: str
    key_hash: bytes
    signature: bytes


class SignedNote(NamedTuple):
    """A note that was parsed. Nothing is verified yet."""

    text: str
    signatures: list[NoteSignature]


class TreeHead(NamedTuple):
    """What a checkpoint says: the log, the number of its records, and the root hash of their tree."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Return the text of the checkpoint."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def key_hash(name: str, key: Ed25519PublicKey) -> bytes:
    """Return the four bytes by which a signature names its key."""
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + key.public_bytes_raw()).digest()[:4]


def parse_note(note: str) -> SignedNote:
    """Return text and signatures of a note. Raises ``NoteError``."""
    if CONTROL.search(note):
        raise NoteError("it has control characters")
    text, separator, lines = note.rpartition("\n\n")
    if not separator or not text or not lines.endswith("\n"):
        raise NoteError("it is not a signed note: a text, an empty line, and lines of signatures")
    signature_lines = lines[:-1].split("\n")
    if len(signature_lines) > MOST_SIGNATURES:
        raise NoteError(f"it has more than {MOST_SIGNATURES} signatures")
    return SignedNote(text + "\n", [parse_signature(line) for line in signature_lines])


def parse_signature(line: str) -> NoteSignature:
    """Return the signature of one line. Raises ``NoteError``."""
    match = SIGNATURE_LINE.fullmatch(line)
    if match is None:
        raise NoteError(f"{line!r:.80} is not the line of a signature")
    data = read_base64(match[2])
    if data is None or len(data) <= 4:
        raise NoteError(f"{line!r:.80} has no signature in base64")
    return NoteSignature(match[1], data[:4], data[4:])


def read_base64(text: str) -> bytes | None:
    """Return the bytes; ``None`` if the text is not their one form in base64."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if base64.b64encode(data).decode() == text else None


def is_signed_by(note: SignedNote, name: str, key: Ed25519PublicKey) -> bool:
    """Return whether the key signed the note, under this name. Signatures of other keys are ignored.

    A second signature of the same key that does not verify makes the note invalid, as the specification asks.
    """
    own = [signature for signature in note.signatures if signature[:2] == (name, key_hash(name, key))]
    try:
        for signature in own:
            key.verify(signature.signature, note.text.encode())
    except InvalidSignature:
        return False
    return bool(own)


def parse_tree_head(text: str) -> TreeHead:
    """Return what the text of a checkpoint says. Extension lines are refused: no log of this console has any.

    Raises:
        NoteError: it is not the text of a checkpoint.

    """
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0]:
        raise NoteError("it is not a checkpoint: origin, size and root hash, each on a line")
    root = read_base64(lines[2])
    if not SIZE.fullmatch(lines[1]) or root is None or len(root) != 32:
        raise NoteError("it is not a checkpoint: its size or its root hash is not written as one")
    return TreeHead(lines[0], int(lines[1]), root)


def split_notes(text: str) -> list[str]:
    """Return the notes of a file that has one after the other, with or without empty lines between them.

    A checkpoint has five lines. So the notes of a file can be told from each other without a length.
    """
    notes: list[str] = []
    signatures = False
    for line in re.findall(r"[^\n]*\n|[^\n]+", text):
        is_signature = line.startswith("— ")
        if notes and not (signatures and not is_signature):
            notes[-1] += line
        elif line != "\n":
            notes.append(line)
        signatures = is_signature or (signatures and line == "\n")
    return notes


# --- The Merkle tree (RFC 9162) ---------------------------------------------------------------------------------


class Tree:
    """The fewest nodes that cover the leaves so far. With them, leaves can be added and the root is known."""

    def __init__(self) -> None:
        self.size = 0
        self.nodes: list[tuple[int, bytes]] = []

    def append(self, digest: bytes, level: int = 0) -> None:
        """Append a leaf, or a node over the next ``2 ** level`` leaves, which has to be a node of the tree."""
        if self.size % (1 << level):
            raise ValueError(f"no node of level {level} begins at leaf {self.size}")
        self.size += 1 << level
        while self.nodes and self.nodes[-1][0] == level and not self.size % (2 << level):
            digest = hashlib.sha256(b"\x01" + self.nodes.pop()[1] + digest).digest()
            level += 1
        self.nodes.append((level, digest))

    def root(self) -> bytes:
        """Return the root hash."""
        digest = self.nodes[-1][1] if self.nodes else hashlib.sha256().digest()
        for _, left in reversed(self.nodes[:-1]):
            digest = hashlib.sha256(b"\x01" + left + digest).digest()
        return digest


# --- Keys -------------------------------------------------------------------------------------------------------


class Key(NamedTuple):
    """A public key, and the first sequence that it signs. It signs until the next key begins."""

    id: str
    public: Ed25519PublicKey
    first: int


def read_key(text: Any, first: int = 1) -> Key:
    """Return the key for the base64 of its 32 bytes. Raises ``ValueError``."""
    raw = base64.b64decode(str(text).strip(), validate=True)
    return Key(hashlib.sha256(raw).hexdigest()[:16], Ed25519PublicKey.from_public_bytes(raw), first)


def public_text(key: Key) -> str:
    """Return the base64 of the key's 32 bytes."""
    return base64.b64encode(key.public.public_bytes_raw()).decode()


def is_signed(key: Key, message: bytes, signature: Any) -> bool:
    """Return whether ``signature`` is the signature of ``key`` over ``message``."""
    try:
        key.public.verify(base64.b64decode(str(signature), validate=True), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def former_key(record: dict[str, Any], new: Key) -> Key:
    """Return the key that signed up to this ``key_changed`` event, which both keys signed."""
    sequence, about = record["sequence"], record.get("about")
    if type(about) is not dict or tuple(sorted(about)) != KEY_CHANGE:
        raise BrokenPack(sequence, "the change of key does not say which keys it is about")
    if about["public_key"] != public_text(new) or record.get("key_id") != new.id:
        raise BrokenPack(sequence, f"the key that signs from here on is not {new.id}")
    try:
        former = read_key(about["former_public_key"])
    except ValueError:
        raise BrokenPack(sequence, "the change of key does not hold the former public key") from None
    statement = {
        "organization_id": record.get("organization_id"),
        "sequence": sequence,
        "previous_hash": record.get("previous_hash"),
        "former_key_id": former.id,
        "public_key": about["public_key"],
    }
    if about["former_key_id"] != former.id or not is_signed(former, canonical(statement), about["former_signature"]):
        raise BrokenPack(sequence, "the former key did not sign the change of key")
    return former


def key_periods(current: Key, changes: list[dict[str, Any]]) -> list[Key]:
    """Return all keys, oldest first. Each former one follows from the event with which the next began."""
    key, keys = current, []
    for record in sorted(changes, key=lambda record: int(record["sequence"]), reverse=True):
        keys.append(key._replace(first=record["sequence"]))
        key = former_key(record, key)
    return [key._replace(first=1), *reversed(keys)]


# --- The zip ----------------------------------------------------------------------------------------------------


class ZipEntry(NamedTuple):
    """A file in the zip: where its data is, and what they have to be."""

    name: str
    begin: int
    packed: int
    size: int
    crc: int
    deflated: bool


class Zip:
    """A zip that has the files of a pack and nothing else: no byte before, between or behind them is left unread."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("rb")
        try:
            entries = list(self._entries())
        except BaseException:
            self.file.close()
            raise
        self.entries = {entry.name: entry for entry in entries}
        if len(self.entries) < len(entries):
            self.file.close()
            raise ValueError("the zip has two files of one name")

    def _entries(self) -> Iterator[ZipEntry]:
        directory, begin = self._directory()
        position = expected = 0
        while position < len(directory):
            fields = struct.unpack_from("<4s6H3L5H2L", directory, position)
            magic, _, _, flags, method, _, _, crc, packed, size, name_length, extra_length, comment, disk, *rest = (
                fields
            )
            name = directory[position + 46 : position + 46 + name_length].decode("ascii")
            extra = directory[position + 46 + name_length : position + 46 + name_length + extra_length]
            if magic != b"PK\x01\x02" or flags & ~8 or method not in (0, 8) or comment or disk:
                raise ValueError(f"the zip has an entry that no pack has: {name!r:.80}")
            size, packed, offset = self._sizes(extra, size, packed, rest[2])
            if offset != expected:
                raise ValueError(f"the zip has data before {name!r:.80} that belong to no file")
            known = (0, 0, 0) if flags & 8 else (crc, packed, size)
            begin_of_data = self._data_begin(offset, name, (flags, method), known)
            entry = ZipEntry(name, begin_of_data, packed, size, crc, method == 8)
            expected = entry.begin + packed + self._descriptor_length(entry, flags)
            position += 46 + name_length + extra_length
            yield entry
        if expected != begin or position != len(directory):
            raise ValueError("the zip has data behind its files that belong to none")

    def _directory(self) -> tuple[bytes, int]:
        """Return the central directory, and where it begins. Behind it there is only the end record."""
        length = self.file.seek(0, io.SEEK_END)
        end = struct.unpack("<4s4H2LH", self._read(max(0, length - 22), 22))
        magic, disk, first_disk, here, count, size, begin, comment = end
        if magic != b"PK\x05\x06" or comment or disk or first_disk or here != count:
            raise ValueError("it is not a zip, or there is something behind it")
        tail = 22
        if 0xFFFFFFFF in (size, begin) or count == 0xFFFF:
            tail += 76
            wide = struct.unpack("<4sQ2H2L4Q4sLQL", self._read(max(0, length - tail), 76))
            count, size, begin = wide[7:10]
            if wide[:2] != (b"PK\x06\x06", 44) or wide[10] != b"PK\x06\x07" or wide[12] != begin + size:
                raise ValueError("the end of the zip is not as it has to be")
        if begin + size + tail != length or size > MAX_DOCUMENT_BYTES:
            raise ValueError("the zip has data before its end that belong to no file")
        return self._read(begin, size), begin

    def _sizes(self, extra: bytes, size: int, packed: int, offset: int) -> tuple[int, int, int]:
        """Return size, packed size and offset; the extra field has those that need 64 bits, and nothing else."""
        values = [size, packed, offset]
        wide = [position for position, value in enumerate(values) if value == 0xFFFFFFFF]
        if len(extra) != (4 + 8 * len(wide) if wide else 0):
            raise ValueError("the zip has an extra field that no pack has")
        if wide:
            kind, length, *numbers = struct.unpack(f"<2H{len(wide)}Q", extra)
            if (kind, length) != (1, 8 * len(wide)):
                raise ValueError("the zip has an extra field that no pack has")
            for position, number in zip(wide, numbers):
                values[position] = number
        return values[0], values[1], values[2]

    def _data_begin(self, offset: int, name: str, kind: tuple[int, int], known: tuple[int, int, int]) -> int:
        """Return where the data of a file begin. Its own header has to say what the directory says."""
        header = struct.unpack("<4s5H3L2H", self._read(offset, 30))
        name_length, extra_length = header[9:]
        rest = self._read(offset + 30, name_length + extra_length)
        if header[0] != b"PK\x03\x04" or header[2:4] != kind or rest[:name_length] != name.encode():
            raise ValueError(f"the zip names {name!r:.80} in two ways")
        if extra_length not in (0, 20) or (extra_length and rest[name_length : name_length + 4] != b"\x01\x00\x10\x00"):
            raise ValueError("the zip has an extra field that no pack has")
        if not extra_length and header[6:9] != known:
            raise ValueError(f"the zip has two sizes of {name!r:.80}")
        self.has_wide_sizes = bool(extra_length)
        return int(offset + 30 + name_length + extra_length)

    def _descriptor_length(self, entry: ZipEntry, flags: int) -> int:
        """Return the length of what follows the data: nothing, or the sizes, if they were not known before."""
        if not flags & 8:
            return 0
        form = "<4sL2Q" if self.has_wide_sizes else "<4s3L"
        found = struct.unpack(form, self._read(entry.begin + entry.packed, struct.calcsize(form)))
        if found != (b"PK\x07\x08", entry.crc, entry.packed, entry.size):
            raise ValueError(f"the zip has two sizes of {entry.name!r:.80}")
        return struct.calcsize(form)

    def _read(self, position: int, length: int) -> bytes:
        self.file.seek(position)
        data = self.file.read(length)
        if len(data) != length:
            raise ValueError("the zip ends too early")
        return data

    def open(self, name: str) -> BinaryIO:
        """Open a file of the zip for reading."""
        return io.BufferedReader(ZipReader(self.file, self.entries[name]), 1 << 16)


class ZipReader(io.RawIOBase):
    """The contents of one file of the zip. Compressed data have to end where the file ends, and not before."""

    def __init__(self, file: BinaryIO, entry: ZipEntry) -> None:
        self.file, self.entry = file, entry
        self.position, self.left, self.read_bytes, self.crc = entry.begin, entry.packed, 0, 0
        self.inflater = zlib.decompressobj(-15) if entry.deflated else None

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer. Raises ``ValueError`` if the data are not what the directory says."""
        data = self._next(len(buffer))
        self.read_bytes += len(data)
        self.crc = zlib.crc32(data, self.crc)
        if not data or self.read_bytes > self.entry.size:
            ended = self.inflater is None or (self.inflater.eof and not self.inflater.unused_data)
            if self.left or not ended or (self.read_bytes, self.crc) != (self.entry.size, self.entry.crc):
                raise ValueError(f"the data of {self.entry.name} in the zip are damaged, or have more behind them")
        buffer[: len(data)] = data
        return len(data)

    def _next(self, most: int) -> bytes:
        while True:
            packed = self.inflater.unconsumed_tail if self.inflater else b""
            if not packed and self.left:
                self.file.seek(self.position)
                packed = self.file.read(min(self.left, most if self.inflater is None else 1 << 16))
                self.position, self.left = self.position + len(packed), self.left - len(packed)
                if not packed:
                    raise ValueError("the zip ends too early")
            if self.inflater is None:
                return packed
            data = self.inflater.decompress(packed, most)
            if data or not (packed or self.left) or self.inflater.eof:
                return data


class Pack:
    """The files of a pack, in a zip or a folder."""

    def __init__(self, path: Path) -> None:
        self.folder = path if path.is_dir() else None
        self.archive = None if self.folder else Zip(path)

    def __enter__(self) -> Pack:
        return self

    def __exit__(self, *_: object) -> None:
        if self.archive:
            self.archive.file.close()

    def names(self) -> list[str]:
        """Return the names of the files in the pack. Raises ``BrokenPack`` for links and folders."""
        if self.archive:
            return list(self.archive.entries)
        names = []
        for path in self.folder.iterdir() if self.folder else ():
            if path.is_symlink() or not path.is_file():
                raise BrokenPack(None, f"{path.name!r:.80} in the folder is not a plain file")
            names.append(path.name)
        return names

    def open(self, name: str) -> BinaryIO:
        """Open a file for reading bytes."""
        if self.archive:
            return self.archive.open(name)
        return (self.folder or Path()).joinpath(name).open("rb")

    def text(self, name: str, newline: str) -> io.TextIOWrapper:
        """Open a file for reading text."""
        return io.TextIOWrapper(self.open(name), encoding="utf-8", newline=newline)

    def content(self, name: str) -> str:
        """Return the whole text of a small file."""
        with self.open(name) as file:
            data = file.read(MAX_DOCUMENT_BYTES + 1)
        if len(data) > MAX_DOCUMENT_BYTES:
            raise BrokenPack(None, f"{name} is too long")
        return data.decode("utf-8")

    def values(self, name: str) -> Iterator[Any]:
        """Yield the JSON value of each line of a file."""
        with self.text(name, "\n") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    yield read_json(line)
                except ValueError as error:
                    what = f"line {number} of {name} is not JSON as the console writes it: {error}"
                    raise BrokenPack(None, what) from None

    def sha256(self, name: str) -> str:
        """Return the SHA-256 of a file."""
        digest = hashlib.sha256()
        with self.open(name) as file:
            for piece in iter(lambda: file.read(1 << 16), b""):
                digest.update(piece)
        return digest.hexdigest()


# --- The table --------------------------------------------------------------------------------------------------


class ChangeSummary:
    """The state of a change after its events: the cells of its row in changes.csv, and its newest sequence."""

    def __init__(self) -> None:
        self.cells: dict[str, Any] = {}
        self.sequence = 0
        self.begins_here = True

    def add(self, record: dict[str, Any]) -> None:
        """Add the next event."""
        facts, self.sequence = columns_of(record), record["sequence"]
        if not self.cells:
            self.begins_here = record.get("event") == "requested"
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


# --- Verification -------------------------------------------------------------------------------------------


class Verifier:
    """Verifies one pack with the public key to trust, and with checkpoints that were stored elsewhere, if any."""

    def __init__(self, pack: Pack, trusted: Key | None, checkpoints: Iterable[str] = ()) -> None:
        self.pack, self.trusted, self.checkpoints = pack, trusted, list(checkpoints)
        self.changes: dict[str, ChangeSummary] = {}
        self.count = self.last = 0
        self.tree = Tree()
        self.acknowledged: dict[int, dict[str, Any]] = {}
        self.breaks: dict[int, str] = {}  # by the sequence of the event that acknowledged it
        self.broken: set[int] = set()
        self.compared: set[int] = set()

    def verify(self) -> None:
        """Verify the whole pack. Raises ``BrokenPack`` at the first break."""
        names = sorted(self.pack.names())
        if names != sorted((*FILES, "manifest.json")):
            raise BrokenPack(None, f"the pack has other files than expected: {', '.join(names)!r:.400}")
        packed = self.pack.content("public-key.txt")
        try:
            self.current = self.trusted or read_key(packed)
        except ValueError:
            raise BrokenPack(None, "public-key.txt does not hold a public key") from None
        self.manifest = self._manifest()
        self.head = self._checkpoint(self.pack.content("checkpoint.txt"), [self.current])
        self._read_log_events()
        self.roots = {self.head.size: self.head.root}
        for note in self.checkpoints:
            self._add_checkpoint(note)
        self._events()
        self._table()
        counts = {"events": self.count, "changes": len(self._listed())}
        for what, count in counts.items():
            if self.manifest.get(what) != count:
                said = self.manifest.get(what)
                raise BrokenPack(None, f"the manifest counts {said} {what}, and the pack holds {count}")
        for name in FILES:
            if self.manifest["files"][name] != self.pack.sha256(name):
                raise BrokenPack(None, f"{name} does not have the hash that the manifest says")

    def _manifest(self) -> dict[str, Any]:
        try:
            manifest = read_json(self.pack.content("manifest.json"))
        except ValueError as error:
            raise BrokenPack(None, f"manifest.json is not JSON as the console writes it: {error}") from None
        if type(manifest) is not dict or manifest.get("format") != FORMAT:
            raise BrokenPack(None, f"manifest.json is not one of the format {FORMAT!r}")
        signed = canonical({name: value for name, value in manifest.items() if name != "signature"})
        if manifest.get("key_id") != self.current.id or not is_signed(self.current, signed, manifest.get("signature")):
            raise BrokenPack(None, f"the manifest is not signed by the current key {self.current.id}")
        files, filters, external = (manifest.get(name) for name in ("files", "filters", "held_elsewhere"))
        if type(files) is not dict or sorted(files) != sorted(FILES) or type(filters) is not dict:
            raise BrokenPack(None, "the manifest does not name the files of a pack, and its filters")
        if type(external) is not list or not all(map(is_archive, external)):
            raise BrokenPack(None, "the manifest does not name what is held elsewhere as the console does")
        return manifest

    def _checkpoint(self, text: str, keys: list[Key]) -> TreeHead:
        """Return what a checkpoint says that one of the keys signed. Raises ``BrokenPack``."""
        try:
            note = parse_note(text)
            head = parse_tree_head(note.text)
        except NoteError as error:
            raise BrokenPack(None, f"this is not a checkpoint: {error}") from None
        organization = str(self.manifest.get("organization_id"))
        if not head.origin.endswith(f"/orgs/{quote(organization, safe='')}"):
            raise BrokenPack(None, f"the checkpoint is one of {head.origin!r:.100}, and not of {organization!r:.100}")
        if not any(is_signed_by(note, head.origin, key.public) for key in keys):
            who = f"the current key {keys[0].id}" if len(keys) == 1 else "a key that could sign it"
            raise BrokenPack(None, f"the checkpoint of {head.size} events is not signed by {who}")
        return head

    def _add_checkpoint(self, text: str) -> None:
        """Add a checkpoint that was stored elsewhere. A former key's counts only for the events that it signed."""
        try:
            size = parse_tree_head(parse_note(text).text).size
        except NoteError as error:
            raise BrokenPack(None, f"this is not a checkpoint: {error}") from None
        if not size:
            return  # it says nothing of any event, and its log may never have begun
        ends = [*(key.first for key in self.keys[1:]), sys.maxsize]
        head = self._checkpoint(text, [key for key, end in zip(self.keys, ends) if size < end])
        if head.origin != self.head.origin:
            raise BrokenPack(
                None, f"the checkpoint is one of {head.origin!r:.100}, the pack of {self.head.origin!r:.100}"
            )
        if size > self.head.size:
            what = f"is covered by a checkpoint that was stored, and the pack's log ends at {self.head.size}: if that"
            raise BrokenPack(size, f"{what} checkpoint is older than the pack, the end of the log was cut off")
        if self.roots.setdefault(size, head.root) != head.root:
            raise BrokenPack(size, "two checkpoints have different hashes for it: the log was rewritten")

    def _read_log_events(self) -> None:
        """Read the events about the log itself first: changes of the key, and breaks that were acknowledged."""
        kinds: dict[str, list[dict[str, Any]]] = {"key_changed": [], "break_acknowledged": []}
        for record in self._records(('"key_changed"', '"break_acknowledged"')):
            if type(record.get("sequence")) is not int:
                raise BrokenPack(None, "a record has no sequence number")
            kinds.get(str(record.get("event")), []).append(record)
        for record in sorted(kinds["break_acknowledged"], key=lambda record: int(record["sequence"]), reverse=True):
            if self._acknowledgement_of(record) is None:  # else somebody without the key appended it
                about = record.get("about")
                parts = [type(about[name]) for name in sorted(about)] if type(about) is dict else []
                if parts != [str, int, int, str] or tuple(sorted(about or ())) != ACKNOWLEDGED:
                    raise BrokenPack(record["sequence"], "the acknowledged break does not say what it is about")
                self.acknowledged.setdefault(record["about"]["sequence"], record)
        changes = [record for record in kinds["key_changed"] if self._acknowledgement_of(record) is None]
        self.keys = key_periods(self.current, changes)

    def _acknowledgement_of(self, record: dict[str, Any]) -> dict[str, Any] | None:
        """Return the event that acknowledged a record as it stands as a break."""
        by = self.acknowledged.get(record["sequence"])
        if by is None or by["sequence"] <= record["sequence"] or by["about"]["found_hash"] != leaf_hash(record).hex():
            return None
        return by

    def key_at(self, sequence: int) -> Key:
        """Return the key that signs this sequence."""
        return max((key for key in self.keys if key.first <= max(1, sequence)), key=lambda key: key.first)

    def _events(self) -> None:
        self.nodes = self._nodes()
        self._check_root()
        before = "0" * 64
        for record in self._records():
            sequence = self._next_sequence(record)
            if sequence != self.last + 1:
                self._leave_out(sequence - 1)
                before = ""
            problem = self._problem(sequence, record, before)
            if problem and not self._is_acknowledged(sequence, record, problem):
                raise BrokenPack(sequence, problem)
            self._add_leaf(sequence, record, problem)
            if type(record.get("change_id")) is str:
                self.changes.setdefault(record["change_id"], ChangeSummary()).add(record)
            self.count, self.last, before = self.count + 1, sequence, str(record.get("hash"))
        if self.last < self.head.size:
            self._leave_out(self.head.size)
        self._end_events()

    def _next_sequence(self, record: dict[str, Any]) -> int:
        """Return the sequence of the next record. Raises ``BrokenPack`` if it has no place there."""
        sequence = record.get("sequence")
        if type(sequence) is not int or sequence < 1:
            raise BrokenPack(self.last + 1, "the record has no sequence number")
        if sequence <= self.last:
            raise BrokenPack(sequence, f"comes after {self.last}: repeated, or out of order")
        if sequence > self.head.size:
            raise BrokenPack(sequence, "comes after the end of the log according to the checkpoint")
        return sequence

    def _end_events(self) -> None:
        """Raise ``BrokenPack`` if something is left that was not used or not compared."""
        if next(self.nodes, None) is not None:
            raise BrokenPack(None, "tree.jsonl has more hashes than the log has events")
        for sequence in self.broken.intersection(self.breaks):
            raise BrokenPack(sequence, "acknowledges a break, and is broken itself")
        for size in sorted(set(self.roots) - self.compared):
            raise BrokenPack(size, "the pack leaves out what a comparison with this checkpoint needs")

    def _nodes(self) -> Iterator[tuple[int, int, bytes]]:
        """Yield level, first leaf and hash of the nodes over what is not in the pack."""
        for value in self.pack.values("tree.jsonl"):
            kinds = [type(part) for part in value] if type(value) is list else []
            digest = read_base64(value[2]) if kinds == [int, int, str] else None
            if digest is None or len(digest) != 32 or not 0 <= value[0] < 64:
                raise BrokenPack(None, "tree.jsonl has a line that is not level, first leaf and hash")
            yield value[0], value[1], digest

    def _leave_out(self, last: int) -> None:
        """Go on behind ``last``, over events that are not in the pack."""
        if not self.manifest["filters"]:
            for sequence in range(self.last + 1, last + 1):
                if not self._is_elsewhere(sequence) and not self._is_known_missing(sequence):
                    raise BrokenPack(sequence, "is missing")
        while self.tree.size < last:
            level, begin, digest = next(self.nodes, (0, -1, b""))
            if begin != self.tree.size or begin + (1 << level) > last:
                raise BrokenPack(self.tree.size + 1, "is missing, and tree.jsonl has no hash in its place")
            self._append(digest, level)

    def _is_elsewhere(self, sequence: int) -> bool:
        archives = self.manifest["held_elsewhere"]
        return any(archive["first_sequence"] <= sequence <= archive["last_sequence"] for archive in archives)

    def _is_known_missing(self, sequence: int) -> bool:
        for first, record in self.acknowledged.items():
            about = record["about"]
            if about["found_hash"] == "missing" and first <= sequence <= about["through"]:
                self.breaks[record["sequence"]] = acknowledgement(record)
                return True
        return False

    def _is_acknowledged(self, sequence: int, record: dict[str, Any], problem: str) -> bool:
        """Return whether this break was acknowledged, with the record as it stands."""
        by = self._acknowledgement_of(record)
        if by is None:
            return False
        self.breaks[by["sequence"]] = f"{acknowledgement(by)}. Found today: {problem}."
        self.broken.add(sequence)
        return True

    def _problem(self, sequence: int, record: dict[str, Any], before: str) -> str:
        """Return what is wrong with a record; empty if nothing is. ``before``: the hash of the one before it."""
        if record.get("organization_id") != self.manifest.get("organization_id"):
            return "belongs to another organization than the manifest says"
        if what := hash_problem(record) or format_problem(record):
            return what
        if before and record["previous_hash"] != before:
            return "previous_hash is not the hash of the record before: one was removed, inserted or rewritten"
        key = self.key_at(sequence)
        if record["key_id"] != key.id:
            return f"key_id: signed by {record['key_id']!r:.40}; the key that signs here is {key.id}"
        if not is_signed(key, bytes.fromhex(record["hash"]), record["signature"]):
            return "signature: it is not that of its key"
        if record["event"] == "key_changed" and sequence not in {key.first for key in self.keys[1:]}:
            return "the change of key is not one that the current key knows"
        return ""

    def _add_leaf(self, sequence: int, record: dict[str, Any], problem: str) -> None:
        """Add the record to the tree. For an acknowledged break, tree.jsonl may have the hash that was signed."""
        digest = leaf_hash(record)
        if problem and (node := next(self.nodes, None)) is not None:
            if node[:2] == (0, sequence - 1):
                digest = node[2]
            else:
                self.nodes = chain_nodes(node, self.nodes)
        self._append(digest, 0)

    def _append(self, digest: bytes, level: int) -> None:
        try:
            self.tree.append(digest, level)
        except ValueError as error:
            raise BrokenPack(self.tree.size + 1, f"tree.jsonl: {error}") from None
        self._check_root()

    def _check_root(self) -> None:
        size = self.tree.size
        if size in self.roots:
            self.compared.add(size)
            if self.tree.root() != self.roots[size]:
                what = "events up to here are not those of the checkpoint: one was forged, rewritten or removed"
                raise BrokenPack(size, what)

    def _records(self, mentions: tuple[str, ...] = ()) -> Iterator[dict[str, Any]]:
        """Yield the records; with ``mentions``, only those whose line has one of these texts."""
        with self.pack.text("events.jsonl", "\n") as lines:
            for number, line in enumerate(lines, start=1):
                if mentions and not any(text in line for text in mentions):
                    continue
                try:
                    record = read_json(line)
                except ValueError as error:
                    raise BrokenPack(None, f"line {number} is not JSON as the console writes it: {error}") from None
                if type(record) is not dict:
                    raise BrokenPack(None, f"line {number} is not a JSON object")
                yield record

    def _table(self) -> None:
        with self.pack.text("changes.csv", "") as lines:
            rows = csv.reader(lines, strict=True)
            try:
                self._rows(rows)
            except csv.Error as error:
                raise BrokenPack(None, f"changes.csv, line {rows.line_num}: {error}") from None

    def _listed(self) -> dict[str, ChangeSummary]:
        """Return the changes that the table lists. One whose first events are held elsewhere is not listed."""
        for name, summary in self.changes.items():
            if not summary.begins_here and not self.manifest["held_elsewhere"]:
                raise BrokenPack(summary.sequence, f"change {name}: its earlier events are missing")
        return {name: summary for name, summary in self.changes.items() if summary.begins_here}

    def _rows(self, rows: Iterator[list[str]]) -> None:
        if tuple(next(rows, ())) != COLUMNS:
            raise BrokenPack(None, "changes.csv does not begin with the names of its columns")
        unlisted = self._listed()
        for cells in rows:
            if len(cells) != len(COLUMNS):
                raise BrokenPack(None, f"changes.csv has a row of {len(cells)} cells")
            row = dict(zip(COLUMNS, cells))
            summary = unlisted.pop(row["change_id"], None)
            if summary is None:
                raise BrokenPack(
                    None, f"changes.csv: change {row['change_id']!r:.60} has no events, or is listed twice"
                )
            if wrong := summary.differing_columns(row):
                what = f"changes.csv differs from the events of change {row['change_id']}: {', '.join(wrong)}"
                raise BrokenPack(summary.sequence, what)
        for name, summary in unlisted.items():
            raise BrokenPack(summary.sequence, f"change {name} has events and is missing in changes.csv")


def chain_nodes(first: tuple[int, int, bytes], others: Iterator[tuple[int, int, bytes]]) -> Iterator[Any]:
    """Yield a node that was taken too early, then the others."""
    yield first
    yield from others


def is_archive(value: Any) -> bool:
    """Return whether the value says what is held elsewhere: the first and the last sequence of an archive."""
    return type(value) is dict and type(value.get("first_sequence")) is type(value.get("last_sequence")) is int


def leaf_hash(record: dict[str, Any]) -> bytes:
    """Return the hash of a record as a leaf of the tree, by which an acknowledged break names it too."""
    return hashlib.sha256(b"\x00" + canonical(record)).digest()


def acknowledgement(record: dict[str, Any]) -> str:
    """Say which break was acknowledged, when and by whom."""
    about, actor = record["about"], record.get("actor")
    who = actor.get("name") if type(actor) is dict else ""
    when = f"acknowledged at {record.get('at')} by {who!r:.80}"
    return f"Sequence {about['sequence']}: a break that was {when}: {about['what']!r:.300}"


def hash_problem(record: dict[str, Any]) -> str:
    """Return what is wrong with the record's hash; empty if it matches the content."""
    try:
        sealed = canonical({name: value for name, value in record.items() if name not in ("hash", "signature")})
    except ValueError as error:
        return f"no canonical JSON: {error}"
    if record.get("hash") != hashlib.sha256(sealed).hexdigest():
        return "the record's content does not match its hash: a field was changed"
    return ""


def format_problem(record: dict[str, Any]) -> str:
    """Return what is wrong with the fields of a record; empty if they are those of its format version."""
    version = record.get("v")
    if type(version) is not int or version not in FIELDS:
        return f"has the format version {version!r:.20}, which this verify.py does not know"
    expected = set(FIELDS[version])
    if missing := sorted(expected - set(record)):
        return f"lacks fields of format version {version}: {', '.join(missing)}"
    if extra := sorted(set(record) - expected):
        return f"has fields that format version {version} does not have: {', '.join(extra):.200}"
    return ""


def main() -> int:
    """Read the command line, verify the pack and print the result."""
    parser = argparse.ArgumentParser(description="Verify an evidence pack of the Org Accounts Console.")
    parser.add_argument("pack", type=Path, help="the zip, or the folder that it was unpacked into")
    parser.add_argument("--public-key", metavar="KEY", help="the console's current public key, from its operator")
    parser.add_argument("--checkpoint", type=Path, help="checkpoints that were stored elsewhere, one after the other")
    options = parser.parse_args()
    csv.field_size_limit(MAX_DOCUMENT_BYTES)
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        trusted = read_key(options.public_key) if options.public_key else None
        stored = options.checkpoint.read_text(encoding="utf-8") if options.checkpoint else ""
        with Pack(options.pack) as pack:
            verifier = Verifier(pack, trusted, split_notes(stored))
            verifier.verify()
    except BrokenPack as broken:
        return _print(f"NOT verified. {broken}", 1)
    except (OSError, ValueError, RuntimeError, EOFError, struct.error, zlib.error) as error:
        return _print(f"NOT verified. It cannot be read: {error}", 1)
    return _print(_summary(verifier), 0)


def _summary(verifier: Verifier) -> str:
    manifest, head = verifier.manifest, verifier.head
    filters = ", ".join(f"{name}: {value}" for name, value in manifest["filters"].items()) or "all changes"
    lines = [
        f"Verified {verifier.count} events of {len(verifier.changes)} changes of organization"
        f" {manifest.get('organization_id')} ({filters}), to sequence {verifier.last}.",
        f"Made at {manifest.get('made_at')}, when the log {head.origin} ended at sequence {head.size}.",
    ]
    ends = [*(key.first - 1 for key in verifier.keys[1:]), head.size]
    lines += [f"Signed by key {key.id}: {key.first} to {end}." for key, end in zip(verifier.keys, ends)]
    lines += [
        f"Not in it: events {archive['first_sequence']} to {archive['last_sequence']} and their changes,"
        f" archived in {archive.get('file')} (SHA-256 {archive.get('file_sha256')})."
        for archive in manifest["held_elsewhere"]
    ]
    lines += verifier.breaks.values()
    if not verifier.trusted:
        lines.append(
            "The key came with the pack: this proves nothing about WHO made it. Get the console's public key from its"
            " operator, and verify again with --public-key."
        )
    return "\n".join(lines)


def _print(text: str, status: int) -> int:
    sys.stdout.write(text + "\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
