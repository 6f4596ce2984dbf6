"""An evidence pack is verified by its own verifier with nothing of ours, and whatever is changed in it is found."""

import ast
import csv
import datetime
import io
import json
import sys

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts_ui.changes.evidence import verify
from tests import servers
from tests.changes.packs import Pack, id_of, private_key, public_text, run, sealed, signed
from tests.changes.verdicts import Verifier
from tests.conftest import DATABASES
from tests.servers import Browser

ADDRESS = "/orgs/acme/changes/evidence.zip"
NAMES = ["README.txt", "verify.py", "public-keys.json", "checkpoint.json", "events.jsonl", "changes.csv"]
FORMULA = "=HYPERLINK(“x”)\nsecond line, “ß” \U0001f600"


def change(browser, directory, org="acme", message=FORMULA):
    subject = directory.person("worker", name='Bö, "Berg"', org=org)
    path = f"/orgs/{org}/accounts/{subject}/worker/status/"
    page = browser.post(path, {**browser.form(path), "status": "disabled", "message": message})
    assert "result=" in page.url, page.text
    return subject


class Made:
    """A console whose log holds two changes of acme, one of another organization, and one more of acme."""

    def __init__(self, console, directory, folder):
        self.console, self.folder = console, folder
        self.auditor, ada = Browser(console.url), Browser(console.url)
        self.auditor.sign_in("otto")
        ada.sign_in("ada")
        self.subjects = [change(ada, directory), change(ada, directory, message="the second")]
        self.whole = self.pack()  # nothing but acme's so far
        gil = Browser(console.url)
        gil.sign_in("gil")
        self.foreign = change(gil, directory, org="globex", message="none of acme's business")
        directory.fault("hang-before", on="status")
        subject = directory.person("worker")
        path = f"/orgs/acme/accounts/{subject}/worker/status/"
        ada.post(path, {**ada.form(path), "status": "disabled", "message": "lost"})
        self.selection = self.pack()
        self.key = private_key(console.server.env["AUDIT_SIGNING_KEY"])
        self.public = f"--public-key={public_text(self.key)}"

    def pack(self, query=""):
        page = self.auditor.get(ADDRESS + query)
        assert page.status_code == 200, page.text
        return Pack.of(page.content, self.folder)


@pytest.fixture(scope="module", params=DATABASES)
def made(request, start_console, directory_server, tmp_path_factory):
    directory = servers.DirectoryDouble(directory_server)
    directory.reset()
    return Made(start_console(request.param), directory, tmp_path_factory.mktemp("pack"))


# What is done to a pack once it is made does not depend on the database that it came from.
one_database = pytest.mark.parametrize("made", ["sqlite"], indirect=True)


@pytest.fixture(scope="module")
def verify_changes(made):
    with Verifier(made.console.server.env) as verifier:
        yield verifier


def test_a_pack_verifies_with_nothing_of_ours(made):
    assert run("-c", "import accounts_ui", cwd=made.folder).returncode == 1
    for pack, count, end in ((made.whole, 4, 4), (made.selection, 6, 8)):
        assert sorted(pack.files) == sorted([*NAMES, "manifest.json"])
        assert pack.document("checkpoint.json")["sequence"] == end
        code, said = pack.verify(made.public)
        assert (code, said.startswith(f"Verified {count} events of ")) == (0, True), said
        assert "of organization acme (all changes)" in said
        assert "proves nothing" not in said
    code, said = made.selection.verify()
    assert code == 0
    assert "The keys came with the pack: this proves nothing about WHO made it." in said


@one_database
def test_an_unpacked_pack_verifies(made, tmp_path):
    for name, data in made.selection.files.items():
        (tmp_path / name).write_bytes(data)
    done = run("verify.py", ".", made.public, cwd=tmp_path)
    assert (done.returncode, done.stdout[:17]) == (0, "Verified 6 events"), (done.stdout, done.stderr)


