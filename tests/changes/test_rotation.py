"""A new signing key: begun in every log, signed by both keys. What a former key signs afterwards proves nothing."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from console.sandbox import processes
from tests import servers
from tests.changes.packs import Pack, checkpoint_of, id_of, private_key, public_text, sealed
from tests.changes.verdicts import Verifier
from tests.conftest import DATABASES
from tests.servers import Browser


def new_key():
    return base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()


def append(console, directory, org="acme"):
    """One change: two events."""
    browser = Browser(console.url)
    browser.sign_in("ada")
    subject = directory.person("worker", org=org)
    path = f"/orgs/{org}/accounts/{subject}/worker/status/"
    assert "result=" in browser.post(path, {**browser.form(path), "status": "disabled"}).url
    return browser


def restart(console, provider, **env):
    """Stop it, and start it with other settings. ``None`` removes one."""
    console.server.stop()
    env = {name: value for name, value in {**console.server.env, **env}.items() if value is not None}
    port = int(console.url.rsplit(":", 1)[1])
    with console.log_path.open("ab") as lines:
        console.server.process = processes.start_console(env, provider, port=port, log=lines).process
    console.server.env = env


def rotate(console, provider):
    """Start it with a new key, which replaces the one that it has."""
    former = console.server.env["AUDIT_SIGNING_KEY"]
    restart(console, provider, AUDIT_SIGNING_KEY=new_key(), AUDIT_FORMER_SIGNING_KEY=former)
    return private_key(former)


class Rotated:
    """A log of three keys: the second began with the command, the third with the next change."""

    def __init__(self, console, directory, provider, folder):
        self.console, self.folder = console, folder
        append(console, directory)
        self.first = rotate(console, provider)
        self.said = console.manage("change_signing_key").stdout
        self.again = console.manage("change_signing_key").stdout
        restart(console, provider, AUDIT_FORMER_SIGNING_KEY=None)
        append(console, directory)
        self.second = rotate(console, provider)
        self.browser = append(console, directory)
        restart(console, provider, AUDIT_FORMER_SIGNING_KEY=None)
        self.current = private_key(console.server.env["AUDIT_SIGNING_KEY"])
        self.browser = Browser(console.url)
        self.browser.sign_in("ada")
        self.public = f"--public-key={public_text(self.current)}"

    def pack(self, query=""):
        return Pack.of(self.browser.get(f"/orgs/acme/changes/evidence.zip{query}").content, self.folder)


@pytest.fixture(scope="module", params=DATABASES)
def rotated(request, start_console, directory_server, provider, tmp_path_factory):
    directory = servers.DirectoryDouble(directory_server)
    directory.reset()
    return Rotated(start_console(request.param), directory, provider, tmp_path_factory.mktemp("keys"))


def test_the_command_says_what_it_did_and_what_is_left(rotated):
    assert "acme: from sequence 3 on\n" in rotated.said
    assert "Give the new public key to whoever verifies: " in rotated.said
    assert "Remove AUDIT_FORMER_SIGNING_KEY" in rotated.said
    assert "acme" not in rotated.again, "it begins once"


def test_whoever_has_the_current_key_only_verifies_all(rotated, tmp_path):
    pack = rotated.pack()
    kinds = {record["sequence"]: record["event"] for record in pack.records}
    assert [sequence for sequence, kind in kinds.items() if kind == "key_changed"] == [3, 6]
    ids = [id_of(key) for key in (rotated.first, rotated.second, rotated.current)]
    for found in (pack, rotated.pack(f"?subject_id={pack.records[0]['subject_id']}")):
        code, said = found.verify(rotated.public)
        assert code == 0, said
        for line in (f"{ids[0]}: 1 to 2.", f"{ids[1]}: 3 to 5.", f"{ids[2]}: 6 to 8."):
            assert f"Signed by key {line}" in said
    export = tmp_path / "export.jsonl"
    export.write_bytes(pack.files["events.jsonl"])
    with Verifier(rotated.console.server.env) as verify:
        for options in ((), ("--file", str(export), rotated.public)):
            code, said = verify(*options)
            assert code == 0, said
            assert f"key {ids[0]} signs 1 to 2; key {ids[1]} signs 3 to 5; key {ids[2]} signs 6 to 8" in said
        code, said = verify("--file", str(export), f"--public-key={public_text(rotated.second)}")
        assert (code, "sequence 6: the key that signs from here on is not" in said) == (1, True), said


def test_a_stolen_former_key_makes_nothing_that_verifies(rotated, tmp_path):
    """Neither in a pack, nor in a whole export, nor in a selection, nor as a pack of its own."""
    pack, export = rotated.pack(), tmp_path / "export.jsonl"
    forged = sealed({**pack.records[1], "message": "forged"}, rotated.first)
    records = [pack.records[0], forged, *pack.records[2:]]
    code, said = pack.with_records(records).verify(rotated.public)
    assert (code, said[:26]) == (1, "NOT verified. sequence 3: "), said
    selection = rotated.pack(f"?subject_id={forged['subject_id']}")
    code, said = selection.with_records([selection.records[0], forged, *selection.records[2:]]).verify(rotated.public)
    assert code == 1, said
    thief = pack.with_records(records[:2]).with_checkpoint(records[:2], rotated.first)
    thief = thief.with_files(public__key_txt=public_text(rotated.first).encode()).with_manifest(rotated.first, events=2)
    assert "is not signed by the current key" in thief.verify(rotated.public)[1]
    with Verifier(rotated.console.server.env) as verify:
        for lines, options, said in (
            (records, (), "sequence 3: previous_hash is not the hash of the record before"),
            ([forged], ("--filtered",), "proven by a whole export or an evidence pack only"),
            (records[:2], (), "sequence 1: key_id: signed by"),
            ([*pack.records[:7], sealed(pack.records[7], rotated.second)], (), "sequence 8: key_id: signed by"),
            ([*pack.records[:5], *pack.records[6:]], (), "sequence 3: the key that signs from here on is not"),
        ):
            export.write_text("".join(json.dumps(record) + "\n" for record in lines), encoding="utf-8")
            code, found = verify("--file", str(export), rotated.public, *options)
            assert (code, said in found) == (1, True), found


def test_an_export_from_before_the_change_verifies_under_a_checkpoint_of_the_current_key(rotated, tmp_path):
    pack, export, note = rotated.pack(), tmp_path / "export.jsonl", tmp_path / "note.txt"
    origin, records = pack.head.origin, pack.records[:2]
    option = ("--file", str(export), rotated.public, f"--checkpoint={note}")
    with Verifier(rotated.console.server.env) as verify:

        def verdict(records, note_text):
            note.write_text(note_text)
            export.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
            return verify(*option)

        code, said = verdict(records, checkpoint_of(records, origin, rotated.current))
        assert (code, "a checkpoint of the current key vouches for the records" in said) == (0, True), said
        assert verdict(records, checkpoint_of(records, origin, rotated.first))[0] == 1, "a former key vouches for none"
        forged = [records[0], sealed({**records[1], "message": "forged"}, rotated.first)]
        code, said = verdict(forged, checkpoint_of(records, origin, rotated.current))
        assert (code, "sequence 2: the checkpoint has another root hash" in said) == (1, True), said


def test_a_process_with_the_former_key_records_nothing(rotated, directory, provider, start_console):
    """It is told to restart, answers 503, and sends nothing to the directory."""
    env = {
        "AUDIT_SIGNING_KEY": base64.b64encode(rotated.second.private_bytes_raw()).decode(),
        "DATABASE_URL": rotated.console.server.env["DATABASE_URL"],
    }
    left_behind = start_console(rotated.console.database, **env)
    browser = Browser(left_behind.url)
    browser.sign_in("ada")
    subject = directory.person("worker")
    path = f"/orgs/acme/accounts/{subject}/worker/status/"
    page = browser.post(path, {**browser.form(path), "status": "disabled"})
    assert page.status_code == 503, page.text
    assert "nothing was sent" in page.text
    assert [account["status"] for account in directory.accounts(subject)] == ["active"]
    assert "Restart this process with the new key." in left_behind.log()
    assert rotated.console.manage("verify_changes").returncode == 0
    doctor = rotated.console.manage("doctor", env={"AUDIT_SIGNING_KEY": env["AUDIT_SIGNING_KEY"]}).stdout
    assert "was signed with a key that is neither AUDIT_SIGNING_KEY nor AUDIT_FORMER_SIGNING_KEY" in doctor


def test_a_former_key_that_is_the_current_one_stops_the_start(sqlite_console):
    key = sqlite_console.server.env["AUDIT_SIGNING_KEY"]
    done = sqlite_console.manage("checkpoint", env={"AUDIT_FORMER_SIGNING_KEY": key})
    assert done.returncode != 0
    assert "AUDIT_FORMER_SIGNING_KEY: is the same key as AUDIT_SIGNING_KEY" in done.stderr


def test_a_log_of_a_key_that_nobody_has(sqlite_console, directory):
    """Without the former key, a new one cannot begin."""
    append(sqlite_console, directory)
    done = sqlite_console.manage("change_signing_key", env={"AUDIT_SIGNING_KEY": new_key()})
    assert done.returncode == 1
    assert "Not finished: the log of acme ends with an event of the key" in done.stderr
