"""Old events are moved into the archive: whole or not at all, never deleted, and what is held elsewhere is named."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import psycopg
import pytest

from console.sandbox.processes import ROOT
from tests.appending import Appenders
from tests.changes.packs import Pack, private_key, public_text
from tests.changes.verdicts import Verifier
from tests.conftest import DATABASES
from tests.servers import text_of

LOG = "/orgs/acme/changes/"
MOVED = "changes_archivedevent"


class Logged:
    """A console with a log of its own, whose events a test appends quickly."""

    def __init__(self, console, folder):
        self.console, self.folder, self.vendor = console, folder, console.database
        self.appenders, self.run = Appenders(console, 2), Verifier(console.server.env)

    def append(self, task, number):
        return self.appenders.do(task, number, among=1)[1]

    def archive(self, *args):
        return self.run(*args, f"--folder={self.folder}", "--by=Opal Operator", command="archive_changes")

    def connect(self):
        """Somebody with the rights of whoever owns the tables."""
        url = self.console.server.env["DATABASE_URL"]
        if self.vendor == "sqlite":
            return sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=20)
        return psycopg.connect(url.replace("postgres://", "postgresql://"), autocommit=True)

    def counts(self):
        """How many events the log and its archive have, and how many archives are recorded."""
        connection = self.connect()
        tables = ("changes_event", MOVED, "changes_archive")
        found = [connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables]
        connection.close()
        return found

    def stop(self):
        self.appenders.stop()
        self.run.stop()


@pytest.fixture(scope="module", params=DATABASES)
def logged(request, start_console, tmp_path_factory):
    found = Logged(start_console(request.param), tmp_path_factory.mktemp("archive"))
    yield found
    found.stop()


@pytest.fixture(scope="module")
def archived(logged):
    """Three changes, an open one, two more; the first three in two archives."""
    logged.names = [*logged.append("append", 3), *logged.append("ask", 1), *logged.append("append", 2)]
    before = logged.counts()
    code, said = logged.archive("--organization=acme", "--through=11", "--dry-run")
    assert (code, logged.counts(), list(logged.folder.iterdir())) == (0, before, []), said
    assert f"Change {logged.names[3]} is open: events after 6 of acme are not archived." in said
    assert "Would archive events 1 to 6 of acme" in said
    code, said = logged.archive("--organization=acme", "--through=3")
    assert code == 0, said
    assert f"Change {logged.names[1]} is resolved only by event 4: events after 2 of acme are not archived." in said
    assert "Archived: events 1 to 2 of acme, " in said
    code, said = logged.archive("--before=2999-01-01")
    assert (code, "Archived: events 3 to 6 of acme, " in said) == (0, True), said
    assert logged.counts() == [5, 6, 2]
    return logged


def test_all_is_there_and_verifies(archived, sign_in):
    code, said = archived.run()
    assert (code, said.startswith("Verified 11 events of acme, to sequence 11,")) == (0, True), said
    assert "NOT" not in said
    assert "Nothing to archive." in archived.archive("--organization=acme", "--through=6")[1]
    assert archived.run("--organization=acme", command="export_changes")[1].count("\n") == 11

    first, second = (archived.folder / f"changes-acme-{part}.jsonl" for part in ("1-2", "3-6"))
    notes = [str(one.with_suffix(".checkpoint.txt")) for one in (first, second)]
    end = str(first.with_suffix(".end.json"))
    assert (
        first.read_text() + second.read_text()
        == archived.run("--organization=acme", "--to=6", command="export_changes")[1]
    )
    assert archived.run("--file", str(first), "--checkpoint", notes[0])[0] == 0
    assert archived.run("--file", str(second), "--after", end, "--checkpoint", notes[1])[0] == 0
    assert "sequence 1: is missing" in archived.run("--file", str(second), "--checkpoint", notes[1])[1]

    otto = sign_in(archived.console, "otto")
    otto.get(f"{LOG}{archived.names[0]}/")
    assert otto.soup.select_one("table[data-total]")["data-total"] == "2"
    assert "elsewhere" not in otto.last.text
    assert otto.get(f"{LOG}export.jsonl").text.count("\n") == 11
    page = otto.post(f"{LOG}verify/", {**otto.form(LOG, "/changes/verify/"), "scope": "all"})
    assert "Verified up to sequence 11" in text_of(page)
    assert "Events 1 to 2, archived on" in text_of(page)
    assert "by Opal Operator." in text_of(page)
    pack = Pack.of(otto.get(f"{LOG}evidence.zip").content, archived.folder)
    key = public_text(private_key(archived.console.server.env["AUDIT_SIGNING_KEY"]))
    assert pack.verify(f"--public-key={key}")[1].startswith("Verified 11 events of 6 changes"), pack.verify()


def test_the_database_refuses_what_is_no_move(archived):
    """Neither from the log without the archive, nor in the archive, nor its record, whoever asks."""
    connection = archived.connect()
    refused = [
        "DELETE FROM changes_event WHERE sequence = 8",
        "DELETE FROM changes_event",
        f"UPDATE {MOVED} SET message = 'other' WHERE sequence = 1",
        f"DELETE FROM {MOVED} WHERE sequence = 1",
        f"INSERT INTO {MOVED} SELECT * FROM {MOVED} WHERE sequence = 1",
        "UPDATE changes_archive SET file = 'other'",
        "DELETE FROM changes_archive",
        *(
            f"INSERT INTO changes_archive SELECT 'acme', {last}, {first}, {run}, e.hash, 't', 'd', 'f', 's', 'b', e.at, 'k', 's' "
            f"FROM changes_event e WHERE e.sequence = {last}"
            for first, last, run in ((7, 11, 3), (8, 9, 3), (5, 6, 3), (7, 9, 2))
        ),
    ]
    if archived.vendor == "postgresql":
        parts = (f"{MOVED}_1", f"{MOVED}_2")
        refused += [f"TRUNCATE {table}" for table in (MOVED, "changes_archive", *parts)]
        refused += [f"DELETE FROM {part}" for part in parts]
        refused += ["SET session_replication_role = replica; " + refused[2]]
    else:
        refused += [f"INSERT OR REPLACE INTO {MOVED} SELECT * FROM {MOVED} WHERE sequence = 1"]
        refused += ["INSERT OR REPLACE INTO changes_archive SELECT * FROM changes_archive"]
    for statement in refused:
        if "SELECT 'acme', 6, 5" in statement:  # no such event is in the log any more: nothing is selected
            assert connection.execute(statement).rowcount < 1
            continue
        with pytest.raises((sqlite3.IntegrityError, psycopg.errors.RaiseException)):
            connection.execute(statement)
    connection.close()
    assert archived.run()[0] == 0


def test_tampering_is_found(archived):
    connection = archived.connect()
    if archived.vendor == "sqlite":
        [(made,)] = connection.execute(
            "SELECT sql FROM sqlite_master WHERE name = 'changes_archivedevent_fixed'"
        ).fetchall()
        off, on = ["DROP TRIGGER changes_archivedevent_fixed"], [made]
        gone = "changes_archivedevent_fixed is missing"
    else:
        part = f"{MOVED}_2"
        off = [f"ALTER TABLE {part} DISABLE TRIGGER changes_archivedevent_fixed"]
        on = [f"ALTER TABLE {part} ENABLE ALWAYS TRIGGER changes_archivedevent_fixed"]
        gone = f"changes_archivedevent_fixed of {part} is switched off"
    for statement in (*off, f"UPDATE {MOVED} SET code = 'other' WHERE sequence = 3"):
        connection.execute(statement)
    assert archived.run()[1].startswith(
        "NOT verified. acme, sequence 3: the record's content does not match its hash: code"
    )
    connection.execute(f"UPDATE {MOVED} SET code = 'worker' WHERE sequence = 3")
    assert gone in archived.run()[1]
    for statement in on:
        connection.execute(statement)
    connection.close()
    assert archived.run()[0] == 0


@pytest.mark.parametrize("logged", ["postgresql"], indirect=True)
def test_what_is_held_elsewhere_is_named(archived, sign_in):
    with archived.connect() as owner:
        owner.execute(f"ALTER TABLE {MOVED} DETACH PARTITION {MOVED}_1")
        code, said = archived.run()
        assert (code, said.startswith("Verified 9 events of acme, to sequence 11,")) == (0, True), said
        assert "NOT verified, because they are not in this database: events 1 to 2 of acme, archived on" in said
        assert "by Opal Operator in changes-acme-1-2.jsonl (SHA-256 " in said
        code, said = archived.run("--organization=acme", command="export_changes")
        assert "NOT exported, because they are not in this database: events 1 to 2 of acme," in said

        otto = sign_in(archived.console, "otto")
        page = otto.get(f"{LOG}{archived.names[0]}/")
        said = "Its events are archived elsewhere, so this change cannot be verified here. Events 1 to 2, archived on"
        assert said in text_of(page)
        assert "changes-acme-1-2.jsonl" in otto.soup.select_one("[data-elsewhere]").get_text()
        page = otto.post(f"{LOG}verify/", {**otto.form(LOG, "/changes/verify/"), "scope": "all"})
        assert "They are no longer in this database and are not verified with it." in text_of(page)
        pack = Pack.of(otto.get(f"{LOG}evidence.zip").content, archived.folder)
        code, said = pack.verify()
        assert (code, said.startswith("Verified 9 events of 5 changes")) == (0, True), said
        assert "Not in it: events 1 to 2 and their changes, archived in changes-acme-1-2.jsonl" in said

        owner.execute(f"ALTER TABLE {MOVED}_1 RENAME TO kept_elsewhere")
        owner.execute(f"ALTER TABLE {MOVED} DETACH PARTITION {MOVED}_2")
        owner.execute(f"CREATE TABLE lost AS SELECT * FROM {MOVED}_2 WHERE sequence = 4")
        owner.execute(f"ALTER TABLE {MOVED}_2 DROP CONSTRAINT {MOVED}_2_pkey")
        owner.execute(f"DELETE FROM {MOVED}_2 WHERE sequence = 4")
        owner.execute(f"ALTER TABLE {MOVED} ATTACH PARTITION {MOVED}_2 FOR VALUES IN (2)")
        assert archived.run() == (1, "NOT verified. acme, sequence 4: is missing (the next record is 5)")
        owner.execute(f"ALTER TABLE {MOVED} DETACH PARTITION {MOVED}_2")
        owner.execute("ALTER TABLE changes_archive DISABLE TRIGGER changes_archive_fixed")
        owner.execute("UPDATE changes_archive SET file = 'another' WHERE last_sequence = 6")
        assert "sequence 6: the record of the archive is not what was signed" in archived.run()[1]
        owner.execute("DELETE FROM changes_archive")
        assert archived.run() == (1, "NOT verified. acme, sequence 1: is missing (the next record is 7)")


@pytest.mark.parametrize("database", DATABASES)
def test_appending_goes_on_and_a_kill_leaves_all_or_nothing(database, start_console, tmp_path):
    console = start_console(database)
    console.server.stop()  # nobody asks it anything here
    logged = Logged(console, tmp_path)
    names = logged.append("append", 50)
    command = [
        sys.executable,
        "manage.py",
        "archive_changes",
        "--organization=acme",
        "--through=100",
        f"--folder={tmp_path}",
    ]
    with logged.console.log_path.open("ab") as lines:
        process = subprocess.Popen(
            command, cwd=ROOT, env=logged.console.server.env, stdout=lines, stderr=lines, start_new_session=True
        )
        in_the_middle(logged, process)
    appended = logged.counts()
    assert appended in ([100, 0, 0], [2, 98, 1]), appended
    assert logged.run()[1].startswith("Verified 100 events")
    for left in tmp_path.iterdir():
        left.unlink()

    done = []
    archiving = threading.Thread(target=lambda: done.append(logged.archive("--organization=acme", "--through=80")))
    archiving.start()
    _, more = logged.appenders.do("append", 20)
    archiving.join()
    assert done[0][0] == 0, done
    assert logged.run()[1].startswith(f"Verified {2 * len(names + more)} events"), logged.run()
    logged.stop()
    assert sum(logged.counts()[:2]) == 2 * len(names + more)


def in_the_middle(logged, process):
    """Kill the process while it moves events: on PostgreSQL held up there, on SQLite once its rows are being written."""
    if logged.vendor == "postgresql":
        with logged.connect() as other, logged.connect() as watch:
            other.execute("BEGIN")
            other.execute("SELECT 1 FROM changes_event WHERE sequence = 50 FOR UPDATE")
            waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'DELETE FROM changes_event%'"
            while not watch.execute(waiting).fetchall() and process.poll() is None:
                time.sleep(0.02)
            kill(process)
            other.execute("ROLLBACK")
            return
    log = logged.console.server.env["DATABASE_URL"].removeprefix("sqlite:///") + "-wal"
    before = os.stat(log).st_mtime_ns
    while os.stat(log).st_mtime_ns == before and process.poll() is None:
        time.sleep(0.0005)
    kill(process)


def kill(process):
    assert process.poll() is None, "it was done before it could be killed"
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait(10) == -signal.SIGKILL
