"""The log proves itself: append-only in the database, and every break is found and named."""

import base64
import hashlib
import json
import sqlite3

import psycopg
import pytest
import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.changes.verdicts import Verifier
from tests.conftest import DATABASES
from tests.servers import Browser, Console, DirectoryDouble


@pytest.fixture(scope="module", params=DATABASES)
def fresh(request, start_console, directory_server):
    """A console of its own, with a log of three changes. Nothing here succeeds in changing it."""
    directory = DirectoryDouble(directory_server)
    directory.reset()
    console = start_console(request.param)
    browser = Browser(console.url)
    browser.sign_in("ada")
    for number in range(3):
        subject = directory.person("worker", name=f"Bö Berg {number}")
        path = f"/orgs/acme/accounts/{subject}/worker/status/"
        page = browser.post(path, {**browser.form(path), "status": "disabled", "message": "because “so”\n=1+1"})
        assert "result=" in page.url, page.text
    console.browser = browser
    return console


@pytest.fixture
def verify_changes(fresh):
    with Verifier(fresh.server.env) as verifier:
        yield verifier


class Tampering:
    """Somebody with all rights on the database."""

    def __init__(self, console: Console) -> None:
        self.console = console
        url = console.server.env["DATABASE_URL"]
        if console.database == "sqlite":
            self.connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=20)
        else:
            self.connection = psycopg.connect(url.replace("postgres://", "postgresql://"), autocommit=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def run(self, sql):
        return self.connection.execute(sql)


FORBIDDEN = (
    "UPDATE changes_event SET message = 'other' WHERE sequence = 2",
    "DELETE FROM changes_event WHERE sequence = 2",
    "DELETE FROM changes_event",
    "DELETE FROM changes_change",
    "UPDATE changes_change SET outcome = 'not_applied'",
    "UPDATE changes_change SET message = 'other'",
    "INSERT INTO changes_event SELECT * FROM changes_event WHERE sequence = 1",
    "UPDATE changes_loghead SET sequence = 4",
    "UPDATE changes_loghead SET sequence = 7",
    "UPDATE changes_loghead SET hash = previous_hash FROM changes_event e WHERE e.sequence = 6",
    "UPDATE changes_loghead SET organization_id = 'beta'",
    "DELETE FROM changes_loghead",
    "INSERT INTO changes_loghead SELECT 'beta', sequence, hash, key_id FROM changes_loghead",
)


def test_the_database_refuses(fresh):
    with Tampering(fresh) as somebody:
        statements = FORBIDDEN + (
            (
                "TRUNCATE changes_event, changes_change",
                "TRUNCATE changes_loghead",
            )
            if fresh.database == "postgresql"
            else ()
        )
        for statement in statements:
            with pytest.raises((sqlite3.Error, psycopg.Error)):
                somebody.run(statement)
        if fresh.database == "postgresql":
            somebody.run("SET session_replication_role = replica")
            with pytest.raises(psycopg.Error):
                somebody.run("DELETE FROM changes_event")
        else:
            with pytest.raises(sqlite3.Error):
                somebody.run("INSERT OR REPLACE INTO changes_event SELECT * FROM changes_event WHERE sequence = 2")
    verified = fresh.manage("verify_changes")
    assert verified.returncode == 0, verified.stderr
    assert "Verified 6 events of acme, to sequence 6" in verified.stdout


def test_a_forged_checkpoint_is_found(fresh, tmp_path):
    lines = fresh.manage("checkpoint").stdout.splitlines(keepends=True)
    kept = tmp_path / "checkpoint.txt"
    for place, line in ((1, "7\n"), (2, f"{'A' * 43}=\n"), (4, lines[4].replace("acme", "globex")), (3, "x\n")):
        kept.write_text("".join([*lines[:place], line, *lines[place + 1 :]]))
        done = fresh.manage("verify_changes", "--checkpoint", str(kept))
        assert done.returncode == 1
        assert "NOT verified" in done.stderr


def test_an_outsider_verifies_an_export(fresh, tmp_path):
    """With the public key, a JSON canonicalizer and nothing of ours."""
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(fresh.manage("checkpoint", "--public-key").stdout))
    lines = fresh.browser.get("/orgs/acme/changes/export.jsonl").text.splitlines()
    previous = "0" * 64
    for number, line in enumerate(lines, start=1):
        record = json.loads(line)
        assert record["sequence"] == number
        assert record["previous_hash"] == previous
        signature, previous = base64.b64decode(record.pop("signature")), record.pop("hash")
        assert hashlib.sha256(rfc8785.dumps(record)).hexdigest() == previous
        public.verify(signature, bytes.fromhex(previous))
    with pytest.raises(InvalidSignature):
        public.verify(signature, b"x" * 32)
    assert len(lines) == 6


def test_verifying_an_export(fresh, verify_changes, tmp_path):
    text = fresh.browser.get("/orgs/acme/changes/export.jsonl").text
    lines = text.splitlines(keepends=True)
    cases = {
        "whole": (lines, 0, ""),
        "changed": ([line.replace("because", "instead") for line in lines], 1, "sequence 1"),
        "one removed": (lines[:2] + lines[3:], 1, "sequence 3"),
        "swapped": ([lines[1], lines[0], *lines[2:]], 1, "sequence 1"),
        "repeated": ([*lines, lines[-1]], 1, "sequence 6"),
        "no JSON": ([*lines, "{"], 1, "line 7"),
    }
    for name, (kept, code, said) in cases.items():
        path = tmp_path / "export.jsonl"
        path.write_text("".join(kept), encoding="utf-8")
        found, words = verify_changes("--file", str(path))
        assert (found, said in words) == (code, True), (name, words)
    path.write_text("".join(lines[:2] + lines[3:]), encoding="utf-8")
    assert verify_changes("--file", str(path), "--filtered")[0] == 0
    assert fresh.manage("verify_changes", "--file", str(path)).returncode == 1


def test_each_event_is_a_line_of_the_logger(fresh):
    logged = [json.loads(line) for line in fresh.log().splitlines() if line.startswith('{"v"')]
    exported = [json.loads(line) for line in fresh.browser.get("/orgs/acme/changes/export.jsonl").text.splitlines()]
    assert logged == exported


def test_what_the_log_does_not_hold(fresh):
    text = fresh.browser.get("/orgs/acme/changes/export.jsonl").text
    for private in ("1990-01-01", "birthdate", "gender", "access_token", "Bearer"):
        assert private not in text