def test_it_is_streamed_and_ends_the_read(made):
    response = made.auditor.session.get(made.console.url + ADDRESS, stream=True, timeout=60)
    assert "Content-Length" not in response.headers
    assert response.headers["Content-Type"] == "application/zip"
    assert response.headers["Content-Disposition"] == 'attachment; filename="changes-evidence.zip"'
    next(response.iter_content(10))
    response.close()  # in the middle; the next one finds nothing in its way
    assert made.pack().verify(made.public)[0] == 0


def test_what_the_pack_says_of_itself(made):
    text = made.pack("?q=second&since=2020-01-02&page=7").files["README.txt"].decode()
    for part in ("Acme", "(acme)", "q: second", "since: 2020-01-02T00:00:00.000000Z", "otto", "--public-key KEY"):
        assert part in text, part
    assert "page" not in text.lower()
    manifest = made.selection.document("manifest.json")
    assert (manifest["organization_id"], manifest["filters"], manifest["events"], manifest["changes"]) == (
        "acme",
        {},
        6,
        3,
    )
    assert manifest["made_by"]["issuer"] == made.selection.records[0]["actor"]["issuer"]


def test_a_pack_holds_what_the_exports_hold(made):
    """The verifier that travels is the one of the source code, and both files are the exports of the same filters."""
    query = f"?subject_id={made.subjects[1]}"
    pack = made.pack(query)
    assert pack.files["events.jsonl"] == made.auditor.get(f"/orgs/acme/changes/export.jsonl{query}").content
    assert pack.files["changes.csv"] == made.auditor.get(f"/orgs/acme/changes/export.csv{query}").content
    with open(verify.__file__, "rb") as file:
        assert pack.files["verify.py"] == file.read()


def test_filters_and_other_organizations(made):
    second = made.pack("?q=the+second")
    assert {record["subject_id"] for record in second.records} == {made.subjects[1]}
    assert "(q: the second)" in second.verify(made.public)[1]
    none = made.pack("?action=delete")
    assert none.records == []
    assert none.verify(made.public)[0] == 0
    for pack in (second, none, made.selection):
        assert made.foreign.encode() not in b"".join(pack.files.values())
    assert made.auditor.get("/orgs/globex/changes/evidence.zip").status_code == 404
    assert made.auditor.get(f"{ADDRESS}?action=dance").status_code == 400


def as_csv(rows):
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def rows_of(pack):
    return list(csv.reader(io.StringIO(pack.files["changes.csv"].decode(), newline="")))


def with_cell(pack, column, text, line=-1):
    rows = rows_of(pack)
    rows[line][rows[0].index(column)] = text
    return pack.with_files(changes_csv=as_csv(rows))


@one_database
def test_a_changed_field(made):
    for name, value in (("message", "another"), ("outcome", "not_applied"), ("evidence", {"x": [1]}), ("at", "1.5")):
        records = made.selection.records
        records[2] = {**records[2], name: value}
        code, said = made.selection.with_records(records).verify(made.public)
        assert (code, said) == (
            1,
            "NOT verified. sequence 3: the record's content does not match its hash: a field was changed\n",
        )


@one_database
def test_removed_and_added_rows(made):
    whole, selection = made.whole, made.selection
    counted = "NOT verified. the manifest counts 6 events, and the pack holds"
    rows = rows_of(selection)
    [applied] = [number for number, record in enumerate(selection.records) if record["sequence"] == 4]
    cases = [
        (whole.with_records(whole.records[:1] + whole.records[2:]), "sequence 2: is missing (the next record is 3)"),
        (
            whole.with_records(whole.records[:3]),
            "sequence 4: is covered by the checkpoint and missing: the end of the log was cut off",
        ),
        (selection.with_records(selection.records[1:]), "sequence 2: change "),
        (
            selection.with_records([r for n, r in enumerate(selection.records) if n != applied]),
            "sequence 3: changes.csv differs",
        ),
        (selection.with_records([*selection.records, selection.records[0]]), "sequence 1: comes after "),
        (selection.with_records([selection.records[1], selection.records[0]]), "sequence 2: change "),
        (selection.with_files(changes_csv=as_csv(rows[:-1])), "sequence 2: change "),
        (selection.with_files(changes_csv=as_csv([*rows, rows[1]])), "changes.csv: change "),
        (selection.with_files(changes_csv=as_csv(rows[1:])), "changes.csv does not begin with the names"),
        (selection.with_files(events_jsonl=selection.files["events.jsonl"] + b"{\n"), "line 7 is not JSON"),
        (selection.with_files(events_jsonl=b"[]\n"), "line 1 is not a JSON object"),
    ]
    for pack, said in cases:
        code, found = pack.verify(made.public)
        assert (code, found.startswith(f"NOT verified. {said}")) == (1, True), (said, found)
    gone = made.subjects[1]
    both = selection.with_records([record for record in selection.records if record["subject_id"] != gone])
    both = both.with_files(changes_csv=as_csv([row for row in rows if gone not in row]))
    assert both.verify(made.public)[1].startswith(f"{counted} 4")


