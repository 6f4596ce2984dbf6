"""Operations a second of a bulk run, from the browser to the directory: 2,000 rows, a directory that takes 5 ms."""

import time

import pytest

from tests.conftest import DATABASES
from tests.pages.test_bulk import listing, of, plan, press, state

ROWS = 2_000
SECONDS = 0.005  # that the directory takes for a write
GOAL = 100  # operations a second


@pytest.mark.parametrize("database", DATABASES)
def test_bulk_run(database, start_console, sign_in, directory):
    console = start_console(database)
    browser = sign_in(console, "ada")
    people = listing(directory, ROWS)
    page = plan(browser, data=of(people).encode())
    press(browser, page, "confirm", count=str(ROWS))
    directory.fault("stale", on="assign", times=-1, seconds=SECONDS)
    address = page.url.split("?")[0]
    run = {"next": "1", **browser.form(address, "/run/")}
    began = time.perf_counter()
    while state(browser) == "running":
        browser.post(f"{address}run/", run, htmx=True)
    rate = ROWS / (time.perf_counter() - began)
    browser.get(address)
    assert state(browser) == "done"
    writes = [one for one in directory.journal() if one["operation"] == "assign"]
    assert len(writes) == len({one["subject_id"] for one in writes}) == ROWS
    verified = console.manage("verify_changes")
    assert verified.stdout.startswith(f"Verified {2 * ROWS} events of acme"), verified.stderr
    print(f"\n\n{database}: {rate:.0f} operations a second, goal {GOAL}")
