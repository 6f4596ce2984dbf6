"""An evidence pack is verified by its own verifier with nothing of ours, and whatever is changed in it is found."""

import ast
import csv
import datetime
import io
import sys

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts_ui.changes.evidence import verify
from tests import servers
from tests.changes.packs import Pack, checkpoint_of, id_of, private_key, public_text, run, sealed, signed
from tests.changes.verdicts import Verifier
from tests.conftest import DATABASES
from tests.servers import Browser, csv_text

ADDRESS = "/orgs/acme/changes/evidence.zip"
NAMES = ["README.txt", "verify.py", "public-key.txt", "checkpoint.txt", "events.jsonl", "tree.jsonl", "changes.csv"]
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
        self.whole = self.pack()
        gil = Browser(console.url)
        gil.sign_in("gil")
        self.foreign = change(gil, directory, org="globex", message="none of acme's business")
        directory.fault("hang-before", on="status")
        subject = directory.person("worker")
        path = f"/orgs/acme/accounts/{subject}/worker/status/"
        ada.post(path, {**ada.form(path), "status": "disabled", "message": "lost"})
        self.longer = self.pack()  # with an outcome that is unknown
        self.selection = self.pack("?q=the+second")  # two events in the middle
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
    for pack, count, end in ((made.whole, 4, 4), (made.longer, 6, 6), (made.selection, 2, 6)):
        assert sorted(pack.files) == sorted([*NAMES, "manifest.json"])
        assert (pack.head.size, pack.head.origin) == (end, "sandbox.example/orgs/acme")
        code, said = pack.verify(made.public)
        assert (code, said.startswith(f"Verified {count} events of ")) == (0, True), said
        assert f"of organization acme ({'q: the second' if count == 2 else 'all changes'})" in said
        assert f"Signed by key {id_of(made.key)}: 1 to {end}." in said
        assert "proves nothing" not in said
        assert (pack.files["tree.jsonl"] == b"") is (count == end), "the leaves of a whole log are all in it"
    code, said = made.selection.verify()
    assert code == 0
    assert "The key came with the pack: this proves nothing about WHO made it." in said


@one_database
def test_an_unpacked_pack_verifies(made, tmp_path):
    for name, data in made.selection.files.items():
        (tmp_path / name).write_bytes(data)
    done = run("verify.py", ".", made.public, cwd=tmp_path)
    assert (done.returncode, done.stdout[:17]) == (0, "Verified 2 events"), (done.stdout, done.stderr)


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
    manifest = made.longer.document("manifest.json")
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
    exported = csv_text(made.auditor.get(f"/orgs/acme/changes/export.csv{query}"))
    assert pack.files["changes.csv"].decode() == exported
    with open(verify.__file__, "rb") as file:
        assert pack.files["verify.py"] == file.read()


def test_filters_and_other_organizations(made):
    second = made.pack("?q=the+second")
    assert {record["subject_id"] for record in second.records} == {made.subjects[1]}
    assert "(q: the second)" in second.verify(made.public)[1]
    none = made.pack("?action=delete")
    assert none.records == []
    assert none.verify(made.public)[0] == 0
    for pack in (second, none, made.longer):
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
        records = made.longer.records
        records[2] = {**records[2], name: value}
        code, said = made.longer.with_records(records).verify(made.public)
        assert (code, said) == (
            1,
            "NOT verified. sequence 3: the record's content does not match its hash: a field was changed\n",
        )


@one_database
def test_removed_and_added_rows(made):
    whole, longer, selection = made.whole, made.longer, made.selection
    rows, events = rows_of(longer), longer.files["events.jsonl"]
    cases = [
        (whole.with_records(whole.records[:1] + whole.records[2:]), "sequence 2: is missing\n"),
        (whole.with_records(whole.records[:3]), "sequence 4: is missing\n"),
        (whole.with_records(whole.records[1:]), "sequence 1: is missing\n"),
        (selection.with_records(selection.records[1:]), "sequence 3: is missing, and tree.jsonl has no hash in its"),
        (selection.with_records(selection.records[:1]), "sequence 4: is missing, and tree.jsonl has no hash in its"),
        (selection.with_records([]), "sequence 3: is missing, and tree.jsonl has no hash in its place"),
        (longer.with_records([*longer.records, longer.records[0]]), "sequence 1: comes after "),
        (longer.with_records([*longer.records, {**longer.records[-1], "sequence": 7}]), "sequence 7: comes after the"),
        (whole.with_records([whole.records[1], whole.records[0]]), "sequence 1: is missing\n"),
        (longer.with_files(changes_csv=as_csv(rows[:-1])), "sequence 2: change "),
        (longer.with_files(changes_csv=as_csv([*rows, rows[1]])), "changes.csv: change "),
        (longer.with_files(changes_csv=as_csv(rows[1:])), "changes.csv does not begin with the names"),
        (longer.with_files(events_jsonl=events + b"{\n"), "line 7 is not JSON as the console writes it"),
        (longer.with_files(events_jsonl=b"[]\n"), "line 1 is not a JSON object"),
        (longer.with_files(events_jsonl=events.replace(b'"sequence":2,', b'"sequence":2e0,', 1)), "line 2 is not JSON"),
        (longer.with_files(events_jsonl=events.replace(b'"v":1,', b'"v":1,"v":1,', 1)), "line 1 is not JSON"),
    ]
    for pack, said in cases:
        code, found = pack.verify(made.public)
        assert (code, found.startswith(f"NOT verified. {said}")) == (1, True), (said, found)


