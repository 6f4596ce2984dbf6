"""What somebody with rights on the database, but without the signing key, can add to a log: nothing is believed."""

import json
import uuid

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.changes.packs import Pack, checkpoint_of, private_key, public_text, sealed
from tests.changes.test_breaks import INDEX
from tests.changes.test_log import Tampering
from tests.changes.test_rotation import append
from tests.changes.verdicts import Verifier
from tests.conftest import DATABASES
from tests.servers import Browser, text_of

LOG = "/orgs/acme/changes/"
TABLES = ("changes_event", "changes_archivedevent", "changes_change", "changes_loghead", "changes_checkpoint")


class Attacked:
    """A console with a log of six events, a checkpoint of the first four, and somebody who owns its database."""

    def __init__(self, console, directory, folder):
        self.console, self.folder, self.vendor = console, folder, console.database
        append(console, directory)
        append(console, directory)
        self.note = console.manage("checkpoint", "--emit").stdout
        append(console, directory)
        self.key = private_key(console.server.env["AUDIT_SIGNING_KEY"])
        self.otto = Browser(console.url)
        self.otto.sign_in("otto")
        self.verify = Verifier(console.server.env)

    def pack(self, query=""):
        return Pack.of(self.otto.get(f"{LOG}evidence.zip{query}").content, self.folder)

    def export(self):
        return self.otto.get(f"{LOG}export.jsonl").text

    def page_says(self):
        """What the log's page says after a full verification that it starts."""
        self.otto.get(LOG)
        self.otto.post(f"{LOG}verify/", {**self.otto.form(LOG, "/changes/verify/"), "scope": "all"})
        self.otto.get(LOG)
        found = self.otto.soup.select_one("#chain")
        return found["data-state"], " ".join(found.get_text(" ").split())


@pytest.fixture(params=DATABASES)
def attacked(request, start_console, directory, tmp_path):
    found = Attacked(start_console(request.param), directory, tmp_path)
    yield found
    found.verify.stop()


