"""Searching the log by a part of its texts: the same with an index of trigrams as without, on both databases."""

import csv
import io
import uuid

import psycopg
import pytest

from tests import leftovers
from tests.changes.test_tally import LOG, run
from tests.conftest import DATABASES
from tests.servers import POSTGRESQL, Browser, DirectoryDouble, csv_text

NAMES = (
    "Ägidius Öl",
    'Quo "Ted" O\'Neill',
    "50% off_by\\one",
    "ΣΊΣΥΦΟΣ Li",
    "x",
    "Søren Łódź-Weiß",
    "Ilıcalı I\u0307rem",
    "e\u0301mile\u200d Zoe\u0308",
)
# A word for itself, in any order, as in the lists; short words have no trigrams.
SEARCHED = {
    "gidi": {0},
    "OL agidius": {0},
    "öl, ÄGIDIUS": {0},
    '"ted"': {1},
    "o\u2019neill quo": {1},
    "oneill": {1},
    "50%": {2},
    "off_": {2},
    "off%": set(),
    "by\\o": {2},
    "σίσυφος": {3},
    "ΣΙΣ li": {3},
    "soren lodz": {5},
    "weiss": {5},
    "lodzweiss": {5},
    "ilicali irem": {6},
    "ÉMILE zoë": {7},
    "emile\u00ad": {7},
    "worker": set(range(8)),
    "xyz": set(),
    "gidi worker ada": {0},
    "gidi oneill": set(),
    "AND": set(),
    "NEAR(": set(),
    "ted* OR x": set(),
    "mailto:ada@acme.example": set(range(8)),
}


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


def test_each_word_is_found_as_the_lists_find_it(searched):
    _, browser = searched
    rows = list(csv.DictReader(io.StringIO(csv_text(browser.get(f"{LOG}export.csv")))))
    subjects = {name: row["subject_id"] for row in rows for name in NAMES if row["subject_name"] == name}
    assert len(subjects) == len(NAMES) == len(rows)
    for text, numbers in SEARCHED.items():
        assert shown(browser, text) == sorted(subjects[NAMES[number]] for number in numbers), text
    exported = browser.session.get(f"{browser.url}{LOG}export.csv", params={"q": "gidi"})
    assert len(list(csv.DictReader(io.StringIO(csv_text(exported))))) == 1
    assert shown(browser, rows[0]["change_id"]) == [rows[0]["subject_id"]]
    assert shown(browser, str(uuid.uuid4())) == []


def test_an_index_that_leaves_out_a_change_is_found(searched):
    console, _ = searched
    if console.database == "postgresql":
        return  # the database keeps it: nobody writes to it
    run(console, "INSERT INTO changes_search (rowid, body) VALUES (9999, 'more')")
    verified = console.manage("verify_changes")
    assert verified.returncode == 1
    assert "the search index does not have row 9999 of the changes" in verified.stderr
    run(console, "INSERT INTO changes_search (changes_search, rowid, body) VALUES ('delete', 9999, 'more')")


def test_without_an_index_the_same_is_found_and_the_doctor_says_what_to_do(searched):
    console, browser = searched
    found = {text: shown(browser, text) for text in SEARCHED}
    role = leftovers.new_name(leftovers.DATABASE)
    if console.database == "postgresql":
        run(console, "DROP EXTENSION pg_trgm CASCADE")
        run(console, f"CREATE ROLE {role} LOGIN")
        run(console, f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    else:
        for what in (
            *(f"TRIGGER changes_search_{name}" for name in ("added", "replaced", "deleted")),
            "TABLE changes_search",
        ):
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
