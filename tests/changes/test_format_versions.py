"""A later version of the record adds a field: events of the former version still verify, and say which they are."""

import json
import subprocess
import sys
from types import SimpleNamespace

import pytest

from accounts_ui.changes.chain.records import FIELDS
from console.sandbox.processes import ROOT
from tests.appending import Appenders
from tests.changes.packs import Pack, private_key, public_text, sealed
from tests.conftest import DATABASES

# What the later release's own verify.py would have: one more entry in its table.
ENTRY = "    2: (\n" + "".join(f'        "{name}",\n' for name in (*FIELDS[1], "ticket")) + "    ),\n"


@pytest.fixture(scope="module", params=DATABASES)
def later(request, start_console, tmp_path_factory):
    """A log with one change of version 1 and one of version 2."""
    console, folder = start_console(request.param), tmp_path_factory.mktemp("later")
    appenders = Appenders(console, 1)
    appenders.do("append", 1)
    appenders.stop()
    command = [sys.executable, "-m", "tests.changes.later_format", str(folder)]
    done = subprocess.run(command, cwd=ROOT, env=console.server.env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    pack = Pack.of((folder / "pack.zip").read_bytes(), folder)
    table, end = b"FIELDS = {", b"}\nCOLUMNS"
    head, rest = pack.files["verify.py"].split(table)
    body, tail = rest.split(end)
    verifier = head + table + body + ENTRY.encode() + end + tail
    return SimpleNamespace(
        console=console,
        verified=json.loads(done.stdout.splitlines()[-1]),
        export=folder / "export.jsonl",
        pack=pack,
        verifier=verifier,
        key=private_key(console.server.env["AUDIT_SIGNING_KEY"]),
    )


def test_events_of_both_versions_verify(later):
    assert later.verified == {"database": 4, "export": 4, "versions": [1, 1, 2, 2]}
    records = [json.loads(line) for line in later.export.read_text().splitlines()]
    assert [record.get("ticket") for record in records] == [None, None, "T-1", ""]
    code, said = later.pack.verify(f"--public-key={public_text(later.key)}", verifier=later.verifier)
    assert (code, said.split("\n")[0]) == (
        0,
        "Verified 4 events of 2 changes of organization acme (all changes), to sequence 4.",
    )


def test_a_release_that_does_not_know_the_version_says_so(later):
    code, said = later.pack.verify(f"--public-key={public_text(later.key)}")
    assert code == 1
    assert "sequence 3: has the format version 2, which this verify.py does not know" in said
    for options in ((), (f"--file={later.export}",)):
        done = later.console.manage("verify_changes", *options)
        assert done.returncode == 1
        assert "sequence 3: " in done.stderr
        assert "has the format version 2, which is not known here" in done.stderr


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"v": 1}, "has fields that format version 1 does not have: ticket"),
        ({"color": "red"}, "has fields that format version 2 does not have: color"),
    ],
)
def test_a_signed_record_with_the_fields_of_another_version_is_found(later, change, problem):
    *others, last = later.pack.records
    forged = later.pack.with_records([*others, sealed({**last, **change}, later.key)])
    code, said = forged.verify(f"--public-key={public_text(later.key)}", verifier=later.verifier)
    assert (code, said) == (1, f"NOT verified. sequence 4: {problem}\n")