@one_database
def test_a_changed_cell(made):
    pack = made.selection
    for column in verify.COLUMNS[1:]:
        pack = with_cell(pack, column, "forged")
    code, said = pack.verify(made.public)
    assert code == 1
    assert said.startswith("NOT verified. sequence 2: changes.csv differs from the events of change "), said
    assert said.endswith(f": {', '.join(verify.COLUMNS[1:])}\n")
    code, said = with_cell(made.selection, "detail", "forged").verify(made.public)
    assert (code, said[-9:]) == (1, ": detail\n")
    code, said = with_cell(made.selection, "outcome", "unknown").verify(made.public)
    assert code == 1, "only a pending may stand there as unknown"
    assert rows_of(made.selection)[-1][verify.COLUMNS.index("message")] == f"'{FORMULA}"


@one_database
def test_changed_documents(made):
    pack, stranger = made.selection, Ed25519PrivateKey.generate()
    manifest, checkpoint, keys = (pack.document(f"{n}.json") for n in ("manifest", "checkpoint", "public-keys"))
    cases = [
        (pack.with_document("manifest.json", {**manifest, "events": 5}), "the manifest is not signed by a known key"),
        (pack.with_document("manifest.json", {**manifest, "filters": {"q": "x"}}), "the manifest is not signed by"),
        (pack.with_document("manifest.json", signed(manifest, stranger)), "the manifest is not signed by a known key"),
        (pack.with_document("manifest.json", checkpoint), "manifest.json is not one of the format"),
        (
            pack.with_document("checkpoint.json", {**checkpoint, "sequence": 9}),
            "sequence 9: the checkpoint is not signed",
        ),
        (
            pack.with_document("checkpoint.json", made.whole.document("checkpoint.json")),
            "sequence 7: comes after the end",
        ),
        (pack.with_document("checkpoint.json", manifest), "this is not a checkpoint: it has no sequence number"),
        (pack.with_document("public-keys.json", [{**keys[0], "last": 3}]), "public-keys.json does not have the hash"),
        (
            pack.with_document("public-keys.json", [{**keys[0], "key_id": "0" * 16}]),
            "public-keys.json: key_id or first",
        ),
        (pack.with_files(README_txt=b"Trust me.\n"), "README.txt does not have the hash that the manifest says"),
        (pack.with_files(README_txt=None), "the pack has other files than expected"),
        (pack.with_files(more_txt=b""), "the pack has other files than expected"),
        (pack.with_files(checkpoint_json=b'{"sequence": 1.5}'), "checkpoint.json is not JSON as the console writes it"),
        (pack.with_files(checkpoint_json=b'{"a": 1, "a": 1}'), "checkpoint.json is not JSON as the console writes it"),
    ]
    for changed, said in cases:
        code, found = changed.verify(made.public, verifier=pack.files["verify.py"])
        assert (code, found.startswith(f"NOT verified. {said}")) == (1, True), (said, found)
    (made.folder / "no.zip").write_bytes(pack.save().read_bytes()[:-100])
    done = run("verify.py", "no.zip", cwd=made.folder)
    assert (done.returncode, done.stdout[:32]) == (1, "NOT verified. It cannot be read:")