class Owner(Tampering):
    """Somebody who switches the triggers off, and on again as they were."""

    def __enter__(self):
        if self.console.database == "postgresql":
            self.made = self.run(
                "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal"
            ).fetchall()
            for table, name in self.made:
                self.run(f"ALTER TABLE {table} DISABLE TRIGGER {name}")
        else:
            self.made = self.run("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for name, _ in self.made:
                self.run(f"DROP TRIGGER {name}")
        return self

    def __exit__(self, *_):
        for name, statement in self.made:
            on = f"ALTER TABLE {name} ENABLE ALWAYS TRIGGER {statement}"
            self.run(on if self.console.database == "postgresql" else statement)
        super().__exit__()

    def columns(self, table):
        found = self.connection.execute(f"SELECT * FROM {table} WHERE 1 = 0")
        return [column[0] for column in found.description]

    def copy_row(self, table, where, **changed):
        """Insert a copy of a row, with some of its columns changed."""
        columns = self.columns(table)
        values = ", ".join(changed.get(name, name) for name in columns)
        self.run(f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} WHERE {where}")


def new_id(vendor):
    name = uuid.uuid4()
    return f"'{name.hex if vendor == 'sqlite' else name}'"


@pytest.mark.parametrize("sequence", [0, -40])
def test_events_before_the_first_place_of_a_log(attacked, sequence):
    with Owner(attacked.console) as owner:
        change = new_id(attacked.vendor)
        owner.copy_row("changes_event", "sequence = 2", sequence=str(sequence), change_id=change)
        owner.copy_row("changes_change", "last_sequence = 2", last_sequence=str(sequence), change_id=change)
    expected = f"sequence {sequence}: is before the first place of the log, which is 1"
    assert attacked.verify() == (1, f"NOT verified. acme, {expected}")
    assert attacked.page_says()[0] == "broken"
    assert expected in attacked.page_says()[1]


@pytest.mark.parametrize("place", ["-3", "7", "400"])
def test_a_change_without_a_place_in_the_log(attacked, place):
    """In the command and on the page, and also if it is of an organization that has no log at all."""
    for org in ("acme", "globex"):
        with Owner(attacked.console) as owner:
            owner.copy_row(
                *("changes_change", "last_sequence = 2"),
                last_sequence=place,
                change_id=new_id(attacked.vendor),
                organization_id=f"'{org}'",
                subject_id="'somebody'",
            )
        code, said = attacked.verify(f"--organization={org}")
        assert (code, said.startswith(f"NOT verified. {org}, sequence {place}: change ")) == (1, True), said
        assert "says that it ends here, and the log goes from 1 to" in said
    assert attacked.page_says()[0] == "broken"
    assert attacked.verify()[0] == 1


def test_a_change_in_the_place_of_another_ones_event(attacked):
    with Owner(attacked.console) as owner:
        change = new_id(attacked.vendor)
        owner.copy_row("changes_change", "last_sequence = 2", last_sequence="3", change_id=change, subject_id="'x'")
    code, said = attacked.verify()
    assert (code, said[:38]) == (1, "NOT verified. acme, sequence 3: change"), said
    assert said.endswith("has no events")


def test_events_in_the_archive_that_has_no_record_of_them(attacked):
    with Owner(attacked.console) as owner:
        columns = [name for name in owner.columns("changes_archivedevent") if name != "run"]
        if attacked.vendor == "postgresql":
            owner.run("CREATE TABLE forged PARTITION OF changes_archivedevent FOR VALUES IN (1)")
        names = ", ".join(columns)
        owner.run(
            f"INSERT INTO changes_archivedevent ({names}, run) SELECT {names}, 1 FROM changes_event WHERE sequence = 1"
        )
    code, said = attacked.verify()
    assert (code, said) == (1, "NOT verified. acme, sequence 1: is in the archive, which has no record of that")


def test_a_record_signed_again_by_whoever_has_the_key_and_the_database(attacked):
    """The checkpoint in the database, and the one that was stored elsewhere, still know what was signed before."""
    records = [json.loads(line) for line in attacked.export().splitlines()]
    previous, again = records[2]["hash"], []
    for record in records[3:]:
        changed = {"message": "other"} if record["sequence"] == 4 else {}
        again.append(sealed({**record, **changed, "previous_hash": previous}, attacked.key))
        previous = again[-1]["hash"]
    with Owner(attacked.console) as owner:
        for record in again:
            sets = ", ".join(f"{name} = '{record[name]}'" for name in ("message", "previous_hash", "hash", "signature"))
            owner.run(f"UPDATE changes_event SET {sets} WHERE sequence = {record['sequence']}")
        owner.run(f"UPDATE changes_loghead SET hash = '{previous}'")
    code, said = attacked.verify()
    assert (code, said) == (
        1,
        "NOT verified. acme, sequence 4: is not the record that a checkpoint covers: it was rewritten and signed again",
    )
    with Owner(attacked.console) as owner:
        owner.run("DELETE FROM changes_checkpoint")
    kept = attacked.folder / "kept.txt"
    kept.write_text(attacked.note)
    code, said = attacked.verify("--checkpoint", str(kept))
    assert (code, "sequence 4: the checkpoint has another root hash for it" in said) == (1, True), said
    public = f"--public-key={public_text(attacked.key)}"
    code, said = attacked.pack().verify(public, f"--checkpoint={kept}")
    assert (code, said[:57]) == (1, "NOT verified. sequence 4: events up to here are not those")


def test_checkpoints_in_the_database_that_were_changed(attacked):
    stranger = Ed25519PrivateKey.generate()
    records = [json.loads(line) for line in attacked.export().splitlines()]
    forged = checkpoint_of([sealed({**records[0], "message": "x"}, stranger)], "sandbox.example/orgs/acme", stranger)
    nothing = "zeroblob(128)" if attacked.vendor == "sqlite" else "decode(repeat('00', 128), 'hex')"
    others = {
        "note": (f"'{forged}'", "the checkpoint is not signed by a key that could sign it"),
        "root": ("'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='", "a stored checkpoint is not what its note says"),
        "tree": ("'[0,4,[]]'", "a stored checkpoint has not the tree that it signs"),
        "leaves": (nothing, "is not the record that a checkpoint covers"),
        "size": ("40", "is covered by a stored checkpoint and missing: the end of the log was cut off"),
    }
    with Owner(attacked.console) as owner:
        owner.run("CREATE TABLE kept AS SELECT * FROM changes_checkpoint")
    for column, (value, said) in others.items():
        with Owner(attacked.console) as owner:
            owner.run(f"UPDATE changes_checkpoint SET {column} = {value}")
        code, found = attacked.verify()
        assert (code, said in found) == (1, True), (column, found)
        with Owner(attacked.console) as owner:
            owner.run("DELETE FROM changes_checkpoint")
            owner.run("INSERT INTO changes_checkpoint SELECT * FROM kept")
    assert attacked.verify()[0] == 0


def append_unsigned(attacked, event="requested", **changed):
    """What the role that serves may insert: an event that is chained, and signed by nobody. All triggers stay on."""
    with Tampering(attacked.console) as role:
        columns = Owner.columns(role, "changes_event")
        values = {
            "sequence": "sequence + 1",
            "previous_hash": "hash",
            "hash": f"'{'ab' * 32}'",
            "signature": f"'{'A' * 88}'",
            "change_id": "NULL",
            "event": f"'{event}'",
            **changed,
        }
        chosen = ", ".join(values.get(name, name) for name in columns)
        last = "(SELECT max(sequence) FROM changes_event)"
        role.run(
            f"INSERT INTO changes_event ({', '.join(columns)}) SELECT {chosen} FROM changes_event WHERE sequence = {last}"
        )
        role.run(f"UPDATE changes_loghead SET sequence = sequence + 1, hash = '{'ab' * 32}'")


def acknowledge(attacked, sequence, by="Opal Operator"):
    options = ("--organization=acme", f"--sequence={sequence}", f"--by={by}")
    return attacked.verify(*options, command="acknowledge_break")


ABOUT = """'{"sequence": 2, "through": 2, "what": "nothing", "found_hash": "missing"}'"""


@pytest.mark.parametrize(
    ("event", "changed"),
    [("requested", {}), ("key_changed", {"about": "'{}'"}), ("break_acknowledged", {"about": ABOUT})],
)
def test_a_break_that_was_acknowledged_is_reported_and_verification_goes_on(attacked, directory, event, changed):
    append_unsigned(attacked, event, **changed)
    append(attacked.console, directory)
    code, said = attacked.verify()
    assert (code, said.startswith("NOT verified. acme, sequence 7: ")) == (1, True), said
    assert acknowledge(attacked, 6)[0] == 1, "that is not where the break is"
    code, said = acknowledge(attacked, 7)
    assert (code, said.startswith("Acknowledged with event 10 of acme: sequence 7: ")) == (0, True), said
    report = "Sequence 7: a break that was acknowledged at "
    code, said = attacked.verify()
    assert (code, report in said, "by Opal Operator: " in said) == (0, True, True), said
    assert acknowledge(attacked, 7) == (1, "The log of acme verifies: there is nothing to acknowledge.")

    state, words = attacked.page_says()
    assert (state, report in words) == ("verified", True), words
    export = attacked.folder / "export.jsonl"
    export.write_text(attacked.export())
    code, said = attacked.verify("--file", str(export))
    assert (code, report in said) == (0, True), said
    public = f"--public-key={public_text(attacked.key)}"
    for query in ("", "?q=nothing+has+this"):
        code, said = attacked.pack(query).verify(public)
        assert (code, query or report in said) == (0, query or True), said

    with Owner(attacked.console) as owner:
        owner.run("UPDATE changes_event SET message = 'changed again' WHERE sequence = 7")
    assert attacked.verify()[1].startswith("NOT verified. acme, sequence 7: ")


def test_an_unsigned_acknowledgement_behind_a_part_covers_nothing_in_it(attacked, directory):
    """Archiving verifies a part of the log. What acknowledges a break of it may come later, and is verified, too."""
    append_unsigned(attacked)
    append(attacked.console, directory)
    code = (
        "from accounts_ui.changes.models import Event; from accounts_ui.changes.chain.records import record_of; "
        "from accounts_ui.changes.verification.breaks import found_hash; "
        "print(found_hash(record_of(Event.objects.get(sequence=7))))"
    )
    found = attacked.console.manage("shell", "--no-imports", "-v", "0", "-c", code).stdout.strip()
    about = {"sequence": 7, "through": 7, "what": "nothing", "found_hash": found}
    append_unsigned(attacked, "break_acknowledged", about=f"'{json.dumps(about)}'")
    archive = ("--organization=acme", "--dry-run", f"--folder={attacked.folder}")
    for through in ("7", "9"):
        code, said = attacked.verify(*archive, f"--through={through}", command="archive_changes")
        assert code == 1, said
        assert "sequence 10: acknowledges a break, and is broken itself: the record's content" in said
    code, said = attacked.verify(*archive, "--through=6", command="archive_changes")
    assert (code, "Would archive events 1 to 6" in said) == (0, True), said


def test_a_removed_record_is_acknowledged_if_a_checkpoint_knows_its_place(attacked):
    with Owner(attacked.console) as owner:
        owner.run("DELETE FROM changes_event WHERE sequence IN (3, 4)")
        owner.run("DELETE FROM changes_change WHERE last_sequence = 4")
        for table in INDEX:  # it follows from the changes by itself
            owner.run(f"DELETE FROM {table}")
    assert attacked.verify()[1].startswith("NOT verified. acme, sequence 3: is missing (the next record is 5)")
    code, said = acknowledge(attacked, 3)
    assert code == 0, said
    code, said = attacked.verify()
    assert (code, "Sequence 3 to 4: a break that was acknowledged at " in said) == (0, True), said
    code, said = attacked.pack().verify(f"--public-key={public_text(attacked.key)}")
    assert (code, "Sequence 3: a break that was acknowledged" in said) == (0, True), said


def test_what_is_only_made_from_records_is_not_acknowledged(attacked):
    with Owner(attacked.console) as owner:
        owner.run("UPDATE changes_change SET message = 'other' WHERE last_sequence = 4")
    code, said = acknowledge(attacked, 4)
    assert (code, "has to be repaired instead" in said) == (1, True), said
    assert acknowledge(attacked, 4, by=" ")[1] == "Say who acknowledges the break: --by NAME."


@pytest.fixture
def detached(start_console, directory, tmp_path):
    """A log whose first four events are in an archive that was taken out of the database."""
    found = Attacked(start_console("postgresql"), directory, tmp_path)
    options = ("--organization=acme", "--through=4", f"--folder={tmp_path}", "--by=Opal")
    assert found.verify(*options, command="archive_changes")[0] == 0
    with Tampering(found.console) as owner:
        owner.run("ALTER TABLE changes_archivedevent DETACH PARTITION changes_archivedevent_1")
        owner.run("ALTER TABLE changes_archivedevent_1 RENAME TO elsewhere")
    yield found
    found.verify.stop()


def test_changes_whose_events_are_elsewhere_are_held_against_what_was_signed(detached):
    code, said = detached.verify()
    assert (code, "The changes of these events are as they were when they were archived." in said) == (0, True), said
    ways = {
        "rewritten": "UPDATE changes_change SET message = 'other' WHERE last_sequence = 2",
        "removed": "DELETE FROM changes_change WHERE last_sequence = 2",
        "moved": "UPDATE changes_change SET last_sequence = 3 WHERE last_sequence = 4",
    }
    with Owner(detached.console) as owner:
        owner.run("CREATE TABLE kept AS SELECT * FROM changes_change")
    for statement in ways.values():
        with Owner(detached.console) as owner:
            owner.run(statement)
        code, said = detached.verify()
        expected = "NOT verified. acme, sequence 4: the changes of this archive are not those that its record signs"
        assert (code, said.startswith(expected)) == (1, True), said
        assert detached.page_says()[0] == "broken"
        with Owner(detached.console) as owner:
            owner.run("DELETE FROM changes_change")
            owner.run("INSERT INTO changes_change SELECT * FROM kept")
    with Owner(detached.console) as owner:  # one that was invented
        owner.copy_row("changes_change", "last_sequence = 2", last_sequence="3", change_id=new_id("postgresql"))
    assert "the changes of this archive are not those" in detached.verify()[1]


def test_what_cannot_be_verified_here_is_marked_wherever_it_is_shown(detached):
    otto = detached.otto
    page = otto.get(LOG)
    rows = {row["data-change-id"]: text_of_row(row) for row in otto.soup.select("[data-change-id]")}
    marked = [name for name, words in rows.items() if "cannot be verified here" in words]
    assert len(rows) == 3, page.text
    assert len(marked) == 2
    otto.get(f"{LOG}{marked[0]}/")
    assert "cannot be verified here" in text_of(otto.last)
    lines = otto.get(f"{LOG}export.csv").text
    assert lines.count("cannot be verified here") == 2


def text_of_row(row):
    return " ".join(row.get_text(" ").split())
