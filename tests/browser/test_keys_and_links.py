"""Links do what the browser does with a modifier; single keys can be switched off, and act where the focus is."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import violations

ACCOUNTS = "/orgs/acme/accounts/"

# Of every kind of link that a script of the page, or htmx, acts on.
LINKS = {
    "a form over the list": (ACCOUNTS, "tbody a[hx-get][data-key=s]"),
    "a person": (ACCOUNTS, "tbody a[data-open]"),
    "a facet": (ACCOUNTS, "nav.facet a.chip"),
    "sorting": (ACCOUNTS, "th a"),
    "an address to copy": (ACCOUNTS, "a[data-copies]"),
    "choosing a person": (f"{ACCOUNTS}assign/", ".candidates a[hx-get]"),
    "entering ids": (f"{ACCOUNTS}assign/", "#picker .hint a[hx-get]"),
    "a preset of the log": ("/orgs/acme/changes/", "nav.chips a.chip"),
}


@pytest.mark.parametrize("name", LINKS)
def test_a_modifier_opens_another_tab(open_page, sqlite_console, directory, name):
    directory.person("worker", name="Lina Link")
    path, selector = LINKS[name]
    page = open_page(sqlite_console)
    page.goto(path)
    before = page.url
    link = page.locator(selector).first
    target = link.evaluate("link => link.href")
    for details in page.locator("details.menu").all():
        if details.locator(selector).count():
            details.locator("summary").click()
    for how in ({"modifiers": ["Control"]}, {"modifiers": ["Shift"]}, {"button": "middle"}):
        with page.context.expect_page() as opened:
            link.click(**how)
        assert opened.value.url in (target, "about:blank") or opened.value.url.startswith(target.split("#")[0])
        opened.value.close()
        assert page.url == before
        expect(page.get_by_role("dialog")).to_have_count(0)
    expect(link).to_be_attached()


def test_a_acts_only_from_a_row(open_page, sqlite_console, directory):
    subject = directory.person("worker", name="Rolf Row")
    page = open_page(sqlite_console)
    page.goto(f"{ACCOUNTS}?q={subject}")
    address = page.url
    page.keyboard.press("a")
    page.keyboard.press("?")  # whatever "a" had begun would be done by now
    expect(page.locator("#keys-help")).to_be_visible()
    page.keyboard.press("Escape")
    assert page.url == address
    page.keyboard.press("j")
    page.keyboard.press("a")
    expect(page.get_by_text("Choose someone else")).to_be_visible()
    expect(page).to_have_url(re.compile(f"/assign/\\?subject_id={subject}$"))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_single_keys_can_be_switched_off(open_page, sqlite_console, directory, theme):
    subject = directory.person("worker", name="Silke Speech")
    page = open_page(sqlite_console, color_scheme=theme)
    page.goto(f"{ACCOUNTS}?q={subject}")
    page.get_by_role("button", name="Keyboard").click()
    assert violations(page) == []
    page.get_by_role("checkbox", name="Single-key shortcuts").uncheck()
    page.keyboard.press("Escape")
    for again in (False, True):
        if again:
            page.goto(f"{ACCOUNTS}?q={subject}")
        page.locator("body").click(position={"x": 1, "y": 1})
        for key in "j/?xsda":
            page.keyboard.press(key)
        assert page.evaluate("document.activeElement === document.body")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.locator("tbody input:checked")).to_have_count(0)
        page.keyboard.press("Control+k")
        expect(page.locator("#palette")).to_be_visible()
        page.keyboard.press("Escape")
    page.get_by_role("button", name="Keyboard").click()
    page.get_by_role("checkbox", name="Single-key shortcuts").check()
    page.keyboard.press("Escape")
    page.locator("body").click(position={"x": 1, "y": 1})
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