@one_database
def test_a_pack_made_by_a_stranger(made):
    """Whoever makes all of it anew, with a key of their own, is found out by the key given out of band, only."""
    stranger, previous, records = Ed25519PrivateKey.generate(), "0" * 64, []
    for record in made.whole.records:
        records.append(sealed({**record, "previous_hash": previous, "message": "forged"}, stranger))
        previous = records[-1]["hash"]
    rows = rows_of(made.whole)
    for row in rows[1:]:
        row[rows[0].index("message")] = "forged"
    keys = [{"key_id": id_of(stranger), "public_key": public_text(stranger), "first": 1, "last": None}]
    checkpoint = {**made.whole.document("checkpoint.json"), "hash": previous, "key_id": id_of(stranger)}
    forged = made.whole.with_records(records).with_files(changes_csv=as_csv(rows))
    forged = forged.with_document("public-keys.json", keys)
    forged = forged.with_document("checkpoint.json", signed(checkpoint, stranger)).with_manifest(stranger)
    code, said = forged.verify()
    assert (code, "proves nothing about WHO made it" in said) == (0, True), said
    code, said = forged.verify(made.public)
    assert (code, said) == (1, "NOT verified. the manifest is not signed by a known key\n")


@one_database
def test_kept_checkpoints(made):
    kept = made.folder / "kept.jsonl"
    checkpoint = made.whole.document("checkpoint.json")
    kept.write_text(json.dumps(checkpoint) + "\n")
    assert made.selection.verify(made.public, f"--checkpoint={kept}")[0] == 0
    kept.write_text(json.dumps(signed({**checkpoint, "hash": "0" * 64}, made.key)) + "\n")
    code, said = made.selection.verify(made.public, f"--checkpoint={kept}")
    assert (code, said) == (
        1,
        "NOT verified. sequence 4: the checkpoint has another hash for it: the log was rewritten\n",
    )
    earlier = {**checkpoint, "sequence": 40, "hash": "0" * 64}
    kept.write_text(json.dumps(signed(earlier, made.key)) + "\n")
    code, said = made.selection.verify(made.public, f"--checkpoint={kept}")
    assert (code, said.startswith("NOT verified. sequence 40: is covered by a checkpoint")) == (1, True), said


def tampered(made):
    """Records as somebody might change them, the public keys to trust, and who signs manifest and checkpoint."""
    records, own, stranger = made.whole.records, made.key, Ed25519PrivateKey.generate()
    key, other = public_text(own), public_text(stranger)
    first, last = records[:3], records[3]
    yield records, [key], own
    yield records, [f"{key}@3", other], stranger
    yield records, [f"{other}@2", key], own
    yield records, [other], stranger
    for changed in (
        {"signature": records[2]["signature"]},
        {"signature": 7},
        {"key_id": "0" * 16},
        {"sequence": "4"},
        {"sequence": 3},
        {"http_status": 2**60},
        {"message": "\ud800"},
        {"message": "another"},
    ):
        yield [*first, {**last, **changed}], [key], own
    yield [records[0], sealed({**records[1], "message": "another"}, own), *records[2:]], [key], own
    yield [sealed({**records[0], "previous_hash": "1" * 64}, own), *records[1:]], [key], own
    yield [*first, sealed(last, stranger)], [key], own
    yield [*first, sealed(last, stranger)], [key, other], own
    yield [*first, sealed(last, stranger)], [other, key], own
    yield first, [key], own
    yield [*records[:1], *records[2:]], [key], own


@one_database
def test_it_judges_as_verify_changes_does(made, verify_changes, tmp_path):
    """On the same records, keys and checkpoint, both verifiers say the same of the same sequence."""
    export, kept, verdicts = tmp_path / "export.jsonl", tmp_path / "checkpoint.json", set()
    for records, keys, signer in tampered(made):
        options = [f"--public-key={key}" for key in keys]
        checkpoint = signed({**made.whole.document("checkpoint.json"), "key_id": id_of(signer)}, signer)
        pack = made.whole.with_records(records).with_document("checkpoint.json", checkpoint).with_manifest(signer)
        export.write_bytes(pack.files["events.jsonl"])
        kept.write_bytes(json.dumps(checkpoint).encode())
        code, theirs = verify_changes("--file", str(export), "--checkpoint", str(kept), *options)
        code_here, ours = pack.verify(*options)
        both = [
            said.split("does not match its hash: ")[0].split("no canonical JSON: ")[0].strip()
            for said in (theirs, ours)
        ]
        if code == 0:
            both = [said[:17] for said in both]
        assert code_here == code
        assert both[0] == both[1]
        verdicts.add(both[0])
    assert len(verdicts) >= 12, verdicts


