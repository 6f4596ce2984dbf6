"""Large lists are read once and kept for a short while: for one session alone, and never beyond what is known.

The console here keeps lists of any size; what counts is how often the directory was asked.
"""

import functools
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.servers import Browser, form_of, text_of

LIST = "/orgs/globex/accounts/"


@pytest.fixture(scope="module")
def keeping(start_console):
    """Consoles that keep every list, one for each database."""
    return functools.cache(
        functools.partial(start_console, DIRECTORY_KEEP_ROWS="0", DIRECTORY_KEEP_SECONDS="600", DIRECTORY_TIMEOUT="8")
    )


@pytest.fixture
def kept(keeping, directory):
    return keeping("sqlite")


@pytest.fixture
def enter():
    """Somebody who signs in to a page that shows no list."""

    def go(console, person):
        browser = Browser(console.url)
        page = browser.get("/signin/?next=/sessions/")
        browser.session.post(page.url.split("?")[0], data={**form_of(page, "pick"), "person": person}, timeout=60)
        return browser

    return go


@pytest.fixture
def reads(directory):
    return lambda: sum(entry["operation"] == "list" for entry in directory.journal())


def row_of(browser, subject, code):
    return browser.soup.select_one(f'tr[data-subject-id="{subject}"][data-code="{code}"]')


def change(browser, subject, code, action, **fields):
    path = f"{LIST}{subject}/{code}/{action}/"
    form = browser.form(path)
    return browser.post(path, {**form, **fields}, follow=False)


def test_pages_searches_and_orders_of_one_read(kept, reads, enter):
    gil = enter(kept, "gil")
    first = gil.get(LIST)
    total = gil.soup.select_one("[data-total]")["data-total"]
    pages = [
        gil.get(f"{LIST}?{query}")
        for query in ("page=2", "sort=-created", "status=active", "q=zhang", "q=zhang&sort=email")
    ]
    assert [page.status_code for page in pages] == [200] * 5
    assert gil.get(f"{LIST}export.csv").text.count("\r\n") == int(total) + 1
    assert reads() == 1
    person = gil.get(LIST) and gil.soup.select_one("tr[data-subject-id]")["data-subject-id"]
    assert gil.get(f"/orgs/globex/users/{person}/").status_code == 200
    assert gil.get(f"/orgs/globex/accounts/assign/?who=zhang&subject_id={person}").status_code == 200
    assert reads() == 1
    assert first.headers["Cache-Control"].count("no-store") == 1


def test_the_age_is_told_and_a_reload_reads(kept, directory, reads, enter):
    gil = enter(kept, "gil")
    gil.get(LIST)
    directory.person("worker", name="Nele Neu", org="globex")
    assert "Nele Neu" not in gil.get(f"{LIST}?q=nele").text
    assert gil.soup.select_one(".list-age")["data-age"].isdigit()
    reload = gil.soup.select_one("a.list-age-reload")
    assert "no-cache" in reload["hx-headers"]
    assert "Nele Neu" in gil.get(f"{LIST}?q=nele", Cache_Control="no-cache").text
    assert reads() == 2
    assert "Nele Neu" in gil.get(f"{LIST}?q=nele").text
    assert reads() == 2


def test_never_for_another_session(kept, reads, enter):
    gil, ada, again = enter(kept, "gil"), enter(kept, "ada"), enter(kept, "gil")
    for number, browser in enumerate((gil, ada, again), start=1):
        browser.get(LIST)
        assert reads() == number
    gil.get(LIST)
    assert gil.get("/orgs/acme/accounts/").status_code == 404, "not theirs, though Ada's list may lie here"
    assert reads() == 3


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_own_writes_show_without_another_read(database, keeping, directory, reads, enter):
    gil = enter(keeping(database), "gil")
    holder, new = directory.person("worker", org="globex"), directory.person(name="Nora Neu", org="globex")
    gil.get(LIST)
    assert change(gil, holder, "worker", "status", status="disabled").status_code == 303
    path = f"{LIST}assign/"
    form = gil.form(f"{path}?subject_id={new}")
    assert gil.post(path, {**form, "subject_id": new, "code": "gold"}, follow=False).status_code == 303
    before = reads()
    gil.get(f"{LIST}?q={holder}")
    assert row_of(gil, holder, "worker")["data-status"] == "disabled"
    gil.get(f"{LIST}?q={new}&sort=-changed")
    assert row_of(gil, new, "gold")["data-status"] == "active"
    assert row_of(gil, new, "gold").select_one('a[href*="/changes/"]'), "when and by whom"
    gil.get(f"{LIST}?type=gold&status=active&q=nora")
    assert row_of(gil, new, "gold")
    gil.get(f"/orgs/globex/users/{new}/")
    assert row_of(gil, new, "gold") or "gold" in gil.last.text
    assert reads() == before


def test_a_delete_is_read_again_for_nobody_knows_what_it_left(kept, directory, reads, enter):
    gil = enter(kept, "gil")
    holder = directory.person("worker", org="globex")
    gil.get(LIST)
    assert change(gil, holder, "worker", "delete").status_code == 303
    before = reads()
    gil.get(f"{LIST}?q={holder}")
    assert row_of(gil, holder, "worker")["data-status"] == "disabled"
    assert reads() == before + 1


