"""A log without a database, and evidence packs of it, as the console writes them or as somebody forges them."""

import base64
import csv
import hashlib
import io
import json
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from accounts_ui.changes.chain.key_changes import key_change_facts
from accounts_ui.changes.chain.notes import TreeHead, sign_note
from accounts_ui.changes.chain.records import key_id, public_text
from accounts_ui.changes.evidence import verify
from accounts_ui.changes.evidence.left_out import LeftOutNodes
from accounts_ui.changes.tree.compact_range import CompactRange
from accounts_ui.changes.tree.hashing import leaf_hash

ORIGIN = "console.example.org/orgs/acme"
KEYS = [Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in range(1, 5)]


def seal(record: dict[str, Any], key: Ed25519PrivateKey) -> dict[str, Any]:
    """The record with its hash, signed by the key."""
    content = {name: value for name, value in record.items() if name not in ("hash", "signature")}
    content["key_id"] = key_id(key.public_key())
    digest = hashlib.sha256(rfc8785.dumps(content)).digest()
    return {**content, "hash": digest.hex(), "signature": base64.b64encode(key.sign(digest)).decode()}


def leaf_of(record: dict[str, Any]) -> bytes:
    return leaf_hash(rfc8785.dumps(record))


@dataclass
class Log:
    """Records of one organization, appended one by one, and the hash of each as it was signed."""

    records: list[dict[str, Any]] = field(default_factory=list)
    leaves: list[bytes] = field(default_factory=list)
    key: Ed25519PrivateKey = KEYS[0]

    def append(self, event: str, **values: Any) -> dict[str, Any]:
        last = self.records[-1] if self.records else {"sequence": 0, "hash": "0" * 64}
        empty: dict[str, Any] = dict.fromkeys(verify.FIELDS[1], "")
        record = {
            **empty,
            **dict.fromkeys(("change_id", "before", "after", "http_status", "evidence", "about")),
            "v": 1,
            "sequence": last["sequence"] + 1,
            "event": event,
            "at": "2026-01-02T03:04:05.000006Z",
            "organization_id": "acme",
            "detail_parts": [],
            "previous_hash": last["hash"],
            "actor": {"issuer": "i", "subject": "s", "name": "Ada", "email": ""},
            **values,
        }
        self.add(seal(record, self.key))
        return self.records[-1]

    def add(self, record: dict[str, Any]) -> None:
        self.records.append(record)
        self.leaves.append(leaf_of(record))

    def change(self, number: int) -> None:
        """Two events of a change."""
        facts = {"change_id": f"change-{number}", "action": "assign", "subject_id": f"person-{number}", "code": "c"}
        self.append("requested", **facts, outcome="pending", message=f"note {number}")
        self.append("applied", **facts, outcome="applied", http_status=200, after="active", message=f"note {number}")

    def change_key(self, new: Ed25519PrivateKey) -> None:
        last = self.records[-1]
        about = key_change_facts("acme", last["sequence"] + 1, last["hash"], former=self.key, new=new.public_key())
        self.key = new
        self.append("key_changed", about=about)

    def acknowledge(self, sequence: int, found_hash: str, *, through: int | None = None) -> None:
        about = {"sequence": sequence, "through": through or sequence, "what": "rewritten", "found_hash": found_hash}
        self.append("break_acknowledged", about=about)

    def checkpoint(self, size: int, key: Ed25519PrivateKey | None = None) -> str:
        tree = CompactRange()
        for leaf in self.leaves[:size]:
            tree.append(leaf)
        return sign_note(TreeHead(ORIGIN, size, tree.root()).text(), ORIGIN, key or self.key)


def rows_of(records: list[dict[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(verify.COLUMNS)
    changes: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        if record["change_id"]:
            changes.setdefault(record["change_id"], []).append(record)
    for events in changes.values():
        first, last = verify.columns_of(events[0]), verify.columns_of(events[-1])
        cells = {**first, **{name: last[name] for name in verify.MOVING}, "requested_at": events[0]["at"]}
        cells["resolved_at"] = None if last["outcome"] in verify.OPEN else events[-1]["at"]
        writer.writerow(["" if cells[name] is None else cells[name] for name in verify.COLUMNS])
    return text.getvalue().encode()


@dataclass(frozen=True)
class MadePack:
    files: dict[str, bytes]
    key: Ed25519PrivateKey

    def with_files(self, **changed: bytes) -> "MadePack":
        files = {**self.files, **{name.replace("__", "-").replace("_", "."): data for name, data in changed.items()}}
        return replace(self, files=files)

    def signed(self, **changed: Any) -> "MadePack":
        """The pack with a new manifest, signed by its key."""
        hashes = {name: hashlib.sha256(data).hexdigest() for name, data in self.files.items() if name in verify.FILES}
        manifest = {**json.loads(self.files["manifest.json"]), "files": hashes, **changed}
        manifest.pop("signature", None)
        manifest["key_id"] = key_id(self.key.public_key())
        manifest["signature"] = base64.b64encode(self.key.sign(rfc8785.dumps(manifest))).decode()
        return replace(self, files={**self.files, "manifest.json": json.dumps(manifest).encode()})

    def save(self, folder: Path, **options: Any) -> Path:
        path = folder / "pack.zip"
        with zipfile.ZipFile(path, "w", **options) as archive:
            for name, data in self.files.items():
                archive.writestr(name, data)
        return path


def make_pack(log: Log, sequences: list[int] | None = None, *, cuts: tuple[int, ...] = (), **manifest: Any) -> MadePack:
    """The pack of these sequences, or of the whole log."""
    records = [r for r in log.records if sequences is None or r["sequence"] in sequences]
    nodes, tree = LeftOutNodes(log.leaves, cuts), []
    for record in records:
        tree += [*nodes.up_to(record["sequence"] - 1), *nodes.with_leaf(leaf_of(record))]
    tree += nodes.up_to(len(log.leaves))
    changes = {record["change_id"] for record in records if record["change_id"]}
    files = {
        "README.txt": b"",
        "verify.py": b"",
        "public-key.txt": public_text(log.key.public_key()).encode(),
        "checkpoint.txt": log.checkpoint(len(log.leaves)).encode(),
        "events.jsonl": "".join(json.dumps(record) + "\n" for record in records).encode(),
        "tree.jsonl": "".join(json.dumps(line) + "\n" for line in tree).encode(),
        "changes.csv": rows_of(records),
        "manifest.json": json.dumps(
            {
                "format": verify.FORMAT,
                "organization_id": "acme",
                "filters": {} if sequences is None else {"q": "x"},
                "made_at": "now",
                "held_elsewhere": [],
                "events": len(records),
                "changes": len(changes),
                **manifest,
            }
        ).encode(),
    }
    return MadePack(files, log.key).signed()
