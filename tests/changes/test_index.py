"""The index of a log follows its events: each change once, whoever updates it, and pages say what is not included yet."""

import threading

import psycopg
import pytest

from tests.benchmarks.filling import fill
from tests.changes.test_tally import LOG, charted
from tests.conftest import DATABASES


@pytest.mark.parametrize("database", DATABASES)
def test_pages_that_update_it_at_once_count_each_change_once(database, migrated, start_console, sign_in, directory):
    address = migrated(database)
    fill(address, 900)
    console = start_console(database, DATABASE_URL=address)
    browsers = [sign_in(console, "ada") for _ in range(4)]
    readers = [threading.Thread(target=browser.get, args=(f"{LOG}?q=measured",)) for browser in browsers]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert charted(browsers[0], "q=measured")[1] == charted(browsers[0], "")[1] == 900
    assert charted(browsers[0], "code=type-3")[1] == charted(browsers[0], "code=type-3&q=measured")[1] > 0
    refused = console.manage("verify_changes")  # the log of this test has no signatures
    assert "index" not in refused.stderr
    assert "tally" not in refused.stderr


def test_a_page_says_what_the_search_does_not_include(migrated, start_console, sign_in, directory):
    console = start_console("postgresql", DATABASE_URL=migrated("postgresql"))
    browser = sign_in(console, "ada")
    subjects = [directory.person("worker", name=name) for name in ("Uma Early", "Uma Late")]
    paths = [f"/orgs/acme/accounts/{subject}/worker/status/" for subject in subjects]
    browser.post(paths[0], {**browser.form(paths[0]), "status": "disabled"})
    assert shown(browser, "q=uma") == [subjects[0]]
    with psycopg.connect(console.server.env["DATABASE_URL"]) as holder:
        holder.execute("SELECT * FROM changes_indexposition FOR UPDATE")
        browser.post(paths[1], {**browser.form(paths[1]), "status": "disabled"})
        assert shown(browser, "q=uma") == [subjects[0]]
        assert "The search does not include the newest 2 events yet" in browser.last.text
        assert shown(browser, "") == [subjects[1], subjects[0]]
        assert "does not include" not in browser.last.text
        assert charted(browser, "")[1] == 2
        assert charted(browser, "action=change_status")[1] == 2
    assert shown(browser, "q=uma") == [subjects[1], subjects[0]]
    assert "does not include" not in browser.last.text
    assert console.manage("verify_changes").returncode == 0


def shown(browser, query):
    browser.get(f"{LOG}?{query}")
    return [row["data-subject-id"] for row in browser.soup.select("tr[data-change-id]")]
