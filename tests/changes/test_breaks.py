"""Whatever somebody with all rights on the database changes, ``verify_changes`` finds it and says where and what."""

import base64
import hashlib
import io
import json
import shutil
import sqlite3
import uuid
import zipfile

import psycopg
import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests import servers
from tests.changes.verdicts import Verifier
from tests.conftest import DATABASES
from tests.servers import Browser, TestDatabase

INDEX = ("changes_indexedchange", "changes_indexposition", "changes_tally", "changes_share", "changes_actor")
TABLES = ("changes_event", "changes_loghead", "changes_change", *INDEX)


class Prepared:
    """A log of three changes, made by a console that is gone, and as many copies of its database as a test breaks."""

    def __init__(self, console, tmp, pack):
        self.vendor, self.tmp, self.env = console.database, tmp, console.server.env
        self.url = self.env["DATABASE_URL"]
        self.keep = (tmp / "checkpoint.json", tmp / "export.jsonl")
        for path, name in zip(self.keep, ("checkpoint.txt", "events.jsonl"), strict=True):
            path.write_bytes(pack.read(name))
        self.verify = Verifier(self.env)
        self.copies = []

    def copy(self):
        return Copy(self)

    def close(self):
        self.verify.stop()
        for one in self.copies:
            one.drop()


