"""An evidence pack as somebody outside holds it: its files, to be read, changed, zipped again and verified."""

import base64
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from accounts_ui.changes.chain.notes import TreeHead, parse_note, parse_tree_head, sign_note
from accounts_ui.changes.tree.compact_range import CompactRange
from accounts_ui.changes.tree.hashing import leaf_hash


@dataclass(frozen=True)
class Pack:
    files: dict[str, bytes]
    folder: Path

    @classmethod
    def of(cls, data, folder):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert archive.testzip() is None
            return cls({name: archive.read(name) for name in archive.namelist()}, folder)

    def document(self, name):
        return json.loads(self.files[name])

    @property
    def lines(self):
        return self.files["events.jsonl"].decode("ascii").splitlines(keepends=True)

    @property
    def records(self):
        return [json.loads(line) for line in self.lines]

    @property
    def head(self):
        """What its checkpoint says."""
        return parse_tree_head(parse_note(self.files["checkpoint.txt"].decode()).text)

    def with_checkpoint(self, records, key, size=None):
        """The pack with a checkpoint of these records, signed by ``key``."""
        note = checkpoint_of(records[:size], self.head.origin, key)
        return replace(self, files={**self.files, "checkpoint.txt": note.encode()})

    def with_files(self, **changed):
        """The pack with some files changed; ``events_jsonl`` is ``events.jsonl``. ``None`` removes one."""
        named = {name.replace("__", "-").replace("_", "."): data for name, data in changed.items()}
        files = {**self.files, **named}
        return replace(self, files={name: data for name, data in files.items() if data is not None})

    def with_records(self, records):
        text = "".join(json.dumps(record, separators=(",", ":")) + "\n" for record in records)
        return self.with_files(events_jsonl=text.encode())

    def with_document(self, name, document):
        return replace(self, files={**self.files, name: json.dumps(document).encode()})

    def with_manifest(self, key, **changed):
        """The manifest made anew and signed by ``key``, as somebody who holds it would."""
        hashes = {name: hashlib.sha256(data).hexdigest() for name, data in self.files.items()}
        hashes.pop("manifest.json")
        manifest = {**self.document("manifest.json"), "files": hashes, "key_id": id_of(key), **changed}
        return self.with_document("manifest.json", signed(manifest, key))

    def save(self):
        path = self.folder / "pack.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in self.files.items():
                archive.writestr(name, data)
        return path

    def verify(self, *args, verifier=None):
        """Exit status and words of the verifier in the pack, with nothing of ours within reach."""
        (self.folder / "verify.py").write_bytes(verifier or self.files["verify.py"])
        done = run("verify.py", str(self.save()), *args, cwd=self.folder)
        assert done.stderr == "", done.stderr
        return done.returncode, done.stdout


def checkpoint_of(records, origin, key):
    """A checkpoint of a log of these records."""
    tree = CompactRange()
    for record in records:
        tree.append(leaf_hash(rfc8785.dumps(record)))
    return sign_note(TreeHead(origin, tree.end, tree.root()).text(), origin, key)


def run(*args, cwd):
    return subprocess.run([sys.executable, "-I", *args], cwd=cwd, capture_output=True, text=True, timeout=60, env={})


def id_of(key):
    return hashlib.sha256(key.public_key().public_bytes_raw()).hexdigest()[:16]


def public_text(key):
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def signed(document, key):
    """The document with the key's signature over all else."""
    unsigned = {name: value for name, value in document.items() if name != "signature"}
    return {**unsigned, "signature": base64.b64encode(key.sign(rfc8785.dumps(unsigned))).decode()}


def sealed(record, key):
    """The record with hash and signature of the key."""
    unsealed = {name: value for name, value in record.items() if name not in ("hash", "signature")}
    unsealed["key_id"] = id_of(key)
    digest = hashlib.sha256(rfc8785.dumps(unsealed)).digest()
    return {**unsealed, "hash": digest.hex(), "signature": base64.b64encode(key.sign(digest)).decode()}


def private_key(text):
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(text))
