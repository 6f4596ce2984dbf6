"""When a session ends by itself, what its pages showed is taken away, but for a form that somebody was filling in."""

import pytest
from playwright.sync_api import expect

ACCOUNTS = "/orgs/acme/accounts/"
HALF, WHOLE = 30_000, 61_000  # milliseconds, of a session of a minute


@pytest.fixture(scope="module")
def console(start_console):
    return start_console("sqlite", SESSION_IDLE_MINUTES="1")


@pytest.fixture
def page(open_page, console, directory):
    page = open_page(console)
    page.clock.install()
    return page


def expect_ended(page, *gone):
    expect(page.get_by_role("heading", name="Your session has ended")).to_be_visible()
    expect(page).to_have_title("Your session has ended")
    whole = page.content()
    assert [one for one in (*gone, "Ada Admin") if one in whole] == []


def test_a_page_is_emptied(page, directory):
    directory.person("worker", name="Emil Ended")
    page.goto(f"{ACCOUNTS}?q=emil")
    page.get_by_label("Select Emil Ended worker").check()
    assert page.evaluate("Object.keys(sessionStorage).length") > 0
    page.clock.fast_forward(HALF)
    expect(page.get_by_text("Your session ends in a minute.")).to_be_visible()
    expect(page.get_by_text("Emil Ended").first).to_be_visible()
    page.clock.fast_forward(HALF + 1_000)
    expect_ended(page, "Emil Ended", "subject-")
    assert page.evaluate("Object.keys(sessionStorage).length") == 0
    page.keyboard.press("j")  # nothing that is gone is missed
    page.get_by_role("link", name="Sign in again").click()
    expect(page.get_by_label("Select Emil Ended worker")).to_be_visible()


def test_a_form_that_somebody_fills_in_stays(page, directory):
    subject = directory.person("worker", name="Fritz Form")
    page.goto(f"{ACCOUNTS}?q={subject}")
    page.locator(f"tr[data-subject-id='{subject}'][data-code=worker] [data-key=s]").click()
    panel = page.locator("#panel")
    panel.get_by_label("expired").check()
    panel.get_by_label("Note").fill("as agreed, ticket 4711")
    page.clock.fast_forward(WHOLE)
    expect_ended(page, f'data-subject-id="{subject}"')
    expect(panel.get_by_label("Note")).to_have_value("as agreed, ticket 4711")
    expect(page.locator("#results")).to_have_count(0)
    panel.get_by_text("Cancel").click()
    expect(page.get_by_role("link", name="Sign in again")).to_be_visible()


def test_a_form_that_nobody_touched_goes(page, directory):
    subject = directory.person("worker", name="Uwe Untouched")
    page.goto(f"{ACCOUNTS}{subject}/worker/delete/")
    page.clock.fast_forward(WHOLE)
    expect_ended(page, "Uwe Untouched")


def test_the_clock_of_the_machine_does_not_matter(page, directory):
    page.clock.fast_forward(7_200_000)
    page.goto(ACCOUNTS)
    page.clock.fast_forward(HALF)
    expect(page.locator("table[data-total]")).to_be_visible()


def test_tabs_tell_each_other(page, console, directory):
    """Of a session that goes on, and of one that was signed out. (Time passes here for the browser alone.)"""
    page.goto(ACCOUNTS)
    other = page.context.new_page()
    other.goto(ACCOUNTS)
    heard = "new BroadcastChannel('console-session').postMessage(new Date(Date.now() + 120000).toISOString())"
    other.evaluate(heard)
    expect(page.get_by_text("Your session ends in a minute.")).to_be_hidden()
    page.clock.fast_forward(WHOLE)
    expect(page.locator("table[data-total]")).to_be_visible()
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_role("heading", name="You are signed out")).to_be_visible()
    expect_ended(page)
