"""C2SP signed notes with Ed25519, and the checkpoints of a log in that form (c2sp.org/signed-note, tlog-checkpoint).

A note is a text that ends in a newline, an empty line, and signature lines. A checkpoint's text has three lines: the
log's origin, the size of its tree, and the root hash. Programs that know nothing of this console can read both.
"""

import base64
import binascii
import hashlib
import re
from typing import Final, NamedTuple
from urllib.parse import quote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519: Final = b"\x01"  # the type of a signature in c2sp.org/signed-note
SIGNATURE_LINE: Final = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")
CONTROL: Final = re.compile("[\x00-\x09\x0b-\x1f]")
MOST_SIGNATURES: Final = 100  # witnesses add theirs; the Go implementation stops at as many


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


def log_origin(installation: str, organization_id: str) -> str:
    """Return the name of an organization's log, which no other log has."""
    return f"{installation}/orgs/{quote(organization_id, safe='')}"


def key_hash(name: str, key: Ed25519PublicKey) -> bytes:
    """Return the four bytes by which a signature names its key."""
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + key.public_bytes_raw()).digest()[:4]


def verifier_key(name: str, key: Ed25519PublicKey) -> str:
    """Return the key in the form that other programs for notes take."""
    public = base64.b64encode(ED25519 + key.public_bytes_raw()).decode()
    return f"{name}+{key_hash(name, key).hex()}+{public}"


def sign_note(text: str, name: str, key: Ed25519PrivateKey) -> str:
    """Return the note. Raises ``NoteError`` if text or name have no place in one."""
    signature = key_hash(name, key.public_key()) + key.sign(text.encode())
    note = f"{text}\n— {name} {base64.b64encode(signature).decode()}\n"
    if parse_note(note).text != text:
        raise NoteError("the text does not end in a newline")
    return note


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