@one_database
def test_the_manifest_counts(made):
    """Somebody who adds what is in the log, and leaves the manifest as it was signed."""
    pack = made.longer.with_files(manifest_json=made.selection.files["manifest.json"])
    code, said = pack.verify(made.public)
    assert (code, said) == (1, "NOT verified. the manifest counts 2 events, and the pack holds 6\n")


@one_database
def test_a_changed_cell(made):
    pack = made.longer
    for column in verify.COLUMNS[1:]:
        pack = with_cell(pack, column, "forged")
    code, said = pack.verify(made.public)
    assert code == 1
    assert said.startswith("NOT verified. sequence 2: changes.csv differs from the events of change "), said
    assert said.endswith(f": {', '.join(verify.COLUMNS[1:])}\n")
    code, said = with_cell(made.longer, "detail", "forged").verify(made.public)
    assert (code, said[-9:]) == (1, ": detail\n")
    code, said = with_cell(made.longer, "outcome", "unknown").verify(made.public)
    assert code == 1, "only a pending may stand there as unknown"
    assert rows_of(made.longer)[-1][verify.COLUMNS.index("message")] == f"'{FORMULA}"


@one_database
def test_changed_documents(made):
    pack, stranger = made.longer, Ed25519PrivateKey.generate()
    manifest, note = pack.document("manifest.json"), pack.files["checkpoint.txt"].decode()
    unsigned = "the manifest is not signed by the current key"
    cases = [
        (pack.with_document("manifest.json", {**manifest, "events": 5}), unsigned),
        (pack.with_document("manifest.json", {**manifest, "filters": {"q": "x"}}), unsigned),
        (pack.with_document("manifest.json", signed(manifest, stranger)), unsigned),
        (pack.with_document("manifest.json", []), "manifest.json is not one of the format"),
        (pack.with_files(manifest_json=b'{"a": 1, "a": 1}'), "manifest.json is not JSON as the console writes it"),
        (pack.with_files(checkpoint_txt=note.replace("\n6\n", "\n9\n").encode()), "the checkpoint of 9 events is not"),
        (pack.with_files(checkpoint_txt=made.whole.files["checkpoint.txt"]), "sequence 5: comes after the end"),
        (pack.with_files(checkpoint_txt=b"{}"), "this is not a checkpoint: it is not a signed note"),
        (pack.with_files(public__key_txt=b"abc"), "public-key.txt does not have the hash that the manifest says"),
        (pack.with_files(tree_jsonl=b'[0,6,"%s"]\n' % (b"A" * 43 + b"=")), "tree.jsonl has more hashes than"),
        (pack.with_files(README_txt=b"Trust me.\n"), "README.txt does not have the hash that the manifest says"),
        (pack.with_files(README_txt=None), "the pack has other files than expected"),
        (pack.with_files(more_txt=b""), "the pack has other files than expected"),
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
    forged = made.whole.with_records(records).with_files(changes_csv=as_csv(rows)).with_checkpoint(records, stranger)
    forged = forged.with_files(public__key_txt=public_text(stranger).encode()).with_manifest(stranger)
    code, said = forged.verify()
    assert (code, "proves nothing about WHO made it" in said) == (0, True), said
    code, said = forged.verify(made.public)
    assert (code, said) == (1, f"NOT verified. the manifest is not signed by the current key {id_of(made.key)}\n")


@one_database
def test_kept_checkpoints(made):
    kept, origin, records = made.folder / "kept.txt", made.whole.head.origin, made.longer.records
    option = f"--checkpoint={kept}"
    kept.write_text("\n".join(checkpoint_of(records[:size], origin, made.key) for size in (2, 5, 6)))
    assert made.longer.verify(made.public, option)[0] == 0
    code, said = made.selection.verify(made.public, option)
    assert (code, said[:44]) == (1, "NOT verified. sequence 5: the pack leaves ou"), "it was emitted by nobody"
    other = [sealed({**records[0], "message": "other"}, made.key), *records[1:]]
    kept.write_text(checkpoint_of(other[:4], origin, made.key))
    code, said = made.longer.verify(made.public, option)
    assert (code, said[:57]) == (1, "NOT verified. sequence 4: events up to here are not those")
    kept.write_text(checkpoint_of([*records, records[0]], origin, made.key))
    code, said = made.longer.verify(made.public, option)
    assert (code, said.startswith("NOT verified. sequence 7: is covered by a checkpoint")) == (1, True), said
    kept.write_text(checkpoint_of(records, origin, Ed25519PrivateKey.generate()))
    assert "is not signed by" in made.longer.verify(made.public, option)[1]


@one_database
def test_checkpoints_that_were_emitted_can_be_compared_with_any_selection(made):
    emitted = made.console.manage("checkpoint", "--emit", "--organization=acme").stdout
    assert emitted.startswith("sandbox.example/orgs/acme\n6\n"), emitted
    kept = made.folder / "emitted.txt"
    kept.write_text(emitted)
    pack = made.pack("?q=the+second")
    assert pack.verify(made.public, f"--checkpoint={kept}")[0] == 0


def tampered(made):
    """Records as somebody might change them, the public key to trust, and who signs manifest and checkpoint."""
    records, own, stranger = made.whole.records, made.key, Ed25519PrivateKey.generate()
    key, other = public_text(own), public_text(stranger)
    first, last = records[:3], records[3]
    yield records, key, own
    yield records, other, stranger
    for changed in (
        {"signature": records[2]["signature"]},
        {"signature": 7},
        {"key_id": "0" * 16},
        {"http_status": 2**60},
        {"message": "\ud800"},
        {"message": "another"},
    ):
        yield [*first, {**last, **changed}], key, own
    yield [records[0], sealed({**records[1], "message": "another"}, own), *records[2:]], key, own
    yield [sealed({**records[0], "previous_hash": "1" * 64}, own), *records[1:]], key, own
    yield [*first, sealed(last, stranger)], key, own
    yield [*first, sealed({**last, "v": 7}, own)], key, own
    yield [*first, sealed({**last, "more": 1}, own)], key, own


@one_database
def test_it_judges_as_verify_changes_does(made, verify_changes, tmp_path):
    """On the same records and key, both verifiers say the same of the same sequence."""
    export, verdicts = tmp_path / "export.jsonl", set()
    for records, key, signer in tampered(made):
        pack = made.whole.with_records(records).with_manifest(signer)
        pack = pack.with_checkpoint(made.whole.records, signer).with_manifest(signer)
        export.write_bytes(pack.files["events.jsonl"])
        code, theirs = verify_changes("--file", str(export), f"--public-key={key}")
        code_here, ours = pack.verify(f"--public-key={key}")
        both = [
            said.split("does not match its hash: ")[0].split("which ")[0].split("no canonical JSON: ")[0].strip()
            for said in (theirs, ours)
        ]
        if code == 0:
            both = [said[:17] for said in both]
        assert (code_here, both[0]) == (code, both[1])
        verdicts.add(both[0])
    assert len(verdicts) >= 9, verdicts


@one_database
def test_a_pending_that_nobody_works_on_stands_in_the_table_as_unknown(made):
    """As a console that died in the middle of a change leaves it."""
    records = made.longer.records[:-1]
    pack = made.longer.with_records(records).with_checkpoint(records, made.key)
    for column, text in {"outcome": "unknown", **dict.fromkeys(("resolved_at", "http_status", "detail"), "")}.items():
        pack = with_cell(pack, column, text, line=1)
    pack = with_cell(pack, "after", pack.records[-1]["after"], line=1).with_manifest(made.key, events=5)
    assert pack.verify(made.public)[0] == 0, pack.verify(made.public)
    pack = with_cell(pack, "outcome", "pending", line=1).with_manifest(made.key)
    assert pack.verify(made.public)[0] == 0
    pack = with_cell(pack, "outcome", "applied", line=1).with_manifest(made.key)
    assert pack.verify(made.public)[1].startswith("NOT verified. sequence 5: changes.csv differs from the events")


def test_the_pages_name_the_last_checkpoint(made):
    emitted = made.console.manage("checkpoint", "--emit", "--organization=acme").stdout.splitlines()
    size = 6 if emitted == ["Nothing new."] else int(emitted[1])
    made.auditor.get("/orgs/acme/changes/")
    line = made.auditor.soup.select_one(".checkpoint")
    assert line["data-checkpoint"] == str(size)
    assert line.get_text().strip().startswith(f"Last checkpoint: sequence {size}, ")
    assert datetime.datetime.fromisoformat(line.select_one("time")["datetime"]).year == datetime.datetime.now().year
    link = made.auditor.soup.link("Evidence pack")
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
