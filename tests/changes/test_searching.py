"""Searching the log by a part of its texts: the same with an index of trigrams as without, on both databases."""

import csv
import io
import uuid

import psycopg
import pytest

from tests.changes.test_tally import LOG, run
from tests.conftest import DATABASES
from tests.servers import POSTGRESQL, Browser, DirectoryDouble

NAMES = ("Ägidius Öl", 'Quo "Ted" O\'Neill', "50% off_by\\one", "ΣΊΣΥΦΟΣ Li", "x")
# Short ones and such with a line end have no trigrams, or reach from one text into the next.
SEARCHED = (
    "gidi",
    "ÄGI",
    "ägidius ö",
    '"ted"',
    "o'n",
    "50%",
    "off_",
    "off-",
    "by\\o",
    "σίσ",
    "li",
    "x",
    "worker",
    "xyz",
)
SEARCHED += ("a\nb", "Ägidius Öl\nworker", "AND", "ted* OR x", "ada")
TEXTS = ("subject_id", "subject_name", "code", "type_name", "message", "detail", "actor_name", "actor_email")


@pytest.fixture(params=DATABASES, scope="module")
def searched(request, start_console, directory_server):
    """A console with a change for each name, signed in."""
    directory = DirectoryDouble(directory_server)
    directory.reset()
    console = start_console(request.param)
    browser = Browser(console.url)
    browser.sign_in("ada")
    for name in NAMES:
        path = f"/orgs/acme/accounts/{directory.person('worker', name=name)}/worker/status/"
        browser.post(path, {**browser.form(path), "status": "disabled"})
    return console, browser


def shown(browser, text):
    """The people of the changes that the log's page finds."""
    answer = browser.session.get(browser.url + LOG, params={"q": text})
    assert answer.status_code == 200
    browser.last = answer
    rows = [row["data-subject-id"] for row in browser.soup.select("tr[data-change-id]")]
    assert len(rows) == int(browser.soup.select_one("table.change-table")["data-total"]) if rows else True
    return sorted(rows)


def test_the_index_finds_what_reading_every_change_finds(searched):
    _, browser = searched
    rows = list(csv.DictReader(io.StringIO(browser.get(f"{LOG}export.csv").text)))
    assert len(rows) == len(NAMES)
    found = {text: shown(browser, text) for text in SEARCHED}
    for text in (one for one in SEARCHED if one.isascii()):  # SQLite folds no other letters
        has = [row["subject_id"] for row in rows if any(text.lower() in row[name].lower() for name in TEXTS)]
        assert found[text] == sorted(has), text
    assert len(found["gidi"]) == 1
    assert found["Ägidius Öl\nworker"] == []
    assert shown(browser, rows[0]["change_id"]) == [rows[0]["subject_id"]]
    assert shown(browser, str(uuid.uuid4())) == []


def test_an_index_that_leaves_out_a_change_is_found(searched):
    console, _ = searched
    if console.database == "postgresql":
        return  # the database keeps it: nobody writes to it
    run(console, "INSERT INTO changes_search (rowid, body) VALUES (9999, 'more')")
    verified = console.manage("verify_changes")
    assert verified.returncode == 1
    assert "the search index does not have the change of event 9999" in verified.stderr
    run(console, "INSERT INTO changes_search (changes_search, rowid, body) VALUES ('delete', 9999, 'more')")


def test_without_an_index_the_same_is_found_and_the_doctor_says_what_to_do(searched):
    console, browser = searched
    found = {text: shown(browser, text) for text in SEARCHED}
    role = f"console_test_{uuid.uuid4().hex[:8]}"
    if console.database == "postgresql":
        run(console, "DROP EXTENSION pg_trgm CASCADE")
        run(console, f"CREATE ROLE {role} LOGIN")
        run(console, f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    else:
        for what in ("TRIGGER changes_search_asked", "TRIGGER changes_search_moved", "TABLE changes_search"):
            run(console, f"DROP {what}")
    told = console.manage("doctor")
    assert "searching the log reads every change in it" in told.stdout
    assert "index_changes" in told.stdout
    assert {text: shown(browser, text) for text in SEARCHED} == found
    if console.database == "postgresql":
        address = console.server.env["DATABASE_URL"].replace("//root@", f"//{role}@")
        refused = console.manage("index_changes", env={"DATABASE_URL": address})
        run(console, f"DROP OWNED BY {role}")
        with psycopg.connect(POSTGRESQL, autocommit=True) as connection:
            connection.execute(f"DROP ROLE {role}")
        assert (refused.returncode, "cannot be indexed" in refused.stderr) == (1, True), refused.stderr
    assert console.manage("index_changes").returncode == 0
    assert console.manage("verify_changes").returncode == 0
    assert shown(browser, "gidi") == found["gidi"]