class Copy:
    """A copy of the database, open to somebody with all rights on it."""

    def __init__(self, prepared):
        self.prepared, self.vendor = prepared, prepared.vendor
        if self.vendor == "sqlite":
            self.name = str(prepared.tmp / f"{uuid.uuid4().hex}.sqlite3")
            shutil.copy(prepared.url.removeprefix("sqlite:///"), self.name)
            self.connection = sqlite3.connect(self.name, isolation_level=None, timeout=20)
        else:  # one copy serves all: dropping a database costs seconds
            if not prepared.copies:
                prepared.copies.append(TestDatabase(prepared.url.rsplit("/", 1)[1]))
            [database] = prepared.copies
            self.name = database.name
            url = database.url.replace("postgres://", "postgresql://")
            self.connection = psycopg.connect(url, autocommit=True)
            self.run("CREATE SCHEMA IF NOT EXISTS kept")
            for table in TABLES:
                self.run(f"CREATE TABLE IF NOT EXISTS kept.{table} AS TABLE {table}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.vendor == "postgresql":
            back = [
                (
                    f"DELETE FROM {table}",
                    f"INSERT INTO {table} SELECT * FROM kept.{table}",
                )
                for table in TABLES
            ]
            self.tamper(*(statement for pair in back for statement in pair))
        self.connection.close()

    def run(self, sql):
        return self.connection.execute(sql)

    def row(self, table, key, value):
        """The row as a dict of what the database holds."""
        found = self.connection.execute(f"SELECT * FROM {table} WHERE {key} = {value}")
        return dict(zip([one[0] for one in found.description], found.fetchone(), strict=True))

    def tamper(self, *statements):
        """Switch the triggers off, run the statements, and put the triggers back exactly as they were."""
        if self.vendor == "postgresql":
            query = "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal"
            made = self.run(query).fetchall()
            off = [f"ALTER TABLE {table} DISABLE TRIGGER {name}" for table, name in made]
            on = [f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}" for table, name in made]
        else:
            made = self.run("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
            off, on = [f"DROP TRIGGER {name}" for name, _ in made], [sql for _, sql in made]
        for statement in (*off, *statements, *on):
            self.run(statement)

    def verify(self, *args):
        return self.prepared.verify(*args, database=self.name)


@pytest.fixture(scope="module", params=DATABASES)
def prepared(request, start_console, directory_server, tmp_path_factory):
    directory = servers.DirectoryDouble(directory_server)
    directory.reset()
    console = start_console(request.param)
    browser = Browser(console.url)
    browser.sign_in("ada")
    for number in range(3):
        subject = directory.person("worker", name=f"Bö Berg {number}")
        path = f"/orgs/acme/accounts/{subject}/worker/status/"
        page = browser.post(path, {**browser.form(path), "status": "disabled", "message": f"because “so” {number}"})
        assert "result=" in page.url, page.text
    with zipfile.ZipFile(io.BytesIO(browser.get("/orgs/acme/changes/evidence.zip").content)) as pack:
        console.server.stop()
        found = Prepared(console, tmp_path_factory.mktemp(request.param), pack)
    yield found
    found.close()


# Written out and not read from the models: a column that is forgotten there is missed here.
FACTS = [
    *("organization_id", "actor_issuer", "actor_subject", "actor_name", "actor_email", "ip", "request_id"),
    *("action", "subject_id", "subject_name", "code", "type_name", "before", "after", "message"),
    *("outcome", "http_status", "detail", "detail_parts"),
]
EVENT = [
    "v",
    "change_id",
    *FACTS,
    "event",
    "at",
    "evidence",
    "about",
    "key_id",
    "previous_hash",
    "hash",
    "signature",
    "sequence",
]
CHANGE = ["change_id", *FACTS, "requested_at", "resolved_at", "last_sequence"]
OTHER = {
    "change_id": "'0bd0f9c8-7c54-4f3b-9d3a-0123456789ab'",
    "v": "9",
    "http_status": "418",
    "detail_parts": """'["forged"]'""",
    "evidence": """'{"seen": "forged"}'""",
    "about": """'{"seen": "forged"}'""",
    "sequence": "40",
    "last_sequence": "40",
    "outcome": "'unknown'",
    "action": "'delete'",
    "event": "'resolved'",
    **dict.fromkeys(("at", "requested_at", "resolved_at"), "'2020-01-02 03:04:05.000006+00:00'"),
}
NAMES = {f"actor_{part}": f"actor.{part} " for part in ("issuer", "subject", "name", "email")} | {
    "signature": "signature"
}


def value_for(copy, column):
    value = OTHER.get(column, "'forged'")
    return value.replace("-", "") if column == "change_id" and copy.vendor == "sqlite" else value


def test_the_columns_are_all_there_are(prepared):
    with prepared.copy() as copy:
        assert sorted(copy.row("changes_event", "sequence", 3)) == sorted(EVENT)
        assert sorted(copy.row("changes_change", "last_sequence", 4)) == sorted(CHANGE)
        assert copy.verify()[0] == 0
        assert copy.verify("--checkpoint", str(prepared.keep[0]))[0] == 0


@pytest.mark.parametrize("column", EVENT)
def test_a_changed_field_of_an_event(prepared, column):
    with prepared.copy() as copy:
        copy.tamper(f"UPDATE changes_event SET {column} = {value_for(copy, column)} WHERE sequence = 4")
        code, said = copy.verify()
    assert code == 1
    if column in ("sequence", "organization_id"):
        assert said == "NOT verified. acme, sequence 4: is missing (the next record is 5)"
    elif column == "http_status" or column in EVENT[:-7] or column in NAMES or column == "key_id":
        assert said.startswith("NOT verified. acme, sequence 4: "), said
        assert NAMES.get(column, f"{column} was changed") in said
    else:
        assert said.startswith("NOT verified. acme, sequence 4: the record's content does not match its hash"), said


@pytest.mark.parametrize("column", CHANGE)
def test_a_changed_field_of_a_change(prepared, column):
    with prepared.copy() as copy:
        copy.tamper(f"UPDATE changes_change SET {column} = {value_for(copy, column)} WHERE last_sequence = 4")
        code, said = copy.verify()
    assert code == 1
    if column == "change_id":
        assert said.startswith("NOT verified. acme, sequence 4: change ")
        assert said.endswith("has no events")
    elif column == "organization_id":
        assert said.startswith("NOT verified. acme, sequence 3: change ")
        assert said.endswith("has events and is missing itself")
    else:
        assert said.startswith("NOT verified. acme, sequence 4: change "), said
        assert said.endswith(f"differs from its events: {column}")


def forged(copy, sequence, key, *, key_id=None):
    """A well-formed row signed by ``key``, as the statement that inserts it at ``sequence`` after the last one."""
    line = copy.prepared.keep[1].read_text(encoding="utf-8").splitlines()
    last = json.loads(line[sequence - 2])
    record = {**last, "sequence": sequence, "previous_hash": last["hash"]}
    public = key.public_key().public_bytes_raw()
    record["key_id"] = key_id or hashlib.sha256(public).hexdigest()[:16]
    sealed = {name: value for name, value in record.items() if name not in ("hash", "signature")}
    digest = hashlib.sha256(rfc8785.dumps(sealed)).digest()
    return {**record, "hash": digest.hex(), "signature": base64.b64encode(key.sign(digest)).decode()}


def statement(copy, record, *, like):
    """Insert ``record`` as a copy of the row ``like`` with another seal."""
    given = {name: f"'{record[name]}'" for name in ("previous_hash", "hash", "signature", "key_id", "message")}
    given["sequence"] = str(record["sequence"])
    columns = ", ".join(EVENT)
    return f"INSERT INTO changes_event ({columns}) SELECT {', '.join(given.get(n, n) for n in EVENT)} FROM changes_event WHERE sequence = {like}"


def own_key(prepared):
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(prepared.env["AUDIT_SIGNING_KEY"]))


def own_id(prepared):
    return hashlib.sha256(own_key(prepared).public_key().public_bytes_raw()).hexdigest()[:16]


def test_inserted_rows(prepared):
    """Appended well formed, signed by nobody, by an attacker's key under either name, or as a copy."""
    attacker = Ed25519PrivateKey.generate()
    rows = {
        "key_id: signed by '": {},
        "signature: it is not that of its key": {"key_id": own_id(prepared)},
    }
    for said, changed in rows.items():
        with prepared.copy() as copy:
            copy.tamper(statement(copy, forged(copy, 7, attacker, **changed), like=6))
            assert copy.verify()[0] == 1
            assert copy.verify()[1].startswith(f"NOT verified. acme, sequence 7: {said}"), copy.verify()
    with prepared.copy() as copy:
        unsigned = {**forged(copy, 7, attacker, key_id=own_id(prepared)), "signature": ""}
        copy.tamper(statement(copy, unsigned, like=6))
        assert copy.verify() == (1, "NOT verified. acme, sequence 7: signature: it is not that of its key")
    with prepared.copy() as copy:
        last = forged(copy, 6, attacker)
        last.update(
            {
                name: copy.row("changes_event", "sequence", 6)[name]
                for name in last
                if name in ("previous_hash", "hash", "signature", "key_id", "message")
            }
        )
        copy.tamper(statement(copy, {**last, "sequence": 7}, like=6))
        code, said = copy.verify()
        assert (code, said.endswith("sequence was changed: 6 was signed")) == (1, True), said
    with prepared.copy() as copy:  # into the middle, the rest moved up
        record = forged(copy, 3, attacker, key_id=own_id(prepared))
        moved = [f"UPDATE changes_event SET sequence = {n + 1} WHERE sequence = {n}" for n in (6, 5, 4, 3)]
        copy.tamper(*moved, statement(copy, record, like=2))
        assert copy.verify()[1] == "NOT verified. acme, sequence 3: signature: it is not that of its key"


def test_a_row_signed_again_under_another_key(prepared):
    with prepared.copy() as copy:
        lines = prepared.keep[1].read_text(encoding="utf-8").splitlines()
        record = forged_like(json.loads(lines[3]), Ed25519PrivateKey.generate())
        sets = ", ".join(f"{name} = '{record[name]}'" for name in ("key_id", "hash", "signature"))
        copy.tamper(f"UPDATE changes_event SET {sets} WHERE sequence = 4")
        code, said = copy.verify()
    assert code == 1
    theirs, ours = record["key_id"], own_id(prepared)
    assert said == f"NOT verified. acme, sequence 4: key_id: signed by '{theirs}'; the key that signs here is {ours}"


def test_a_row_signed_again_by_our_own_key_breaks_the_next(prepared):
    with prepared.copy() as copy:
        lines = prepared.keep[1].read_text(encoding="utf-8").splitlines()
        record = forged_like({**json.loads(lines[3]), "message": "another"}, own_key(prepared))
        copy.tamper(
            f"UPDATE changes_event SET message = 'another', hash = '{record['hash']}', signature = '{record['signature']}' WHERE sequence = 4"
        )
        code, said = copy.verify()
    assert (code, said.startswith("NOT verified. acme, sequence 5: previous_hash is not the hash")) == (1, True), said


def forged_like(record, key):
    public = key.public_key().public_bytes_raw()
    record = {**record, "key_id": hashlib.sha256(public).hexdigest()[:16]}
    sealed = {name: value for name, value in record.items() if name not in ("hash", "signature")}
    digest = hashlib.sha256(rfc8785.dumps(sealed)).digest()
    return {**record, "hash": digest.hex(), "signature": base64.b64encode(key.sign(digest)).decode()}


def test_removed_and_swapped_rows(prepared):
    cases = [
        (["DELETE FROM changes_event WHERE sequence = 3"], "sequence 3: is missing (the next record is 4)"),
        (
            [
                "DELETE FROM changes_event WHERE sequence IN (3, 4)",
                "DELETE FROM changes_change WHERE last_sequence = 4",
            ],
            "sequence 3: is missing (the next record is 5)",
        ),
        (["DELETE FROM changes_change WHERE last_sequence = 4"], "sequence 3: change "),
        (
            [f"UPDATE changes_event SET sequence = {to} WHERE sequence = {at}" for at, to in ((2, 9), (3, 2), (9, 3))],
            "sequence 2: the record's content does not match its hash: sequence was changed: 3 was signed",
        ),
    ]
    for statements, said in cases:
        with prepared.copy() as copy:
            copy.tamper(*statements)
            code, found = copy.verify()
            assert code == 1
            assert found.startswith(f"NOT verified. acme, {said}"), found


def test_a_removed_tail(prepared):
    with prepared.copy() as copy:
        copy.tamper(
            "DELETE FROM changes_event WHERE sequence > 4",
            "DELETE FROM changes_change WHERE last_sequence > 4",
            *(f"DELETE FROM {table}" for table in INDEX),
        )
        assert copy.verify()[1].startswith("NOT verified. acme, sequence 6: the head of the log ends at 6, and its")
        of_last = "SELECT e.{} FROM changes_event e WHERE e.sequence = 4"
        columns = ", ".join(f"{name} = ({of_last.format(name)})" for name in ("sequence", "hash", "key_id"))
        copy.tamper(f"UPDATE changes_loghead SET {columns}")
        assert copy.verify()[0] == 0, "without a checkpoint nobody can tell"
        code, said = copy.verify("--checkpoint", str(prepared.keep[0]))
    assert code == 1
    assert (
        said
        == "NOT verified. acme, sequence 6: is covered by the checkpoint and missing: the end of the log was cut off"
    )


def test_each_trigger_dropped_switched_off_or_replaced(prepared):
    if prepared.vendor == "sqlite":
        query = "SELECT name, sql, tbl_name FROM sqlite_master WHERE type = 'trigger'"
    else:
        query = "SELECT tgname, pg_get_triggerdef(oid), tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal"
    with prepared.copy() as copy:
        found = copy.run(query).fetchall()
        assert len(found) >= 8
        for name, made, table in found:
            for breaking, mending in ways(copy.vendor, name, made, table):
                for one in breaking:
                    copy.run(one)
                code, said = copy.verify()
                assert code == 1, breaking
                assert f"triggers that protect the log were changed: {name} " in said or f", {name} " in said, (
                    breaking,
                    said,
                )
                for one in mending:
                    copy.run(one)
                assert copy.verify()[0] == 0, copy.verify()
        if copy.vendor == "sqlite":
            copy.run("CREATE TRIGGER quiet BEFORE INSERT ON changes_event BEGIN SELECT RAISE(IGNORE); END")
        else:
            copy.run("CREATE RULE quiet AS ON INSERT TO changes_event DO INSTEAD NOTHING")
        assert "quiet does not belong to the log" in copy.verify()[1]
        copy.run("DROP TRIGGER quiet" if copy.vendor == "sqlite" else "DROP RULE quiet ON changes_event")


def ways(vendor, name, made, table):
    """How to break a trigger, each with how to mend it."""
    if vendor == "sqlite":
        yield [f"DROP TRIGGER {name}"], [made]
        idle = f"CREATE TRIGGER {name} BEFORE DELETE ON {table} WHEN 0 BEGIN SELECT 1; END"
        yield [f"DROP TRIGGER {name}", idle], [f"DROP TRIGGER {name}", made]
        return
    mend = [made, f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}"]
    yield [f"DROP TRIGGER {name} ON {table}"], mend
    yield [f"ALTER TABLE {table} DISABLE TRIGGER {name}"], mend[1:]
    yield [f"ALTER TABLE {table} ENABLE TRIGGER {name}"], mend[1:]
    narrow = made.replace(" EXECUTE ", " WHEN (false) EXECUTE ")
    away = f"DROP TRIGGER {name} ON {table}"
    yield [away, narrow, mend[1]], [away, *mend]


@pytest.mark.parametrize("prepared", ["postgresql"], indirect=True)  # SQLite's triggers have no functions
def test_a_function_that_does_nothing(prepared):
    with prepared.copy() as copy:
        functions = copy.run(
            "SELECT proname, pg_get_functiondef(oid) FROM pg_proc WHERE proname LIKE 'changes_%'"
        ).fetchall()
        assert len(functions) >= 8
        for name, made in functions:
            copy.run(
                f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$"
            )
            code, said = copy.verify()
            assert code == 1
            assert f"{name} has another function body or search path" in said
            copy.run(made)
        assert copy.verify()[0] == 0
