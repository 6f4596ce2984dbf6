"""Plans in a real browser: uploaded, pasted or ticked; run with pause, stop and a closed tab; without JavaScript."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import violations

BULK = "/orgs/acme/accounts/bulk/"
SLOW = 0.6  # seconds that the directory takes for a row: a request begins no further one after five
CHUNK = 9  # rows that it begins at most, then


def of(people, code="gold"):
    return "subject_id,code\n" + "".join(f"{one},{code}\n" for one in people)


def listed(directory, number):
    return [directory.person("visitor", name=f"Paula Plan {at}") for at in range(number)]


def upload(page, text, name="list.csv"):
    page.goto(BULK)
    page.get_by_label("CSV file").set_input_files({"name": name, "mimeType": "text/csv", "buffer": text.encode()})
    page.get_by_role("button", name="Preview changes").click()


def confirm(page, count):
    page.get_by_label(f"Type {count} to confirm").fill(str(count))
    page.get_by_role("button", name="Confirm and apply").click()


def state(page, name):
    return page.locator(f"#progress[data-state={name}]")


def slow(directory, rows):
    """So many assignments are slow, so that one request does not apply all rows of a plan."""
    directory.fault("stale", on="assign", times=rows, seconds=SLOW)


def done(page, before=0):
    """How many rows are done, once they are more than before. How many a request applies depends on the time it has."""
    progress = page.locator("#progress[data-done]")
    expect(progress).not_to_have_attribute("data-done", str(before))
    return int(progress.get_attribute("data-done"))


def let_through(page, chunks):
    """Only so many chunks of a plan; what the page asks for after that does not arrive."""
    left = iter(range(chunks))
    page.unroute("**/run/")
    page.route("**/run/", lambda route: route.abort() if next(left, None) is None else route.continue_())


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (390, "dark")])
def test_from_a_file_to_results_with_a_pause_and_a_closed_tab(open_page, sqlite_console, directory, width, theme):
    people = listed(directory, 23)
    page = open_page(sqlite_console, viewport={"width": width, "height": 900}, color_scheme=theme)

    def fine(what):
        assert violations(page) == [], what
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), what

    upload(page, "subject_id\n1\n")
    expect(page.locator("main [role=alert]")).to_contain_text("Line 1")
    fine("a bad list")
    upload(page, of([*people, "nobody"]))
    expect(page.locator("#main h1")).to_have_text("Plan: assign")
    expect(page.locator("#main h1")).to_be_focused()
    expect(page.get_by_role("link", name="unknown person (1)")).to_be_visible()
    fine("a plan")
    confirm_at = page.url
    page.get_by_label("Type 23 to confirm").fill("24")
    page.get_by_role("button", name="Confirm and apply").click()
    expect(page.locator("main [role=alert]")).to_contain_text("Type 23")

    slow(directory, 2 * CHUNK)
    let_through(page, 1)
    confirm(page, 23)
    first = done(page)
    expect(page.get_by_role("progressbar")).to_have_js_property("value", first)
    expect(page.locator("#announcer")).to_contain_text(f"{first} of 23 rows")
    expect(page.locator("ul.plan-log li")).to_have_count(first)
    fine("running")
    page.get_by_role("button", name="Pause").click()
    expect(state(page, "paused")).to_contain_text("An admin paused it.")
    fine("paused")
    expect(page.locator("tr[data-result=applied]")).to_have_count(first)
    assert sum(len(directory.writes(one)) for one in people) == first

    let_through(page, 1)
    # The next chunk's request has been stopped when the tab is closed: one that waits to be stopped would go through.
    with page.expect_event("requestfailed", lambda request: request.url.endswith("/run/")):
        page.get_by_role("button", name="Resume").click()
        second = done(page, before=first)
    again = page.context.new_page()
    page.close()
    assert sum(len(directory.writes(one)) for one in people) == second < 23, "a closed tab sends nothing"
    again.goto(confirm_at)
    expect(state(again, "done")).to_contain_text("23 of 23 rows, 23 applied")
    assert [len(directory.writes(one)) for one in people] == [1] * 23
    expect(again.locator("tr[data-result=applied]")).to_have_count(23)
    again.get_by_role("link", name="Changes of this plan").click()
    expect(again.locator("table.change-table[data-total='23']")).to_be_visible()
    again.get_by_role("link", name="By plan").click()
    expect(again.locator("tr.change-group")).to_have_count(1)
    again.locator("tr.change-group [data-plan]").click()
    expect(state(again, "done")).to_be_visible()


def test_pasted_stopped_and_its_rest_and_failures_again(open_page, sqlite_console, directory):
    people = listed(directory, 12)
    page = open_page(sqlite_console)
    page.goto(BULK)
    page.get_by_label("Or paste the list").fill(of(people))
    page.get_by_role("button", name="Preview changes").click()
    directory.fault("status-429", on="assign")
    confirm(page, 12)
    expect(state(page, "paused")).to_contain_text("Line 2")
    page.get_by_role("button", name="Try 1 row again").click()
    expect(state(page, "done")).to_contain_text("12 applied")
    expect(page.locator("tr[data-check=retried]")).to_have_count(1)

    page.goto(BULK)
    page.get_by_label("Or paste the list").fill(of([*people, "nobody"], "worker"))
    page.get_by_role("button", name="Preview changes").click()
    slow(directory, CHUNK)
    let_through(page, 1)
    confirm(page, 12)
    unsent = 12 - done(page)
    page.get_by_role("button", name="Stop").click()
    expect(state(page, "stopped")).to_be_visible()
    for name, checks in (("Download unsent rows", ["ready"] * unsent), ("Download failed rows", ["unknown_person"])):
        with page.expect_download() as started:
            page.get_by_role("link", name=name, exact=True).click()
        text = started.value.path().read_text()
        other = page.context.new_page()
        upload(other, text, started.value.suggested_filename)
        expect(other.locator("#main h1")).to_have_text("Plan: assign")
        assert [row.get_attribute("data-check") for row in other.locator("tr[data-line]").all()] == checks
        other.close()


def test_rows_that_were_ticked(open_page, sqlite_console, directory):
    first, second = listed(directory, 2)
    page = open_page(sqlite_console)
    page.goto(f"/orgs/acme/accounts/?q={first}&type=visitor")
    page.locator("tbody input[name=selected]").first.check()
    page.goto(f"/orgs/acme/accounts/?q={second}&type=visitor")
    page.locator("tbody input[name=selected]").first.check()
    page.get_by_role("button", name="Change selected").click()
    lines = page.get_by_label("Or paste the list").input_value().split()
    assert lines == ["subject_id,code", f"{first},visitor", f"{second},visitor"]
    page.get_by_role("combobox", name="Action").select_option("change_status")
    page.get_by_label(re.compile("New status")).select_option("disabled")
    page.get_by_role("button", name="Preview changes").click()
    confirm(page, 2)
    expect(state(page, "done")).to_contain_text("2 applied")
    assert [one["status"] for one in directory.accounts(second) if one.get("account_code")] == ["disabled"]


def test_without_scripts(open_page, sqlite_console, directory):
    people = listed(directory, 11)
    page = open_page(sqlite_console, java_script_enabled=False)
    upload(page, of(people))
    slow(directory, CHUNK)
    confirm(page, 11)
    page.get_by_role("button", name="Apply up to 11 rows").click()
    left = 11 - done(page)
    expect(page.get_by_role("button", name=f"Apply up to {left} rows")).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Resume").click()
    expect(state(page, "done")).to_contain_text("11 of 11 rows, 11 applied")
