"""Each organization has a log of its own: complete, verified by itself, and appended to without waiting for another."""

import json
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tests.appending import Appenders
from tests.changes.test_log import Tampering
from tests.changes.verdicts import Verifier
from tests.conftest import DATABASES
from tests.servers import outcome_of, text_of


def change(browser, directory, org):
    subject = directory.person("worker", org=org)
    path = f"/orgs/{org}/accounts/{subject}/worker/status/"
    return browser.post(path, {**browser.form(path), "status": "disabled"})


def exported(browser, org):
    return [json.loads(line) for line in browser.get(f"/orgs/{org}/changes/export.jsonl").text.splitlines()]


@pytest.fixture(params=DATABASES)
def logged(request, start_console, sign_in, directory):
    """A console with two logs that grew in turn: 4 events of acme, 2 of globex."""
    console = start_console(request.param)
    browser = sign_in(console, "ada")
    for org in ("acme", "globex", "acme"):
        assert outcome_of(change(browser, directory, org)) == "applied"
    console.browser = browser
    return console


def test_each_log_begins_with_1_and_is_exported_whole(logged, tmp_path):
    for org, number in (("acme", 4), ("globex", 2)):
        events = exported(logged.browser, org)
        assert [event["sequence"] for event in events] == list(range(1, number + 1))
        assert events[0]["previous_hash"] == "0" * 64
        assert {event["organization_id"] for event in events} == {org}
        path = tmp_path / f"{org}.jsonl"
        path.write_text(logged.manage("export_changes", f"--organization={org}").stdout)
        assert [json.loads(line) for line in path.read_text().splitlines()] == events
        verified = logged.manage("verify_changes", "--file", str(path))
        assert verified.stdout.startswith(f"Verified {number} events of {org}, to sequence {number},"), verified.stderr
    both = tmp_path / "both.jsonl"
    both.write_text((tmp_path / "acme.jsonl").read_text() + (tmp_path / "globex.jsonl").read_text())
    assert logged.manage("verify_changes", "--file", str(both)).returncode == 1
    both.write_text("".join((tmp_path / f"{org}.jsonl").read_text() for org in ("globex", "acme")))
    refused = logged.manage("verify_changes", "--file", str(both), "--filtered")
    assert refused.returncode == 1, "a selection is of one log, too"


def test_a_break_in_one_log_is_no_break_of_another(logged):
    with Verifier(logged.server.env) as verify, Tampering(logged) as somebody:
        assert verify()[1].count("Verified ") == 2
        untrigger(somebody)
        somebody.run("UPDATE changes_event SET message = 'x' WHERE organization_id = 'globex' AND sequence = 1")
        assert verify()[1].startswith("NOT verified. globex, sequence 1: the record's content does not match its hash")
        assert verify("--organization=globex")[0] == 1
        code, said = verify("--organization=acme")
        assert "globex" not in said
        assert code == 0 or said.startswith("NOT verified. the triggers that protect the log were changed"), said
        assert verify("--organization=nobody") == (1, "There is no log of nobody.")


def test_a_log_with_a_gap_is_not_exported_whole(logged):
    with Tampering(logged) as somebody:
        untrigger(somebody)
        somebody.run("DELETE FROM changes_event WHERE organization_id = 'acme' AND sequence = 2")
    page = logged.browser.get("/orgs/acme/changes/export.jsonl")
    assert page.status_code == 503
    assert "Event 2 of this organization's log is missing, so nothing was exported." in text_of(page)
    done = logged.manage("export_changes", "--organization=acme")
    assert done.returncode == 1
    assert "Event 2 of acme is missing." in done.stderr
    assert len(exported(logged.browser, "globex")) == 2


