"""The chain's state on the log's page, who may ask for it, and the live top."""

import sqlite3

import psycopg
import pytest

from tests.conftest import DATABASES
from tests.servers import text_of

CODE = "worker"
LOG = "/orgs/acme/changes/"


def change(browser, subject, status):
    path = f"/orgs/acme/accounts/{subject}/{CODE}/status/"
    browser.post(path, {**browser.form(path), "status": status})


def verify(browser, **sent):
    return browser.post(f"{LOG}verify/?q=x", {**browser.form(LOG, "/changes/verify/"), **sent})


def state(browser):
    found = browser.soup.select_one("#chain")
    return found.get("data-state"), found.get("data-sequence"), " ".join(found.get_text(" ").split())


def tamper(console, statements):
    """Somebody with all rights on the database."""
    url = console.server.env["DATABASE_URL"]
    if console.database == "sqlite":
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=20)
    else:
        connection = psycopg.connect(url.replace("postgres://", "postgresql://"), autocommit=True)
        statements = [
            "SET session_replication_role = replica",
            "ALTER TABLE changes_event DISABLE TRIGGER ALL",
            *statements,
        ]
    if console.database == "sqlite":
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        statements = [*(f"DROP TRIGGER {name}" for (name,) in names), *statements]
    for one in statements:
        connection.execute(one)
    connection.close()


@pytest.mark.parametrize("database", DATABASES)
def test_verified_up_to_where_when_and_by_whom(database, start_console, directory, sign_in):
    console = start_console(database)
    ada, otto = sign_in(console, "ada"), sign_in(console, "otto")
    subject = directory.person(CODE)
    change(ada, subject, "disabled")
    ada.get(LOG)
    assert "The log has not been verified from this page yet." in state(ada)[2]
    page = verify(otto, scope="all")
    assert page.url.endswith(f"{LOG}?q=x"), "back to what was filtered"
    ada.get(LOG)
    kind, sequence, words = state(ada)
    assert (kind, sequence) == ("verified", "2")
    assert "Verified up to sequence 2, just now" in words
    assert "started by Otto" in words
    change(ada, subject, "active")
    ada.get(LOG)
    assert "2 newer events are not verified yet." in state(ada)[2]
    page = verify(ada, scope="new")
    assert state(ada)[:2] == ("verified", "4")
    assert "This run began at sequence 2." in state(ada)[2]
    assert "The last full verification was on" in state(ada)[2]
    ada.get("/orgs/globex/changes/")
    assert "The log has not been verified from this page yet." in state(ada)[2], "each organization has a log"

    tamper(console, ["UPDATE changes_event SET message = 'other' WHERE sequence = 1"])
    verify(ada, scope="all")
    kind, _, words = state(ada)
    assert kind == "broken"
    assert ada.soup.select_one("#chain [role=alert] [data-break]").get_text().startswith("sequence 1: ")
    assert "message" in words
    verify(ada, scope="new")
    assert state(ada)[0] == "broken", "a look at what is new does not hide a break"
    assert console.manage("verify_changes").returncode == 1


def test_what_was_verified_and_then_cut_is_a_break(start_console, directory, sign_in):
    console = start_console("sqlite")
    ada = sign_in(console, "ada")
    change(ada, directory.person(CODE), "disabled")
    verify(ada, scope="all")
    assert state(ada)[:2] == ("verified", "2")
    tamper(console, ["DELETE FROM changes_event", "DELETE FROM changes_change"])
    verify(ada, scope="new")
    assert "sequence 2: was verified before and is missing: the end of the log was cut off" in state(ada)[2]


@pytest.mark.parametrize("sent", [{"scope": "some"}, {"run": "0"}, {"run": "x"}, {"run": "999999"}])
def test_bad_looks(sqlite_console, sign_in, sent):
    assert verify(sign_in(sqlite_console, "otto"), **sent).status_code == 400


def test_the_live_top_tells_what_is_newer(console, directory, sign_in):
    """Once on each database. New ones, and ones that moved on; the same answer is not given twice."""
    ada = sign_in(console, "ada")
    subject = directory.person(CODE)
    ada.get(f"{LOG}?subject_id={subject}")
    address = ada.soup.select_one("#live")["hx-get"]

    def ask(seen=""):
        return ada.get(f"{address}{seen}", htmx=True, X_Console_Poll="1")

    assert ask().status_code == 204
    change(ada, subject, "disabled")
    page = ask()
    assert "1 new change" in text_of(page)
    link = ada.soup.select_one("a")["href"]
    assert link == f"{LOG}?subject_id={subject}"
    assert ada.get(ada.soup.select_one("#live")["hx-get"], htmx=True).status_code == 204, "it said so already"
    change(ada, subject, "active")
    assert "2 new changes" in text_of(ask("&seen=1"))
    change(ada, directory.person(CODE), "disabled")
    assert ask("&seen=2").status_code == 204, "another person's change does not match"
    ada.get(link)
    assert len(ada.soup.select("tr[data-change-id]")) == 2