@one_database
def test_a_pending_that_nobody_works_on_stands_in_the_table_as_unknown(made):
    """As a console that died in the middle of a change leaves it."""
    pack = made.selection.with_records(made.selection.records[:-1])
    for column, text in {"outcome": "unknown", **dict.fromkeys(("resolved_at", "http_status", "detail"), "")}.items():
        pack = with_cell(pack, column, text, line=1)
    pack = with_cell(pack, "after", pack.records[-1]["after"], line=1).with_manifest(made.key, events=5)
    assert pack.verify(made.public)[0] == 0, pack.verify(made.public)
    pack = with_cell(pack, "outcome", "pending", line=1).with_manifest(made.key)
    assert pack.verify(made.public)[0] == 0
    pack = with_cell(pack, "outcome", "applied", line=1).with_manifest(made.key)
    assert pack.verify(made.public)[1].startswith("NOT verified. sequence 7: changes.csv differs from the events")


def test_the_pages_name_the_last_checkpoint(made):
    made.auditor.get("/orgs/acme/changes/")
    line = made.auditor.soup.select_one(".checkpoint")
    assert "No checkpoint has been issued yet." in line.text
    emitted = json.loads(made.console.manage("checkpoint", "--emit").stdout)
    made.auditor.get("/orgs/acme/changes/")
    line = made.auditor.soup.select_one(".checkpoint")
    assert line["data-checkpoint"] == str(emitted["sequence"])
    assert line.text.strip().startswith(f"Last checkpoint: sequence {emitted['sequence']}, ")
    assert datetime.datetime.fromisoformat(line.time["datetime"]).year == datetime.datetime.now().year
    link = made.auditor.soup.find("a", string="Evidence pack")
    assert link["href"].startswith(ADDRESS)


TEXTS = st.text(st.characters(codec=None, exclude_categories=()))
INTEGERS = st.integers() | st.integers(-(2**53) - 2, -(2**53) + 2) | st.integers(2**53 - 2, 2**53 + 2)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | INTEGERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


@settings(database=None, deadline=None)
@given(st.dictionaries(TEXTS, DOCUMENTS, max_size=6))
def test_canonical_json_is_that_of_rfc_8785(document):
    try:
        expected = rfc8785.dumps(document)
    except (rfc8785.CanonicalizationError, UnicodeError):
        expected = None
    try:
        found = verify.canonical(document)
    except ValueError:
        found = None
    assert found == expected


@pytest.mark.parametrize("value", [1.5, 1.0, float("nan"), (1,), {1: 2}, b"", 2**53, [[1.5]], {"a": {"b": 1e3}}])
def test_what_no_record_holds_has_no_canonical_form(value):
    with pytest.raises(ValueError, match="has no place in a record"):
        verify.canonical(value)


@pytest.mark.parametrize("text", ['{"a": 1.0}', '{"a": 1e3}', '{"a": NaN}', '{"a": 1, "a": 1}', "[" * 100_000, "{"])
def test_json_that_is_refused(text):
    with pytest.raises(ValueError):
        verify.read_json(text)


def test_the_verifier_is_one_file_for_python_3_9():
    with open(verify.__file__, encoding="utf-8") as file:
        tree = ast.parse(file.read(), feature_version=(3, 9))
    imports = {one.names[0].name for one in ast.walk(tree) if isinstance(one, ast.Import)}
    imports |= {one.module for one in ast.walk(tree) if isinstance(one, ast.ImportFrom)}
    assert {name.split(".")[0] for name in imports} <= sys.stdlib_module_names | {"cryptography"}