def untrigger(somebody):
    if isinstance(somebody.connection, sqlite3.Connection):
        for (name,) in somebody.run("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            somebody.run(f"DROP TRIGGER {name}")
        return
    somebody.run("SET session_replication_role = replica")
    for table in ("changes_event", "changes_change", "changes_loghead"):
        somebody.run(f"ALTER TABLE {table} DISABLE TRIGGER ALL")


def test_whoever_holds_one_log_stops_no_other(start_console, sign_in, directory):
    """Somebody else holds acme's head, and the advisory lock that once was the log's: globex goes on."""
    console = start_console("postgresql", DATABASE_TIMEOUT="60")
    browser = sign_in(console, "ada")
    assert outcome_of(change(browser, directory, "acme")) == "applied"
    waits = sign_in(console, "ada")
    with Tampering(console) as somebody, ThreadPoolExecutor() as pool:
        somebody.run("SELECT pg_advisory_lock(122506529956707)")
        somebody.run("BEGIN")
        somebody.run("SELECT 1 FROM changes_loghead WHERE organization_id = 'acme' FOR UPDATE")
        held = pool.submit(change, waits, directory, "acme")
        while not waiting(console):
            threading.Event().wait(0.05)
        for _ in range(3):
            assert outcome_of(change(browser, directory, "globex")) == "applied"
        assert not held.done()
        somebody.run("ROLLBACK")
        assert outcome_of(held.result(60)) == "applied"
    assert len(exported(browser, "globex")) == 6
    assert console.manage("verify_changes").returncode == 0


def test_a_writer_that_begins_a_log_a_moment_after_another_is_no_fault(start_console, sign_in, directory):
    """It found no head, and now the other one has appended already; its row is not inserted, and not refused."""
    console = start_console("postgresql")
    assert outcome_of(change(sign_in(console, "ada"), directory, "acme")) == "applied"
    begin = f"INSERT INTO changes_loghead VALUES ('{{org}}', 0, '{'0' * 64}', '')"
    with Tampering(console) as late:
        assert late.run(f"{begin.format(org='acme')} ON CONFLICT DO NOTHING").rowcount == 0
        with pytest.raises(psycopg.errors.RaiseException, match="a log begins without an event"):
            late.run(begin.format(org="initech").replace(" 0,", " 1,"))
    assert console.manage("verify_changes").returncode == 0


def waiting(console):
    with Tampering(console) as other:
        return other.run(
            "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        ).fetchone()


FORGED = """
    INSERT INTO changes_event SELECT (jsonb_populate_record(e, '{"sequence": 99, "outcome": "not_applied"}')).*
    FROM public.changes_event e WHERE e.sequence = 2
"""


def test_a_sessions_own_tables_and_search_path_fool_no_trigger(start_console):
    """Whatever stands in for the log's tables in a session, the triggers read the log's own."""
    console = start_console("postgresql")
    appenders = Appenders(console, 1)
    appenders.do("append", 1)
    appenders.stop()
    shadows = (
        "CREATE TEMP TABLE {table} AS SELECT * FROM public.{table}",
        "CREATE TEMP VIEW {table} AS SELECT * FROM public.{table} WHERE false",
        "CREATE SCHEMA mine; CREATE TABLE mine.{table} AS SELECT * FROM public.{table}; SET search_path = mine, public",
    )
    rewritten = "UPDATE public.changes_change SET outcome = 'not_applied', last_sequence = 99"
    for shadow in shadows:
        with Tampering(console) as somebody:
            somebody.run(shadow.format(table="changes_event"))
            if "VIEW" not in shadow:
                somebody.run(FORGED)  # into the stand-in, which has no triggers
            if "TEMP" in shadow:
                somebody.run("SET search_path = pg_temp, public")
            for statement in (
                rewritten,
                FORGED.replace("INTO changes_event", "INTO public.changes_event"),
                "UPDATE public.changes_loghead SET sequence = 99",
                "DELETE FROM public.changes_event WHERE sequence = 1",
            ):
                with pytest.raises(psycopg.errors.RaiseException):
                    somebody.run(statement)
            somebody.run("DROP SCHEMA IF EXISTS mine CASCADE")
    assert console.manage("verify_changes").returncode == 0


def test_a_function_with_another_search_path_is_found(start_console):
    console = start_console("postgresql")
    with Tampering(console) as somebody, Verifier(console.server.env) as verify:
        for path in ("RESET search_path", "SET search_path = pg_temp, public", "SET search_path = pg_catalog, public"):
            somebody.run(f"ALTER FUNCTION changes_event_next() {path}")
            assert "changes_event_next has another function body or search path" in verify()[1], path
        somebody.run("ALTER FUNCTION changes_event_next() SET search_path = pg_catalog, public, pg_temp")
        assert verify()[0] == 0
