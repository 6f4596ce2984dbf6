"""The design system: contrast in both themes and with more contrast, no page sticks out from 320 px to 4K, times, keys."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import violations

CONTRAST = """
() => [...document.querySelectorAll('.swatch')].map((one) => {
  const canvas = Object.assign(document.createElement('canvas'), {width: 1, height: 1}).getContext('2d', {willReadFrequently: true});
  const light = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((v) => v / 255).map((v) => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const style = getComputedStyle(one);
  const [high, low] = [light(style.color), light(style.backgroundColor)].sort((a, b) => b - a);
  return [one.textContent, (high + .05) / (low + .05)];
})
"""


@pytest.fixture(scope="module")
def debugging(start_console):
    return start_console("sqlite", DEBUG="true")


@pytest.mark.parametrize("contrast", ["no-preference", "more"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_colour_can_be_read(open_page, debugging, directory, theme, contrast):
    page = open_page(debugging, color_scheme=theme, contrast=contrast)
    page.goto("/design/")
    measured = page.evaluate(CONTRAST)
    assert len(measured) >= 15
    assert [(name, ratio) for name, ratio in measured if ratio < 4.5] == []
    assert violations(page) == []


def test_the_design_page_is_for_developers(sqlite_console, sign_in):
    assert sign_in(sqlite_console, "ada").get("/design/").status_code == 404


@pytest.mark.parametrize("width", [320, 390, 1280, 3840])
def test_nothing_sticks_out(open_page, sqlite_console, directory, width):
    page = open_page(sqlite_console, viewport={"width": width, "height": 900})
    subject = directory.person("worker", name="Maximiliane Constanze von Hohenzollern-Sigmaringen")
    for path in (
        "/",
        "/orgs/acme/accounts/",
        f"/orgs/acme/users/{subject}/",
        "/orgs/acme/types/",
        "/orgs/acme/changes/",
    ):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path


def test_the_theme_is_chosen(open_page, sqlite_console, directory):
    page = open_page(sqlite_console)
    page.get_by_label("Theme").select_option("dark")
    expect(page.locator("html[data-theme=dark]")).to_be_attached()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"


def test_times_are_in_the_readers_zone_with_utc_beside(open_page, sqlite_console, directory):
    subject = directory.person("worker", name="Tina Time")
    page = open_page(sqlite_console, timezone_id="America/New_York")
    page.goto(f"/orgs/acme/users/{subject}/")
    times = page.locator("td time[datetime='2025-01-02T03:04:05Z']")
    expect(times.first).to_have_text(re.compile("1 Jan 2025, 22:04"))
    assert times.first.get_attribute("data-utc") == "2025-01-02 03:04:05 UTC"
    expect(page.locator("footer")).to_contain_text("America/New_York")


def test_the_keyboard_alone(open_page, sqlite_console, directory):
    page = open_page(sqlite_console)
    page.goto("/orgs/acme/accounts/")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("j")
    second = page.locator("main tbody tr").nth(1)
    expect(second).to_be_focused()
    page.keyboard.press("k")
    expect(page.locator("main tbody tr").first).to_be_focused()
    page.keyboard.press("Control+k")
    page.keyboard.type("change l")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Change log", level=1)).to_be_visible()
    page.wait_for_load_state()  # its scripts are deferred: before, no key is heard
    page.keyboard.press("Control+k")
    page.keyboard.type("nobody of that name")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/accounts/\?q=nobody"))


def test_on_a_phone_a_row_says_all_that_its_columns_say(open_page, sqlite_console, directory):
    """Text without an element of its own is text all the same."""
    subject = directory.person("worker", name="Paula Phone")
    page = open_page(sqlite_console, viewport={"width": 390, "height": 900})
    page.goto(f"/orgs/acme/users/{subject}/")
    for label in ("Type", "Status", "Created"):
        expect(page.locator(f"tr[data-subject-id] td[data-label='{label}']").first).to_be_visible()
    page.goto("/orgs/acme/accounts/bulk/")
    page.get_by_label("Or paste the list").fill(f"subject_id,code\n{subject},gold")
    page.get_by_role("button", name="Preview changes").click()
    expect(page.locator("tr[data-line='2'] td[data-label='Line']")).to_be_visible()


def test_any_list_on_paper_is_without_controls_and_names_what_it_is(open_page, sqlite_console, directory):
    subject = directory.person("worker", name="Pia Paper")
    page = open_page(sqlite_console)
    page.emulate_media(media="print")
    for path in ("accounts/?q=pia&status=active", "types/", f"users/{subject}/", "changes/"):
        page.goto(f"/orgs/acme/{path}")
        expect(page.locator("[data-print-summary]")).to_be_visible()
        expect(page.locator("[data-print-summary]")).to_contain_text("Acme GmbH")
        shown = page.locator("main :is(form, nav, button, input, select, summary, .cell-actions, .actions)")
        visible = [each.evaluate("one => one.outerHTML.slice(0, 100)") for each in shown.all() if each.is_visible()]
        assert visible == [], path
    expect(page.locator("table.change-table")).to_be_visible()


def test_titles_follow_when_only_a_part_is_loaded(open_page, sqlite_console, directory):
    directory.person("", name="Tia Title")
    page = open_page(sqlite_console)
    page.goto("/orgs/acme/accounts/?q=tia%20title")
    page.locator("tr").get_by_role("link", name="Assign").click()
    expect(page).to_have_title(re.compile(r"^Assign an account: Tia Title · Acme GmbH · "))
