"""Pages of an unknown outcome update themselves: the result of an operation, over a list too, and a change's page."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import violations

ACCOUNTS = "/orgs/acme/accounts/"


@pytest.fixture
def console(start_console, start_worker):
    console = start_console("sqlite")
    start_worker(console)
    return console


def lose_status(page, directory, *, applied_after=None):
    """Ask for a change of status whose answer is lost."""
    subject = directory.person("visitor", name="Lotte Lost")
    directory.server.control("add", org="acme", subject_id=subject, name="Lotte Lost", code="worker", status="active")
    directory.fault("reset-before", on="change_status", **({"applied_after": applied_after} if applied_after else {}))
    page.goto(f"{ACCOUNTS}{subject}/worker/status/")
    page.get_by_label("disabled").check()
    page.get_by_role("button", name="Change status").click()
    expect(page.locator("[data-check=checking]")).to_contain_text("Checking until")


@pytest.mark.parametrize(("applied_after", "outcome"), [(1, "applied"), (None, "not_applied")])
def test_the_result_of_an_operation(open_page, console, directory, applied_after, outcome):
    page = open_page(console)
    lose_status(page, directory, applied_after=applied_after)
    assert violations(page) == []
    with page.expect_response(lambda response: "/result/" in response.url and response.status == 204):
        pass
    expect(page.locator(f"#main [data-outcome={outcome}]")).to_be_visible()
    expect(page.locator("[data-check]")).to_have_count(0)
    assert violations(page) == []


def test_the_page_of_a_change(open_page, console, directory):
    page = open_page(console)
    lose_status(page, directory)
    page.get_by_role("link", name="See the change").click()
    article = page.locator("article[data-change-id]")
    expect(article.locator("[data-check=checking]")).to_contain_text("Checking until")
    assert violations(page) == []
    expect(article).to_have_attribute("data-outcome", "not_applied")
    expect(article.locator("[data-check]")).to_have_count(0)
    expect(article.get_by_role("heading", name="Resolve")).to_have_count(0)
    polls = []
    page.on("request", lambda request: polls.append(request.url))
    page.get_by_role("link", name="Change log").first.click()
    expect(page.get_by_role("heading", name="Change log")).to_be_visible()
    assert not [url for url in polls if url.endswith("/result/")], "it does not poll any more"


@pytest.mark.parametrize(("applied_after", "outcome"), [(1, "applied"), (None, "not_applied")])
def test_a_closed_dialog_stays_closed_and_its_row_learns_the_outcome(
    open_page, console, directory, applied_after, outcome
):
    page = open_page(console)
    subject = directory.person("worker", name="Cleo Closed")
    page.goto(f"{ACCOUNTS}?q={subject}")
    row, panel = page.locator("#results tr[data-code=worker]"), page.locator("#panel")
    row.get_by_role("link", name="Status of").click()
    panel.get_by_label("disabled").check()
    directory.fault("reset-before", on="change_status", **({"applied_after": applied_after} if applied_after else {}))
    panel.get_by_role("button", name="Change status").click()
    expect(row.locator("[data-outcome=unknown]")).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    page.locator("#q").focus()
    expect(row.locator(f"[data-outcome={outcome}]")).to_be_visible()
    expect(row).to_have_attribute("data-status", "disabled" if outcome == "applied" else "active")
    expect(page.locator("#open-changes [role=alert]")).to_have_count(0)
    expect(panel).to_be_hidden()
    expect(page.locator("#q")).to_be_focused()