def test_a_write_in_another_session_of_mine_is_seen_at_once(kept, directory, reads, enter):
    here, there = enter(kept, "gil"), enter(kept, "gil")
    holder = directory.person("worker", org="globex")
    here.get(LIST)
    assert change(there, holder, "worker", "status", status="disabled").status_code == 303
    here.get(f"{LIST}?q={holder}")
    assert row_of(here, holder, "worker")["data-status"] == "disabled"


def test_what_somebody_else_did_is_told_though_the_list_is_from_before(kept, directory, enter):
    ada, gil = enter(kept, "ada"), enter(kept, "gil")
    holder = directory.person("worker", org="globex")
    gil.get(LIST)
    assert change(ada, holder, "worker", "status", status="disabled").status_code == 303
    gil.get(f"{LIST}?q={holder}")
    row = row_of(gil, holder, "worker")
    assert "Ada Admin" in row.get_text()
    assert not row.get("data-outside"), "the list is older than the change: it tells nothing of it"


def test_forms_and_operations_always_read(kept, directory, reads, enter):
    gil = enter(kept, "gil")
    holder = directory.person("worker", org="globex")
    gil.get(LIST)
    path = f"{LIST}{holder}/worker/status/"
    form = gil.form(path)
    directory.set_status(holder, "worker", "expired", org="globex")
    assert reads() == 2
    answer = gil.post(path, {**form, "status": "disabled"})
    assert answer.status_code == 409
    assert reads() == 3


def test_while_the_directory_is_down_the_kept_list_stays(kept, directory, enter):
    gil = enter(kept, "gil")
    gil.get(LIST)
    directory.fault("status-503", on="list", times=-1)
    assert gil.get(f"{LIST}?q=zhang").status_code == 200
    assert gil.get(LIST, Cache_Control="max-age=0").status_code == 502
    assert gil.get(LIST).status_code == 200


def test_requests_that_come_meanwhile_share_one_read(kept, directory, reads, enter):
    gil = enter(kept, "gil")
    gil.get(LIST)  # now it is known to be large
    again = enter(kept, "gil")
    directory.fault("stale", on="list", times=1, seconds=1.5)
    together = threading.Barrier(6)

    def look(number):
        together.wait()
        return again.session.get(f"{kept.url}{LIST}?per_page={number + 10}", timeout=60).status_code

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(look, range(6))) == [200] * 6
    assert reads() == 2


def test_a_read_that_began_before_an_own_change_is_not_shared(kept, directory, reads, enter):
    gil = enter(kept, "gil")
    gil.get(LIST)
    holder = directory.person("worker", org="globex")
    before = reads()
    directory.fault("stale", on="list", times=1, seconds=3)
    cookies = gil.session.cookies.get_dict()
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(
            requests.get, f"{kept.url}{LIST}", cookies=cookies, headers={"Cache-Control": "no-cache"}, timeout=60
        )
        while reads() == before:
            time.sleep(0.05)
        assert change(gil, holder, "worker", "delete").status_code == 303
        gil.get(f"{LIST}?q={holder}")
        assert row_of(gil, holder, "worker")["data-status"] == "disabled"
        assert slow.result().status_code == 200


def test_a_failure_is_shared_as_well_and_nothing_is_kept_of_it(kept, directory, reads, enter):
    enter(kept, "gil").get(LIST)
    again = enter(kept, "gil")
    directory.fault("status-403", on="list", times=1)
    assert again.get(LIST).status_code == 403
    assert again.get(LIST).status_code == 200
    assert reads() == 3


def test_the_page_does_not_wait_for_a_list_that_takes_its_time(kept, directory, reads, enter):
    directory.fault("stale", on="list", times=1, seconds=1.2)
    enter(kept, "gil").get(LIST)
    gil = enter(kept, "gil")
    page = gil.get(LIST, Sec_Fetch_Dest="document")
    assert (page.status_code, reads()) == (200, 1)
    assert gil.soup.select_one("#results")["aria-busy"] == "true"
    assert gil.soup.select_one("#q"), "what can be asked is there already"
    assert "2 seconds" in text_of(page)
    then = gil.soup.select_one("#results")["hx-get"]
    whole = gil.soup.select_one("noscript meta")["content"].partition("url=")[2]
    gil.get(f"{LIST}{then}", htmx=True)
    assert gil.soup.select_one("[data-total]")
    assert reads() == 2
    assert gil.get(LIST, Sec_Fetch_Dest="document") and gil.soup.select_one("[data-total]"), "kept by now"
    other = enter(kept, "gil")
    other.get(f"{LIST}{whole}", Sec_Fetch_Dest="document")
    assert other.soup.select_one("[data-total]"), "without scripts the page waits"


def test_bounded_in_bytes_and_the_least_recently_used_goes_first(start_console, directory, reads, enter):
    directory.reset(people=2500)
    console = start_console("sqlite", DIRECTORY_KEEP_MEGABYTES="1", DIRECTORY_TIMEOUT="8", METRICS_TOKEN="m" * 32)
    first, second = enter(console, "gil"), enter(console, "gil")
    for browser in (first, second, second, first):
        browser.get(LIST)
    assert reads() == 3, "the first one's list had to go for the second one's"
    told = Browser(console.url).get("/metrics", Authorization=f"Bearer {'m' * 32}").text
    assert "console_cached_lists 1.0" in told
    assert 'console_directory_lists_total{source="cached"} 1.0' in told


def test_small_lists_are_always_read(sqlite_console, reads, enter):
    gil = enter(sqlite_console, "gil")
    for number in (1, 2):
        gil.get(LIST)
        assert reads() == number
