"""The procedure of operating.md for a new signing key, walked through twice; what a former key signs afterwards is found."""

import base64
import hashlib
import json

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from console.sandbox import processes
from tests.changes.packs import Pack, private_key, public_text
from tests.changes.verdicts import Verifier
from tests.servers import Browser


def new_key():
    return base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()


def append(console, directory):
    """One change: two events."""
    browser = Browser(console.url)
    browser.sign_in("ada")
    subject = directory.person("worker")
    path = f"/orgs/acme/accounts/{subject}/worker/status/"
    assert "result=" in browser.post(path, {**browser.form(path), "status": "disabled"}).url
    return browser


def rotate(console, provider):
    """Stop, take down the old key with its end, set a new one, start."""
    console.server.stop()
    entry = console.manage("checkpoint", "--retire").stdout.strip()
    env = console.server.env
    retired = ",".join(one for one in (env.get("AUDIT_RETIRED_PUBLIC_KEYS"), entry) if one)
    env = {**env, "AUDIT_SIGNING_KEY": new_key(), "AUDIT_RETIRED_PUBLIC_KEYS": retired}
    port = int(console.url.rsplit(":", 1)[1])
    with console.log_path.open("ab") as lines:
        console.server.process = processes.start_console(env, provider, port=port, log=lines).process
    console.server.env = env
    return entry


def forge(record, key):
    private = Ed25519PrivateKey.from_private_bytes(base64.b64decode(key))
    key_id = hashlib.sha256(private.public_key().public_bytes_raw()).hexdigest()[:16]
    sealed = {n: v for n, v in record.items() if n not in ("hash", "signature")} | {"key_id": key_id}
    digest = hashlib.sha256(rfc8785.dumps(sealed)).digest()
    return {**sealed, "hash": digest.hex(), "signature": base64.b64encode(private.sign(digest)).decode()}


def test_rotate_append_rotate_verify(start_console, directory, provider, tmp_path):
    console = start_console("sqlite")
    append(console, directory)
    first_key = console.server.env["AUDIT_SIGNING_KEY"]
    first = rotate(console, provider)
    assert first.endswith("@2")
    append(console, directory)
    second = rotate(console, provider)
    assert second.endswith("@4")
    pack = Pack.of(append(console, directory).get("/orgs/acme/changes/evidence.zip").content, tmp_path)
    records = pack.records
    assert len({record["key_id"] for record in records}) == 3
    current = public_text(private_key(console.server.env["AUDIT_SIGNING_KEY"]))
    assert pack.verify()[0] == 0
    assert pack.verify(*(f"--public-key={key}" for key in (first, second, current)))[0] == 0
    code, said = pack.verify(f"--public-key={current}")
    assert (code, said[:40]) == (1, "NOT verified. sequence 1: key_id: signed"), said
    path = tmp_path / "export.jsonl"

    def verify(records, *keys):
        path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
        return verify_changes("--file", str(path), *(f"--public-key={key}" for key in keys))

    with Verifier(console.server.env) as verify_changes:
        assert verify_changes()[0] == 0
        assert verify(records, first, second, current)[0] == 0
        plain = [entry.partition("@")[0] for entry in (first, second)]
        assert verify(records, *plain, current)[0] == 0
        next_one = {**records[-1], "sequence": 7, "previous_hash": records[-1]["hash"]}
        forged = [*records, forge(next_one, first_key)]
        code, said = verify(forged, first, second, current)
        assert code == 1
        assert "sequence 7: signed by the retired key" in said
        assert "after the end of its range (2)" in said
        code, said = verify(forged, *plain, current)
        assert code == 1
        assert "sequence 7: signed by the retired key" in said
        assert "after a newer key had begun to sign" in said
        code, said = verify([forge(records[0], console.server.env["AUDIT_SIGNING_KEY"])], first, second, current)
        assert code == 1
        assert "which signs only from 5 on" in said


def test_a_retired_key_that_still_signs_stops_the_start(sqlite_console):
    key = sqlite_console.manage("checkpoint", "--public-key").stdout.strip()
    done = sqlite_console.manage("checkpoint", env={"AUDIT_RETIRED_PUBLIC_KEYS": f"{key}@1"})
    assert done.returncode != 0
    assert "AUDIT_RETIRED_PUBLIC_KEYS: contains the public half of AUDIT_SIGNING_KEY" in done.stderr
