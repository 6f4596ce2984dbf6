"""The change log in a real browser: narrow and wide, both themes, without JavaScript, by keyboard, live, on paper."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import violations

CODE = "worker"
LOG = "/orgs/acme/changes/"


def change(browser, subject, status):
    path = f"/orgs/acme/accounts/{subject}/{CODE}/status/"
    browser.post(path, {**browser.form(path), "status": status})


@pytest.fixture
def subject(sqlite_console, directory, sign_in):
    subject = directory.person(CODE, name="Bo Berg")
    change(sign_in(sqlite_console, "ada"), subject, "disabled")
    return subject


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (390, "dark")])
def test_filter_look_and_verify(open_page, sqlite_console, subject, width, theme):
    page = open_page(sqlite_console, viewport={"width": width, "height": 900}, color_scheme=theme)
    page.goto(f"{LOG}?subject_id={subject}")
    expect(page.get_by_role("heading", name="Changes of Bo Berg")).to_be_visible()
    page.get_by_role("img", name="Changes by day").wait_for()
    page.get_by_text("Show as table").click()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.keyboard.press("/")
    page.keyboard.type("nothing like this")
    expect(page.locator("table[data-total='0']")).to_be_visible()
    expect(page.get_by_role("link", name="Export CSV", exact=True)).to_have_attribute("href", re.compile("q=nothing"))
    page.get_by_role("link", name="Search: nothing like this").click()
    expect(page.locator("table.change-table[data-total='1']")).to_be_visible()
    page.get_by_role("button", name="Verify everything").click()
    expect(page.locator("#chain[data-state=verified]")).to_contain_text("Verified up to sequence")
    expect(page.locator("#announcer")).to_contain_text("Verified up to sequence")
    assert violations(page) == []
    page.locator("body").click(position={"x": 1, "y": 1})
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Events")).to_be_visible()


def test_without_javascript(open_page, sqlite_console, subject):
    page = open_page(sqlite_console, java_script_enabled=False)
    page.goto(f"{LOG}?subject_id={subject}")
    page.get_by_role("link", name="Today").click()
    expect(page.locator("table.change-table[data-total='1']")).to_be_visible()
    page.get_by_role("button", name="Verify everything").click()
    expect(page.locator("#chain[data-state=verified]")).to_be_visible()
    expect(page.locator("table.change-table[data-total='1']")).to_be_visible()
    page.get_by_role("link", name="Ungrouped").click()
    expect(page.locator("tr.change-group")).to_have_count(0)


def test_the_live_top(open_page, sqlite_console, subject, sign_in):
    page = open_page(sqlite_console)
    page.goto(f"{LOG}?subject_id={subject}")
    ada = sign_in(sqlite_console, "ada")
    for status in ("active", "disabled", "expired"):
        change(ada, subject, status)
    polls = []
    page.on("request", lambda request: polls.append(request) if "/changes/new/" in request.url else None)
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    page.evaluate("htmx.trigger('#live', 'shown')")
    assert polls == [], "nobody asks for a page that is hidden"
    page.evaluate("delete document.hidden")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_role("link", name="3 new changes")).to_be_visible()
    expect(page.locator("#announcer")).to_have_text("3 new changes")
    assert polls[0].headers["x-console-poll"] == "1", "it does not keep the session alive"
    assert violations(page) == []
    page.get_by_role("link", name="3 new changes").click()
    expect(page.locator("table.change-table[data-total='4']")).to_be_visible()
    expect(page.get_by_role("link", name="new change")).to_have_count(0)


def test_on_paper(open_page, sqlite_console, subject):
    page = open_page(sqlite_console, timezone_id="Europe/Berlin", viewport={"width": 680, "height": 960})
    page.goto(f"{LOG}?subject_id={subject}")
    page.emulate_media(media="print")
    for gone in (".filters", ".tabs", "#log-head .actions", "#chain form", ".site-header nav"):
        expect(page.locator(gone).first).to_be_hidden()
    expect(page.locator("table.change-table tbody td").first).to_be_visible()
    shown = page.locator("table.change-table time").first.evaluate("one => getComputedStyle(one, '::after').content")
    assert "UTC" in shown or "data-utc" in shown
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "nothing is cut off"
