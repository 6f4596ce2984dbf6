"""The lists in a real browser: typing, facets, the way back, selecting across pages, and every state on both widths."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import violations

ACCOUNTS = "/orgs/acme/accounts/"


@pytest.mark.parametrize("width", [1280, 390])
def test_typing_narrowing_and_the_way_back(open_page, sqlite_console, directory, width):
    subject = directory.person("worker", name="Žofie Çelik")
    errors = []
    page = open_page(sqlite_console, viewport={"width": width, "height": 900})
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(ACCOUNTS)
    page.keyboard.press("/")
    page.keyboard.type("zofie", delay=20)
    expect(page.locator("table[data-total='2']")).to_be_visible()
    expect(page.locator("#q")).to_be_focused()
    expect(page.locator("#announcer")).to_have_text(re.compile("^2 of"))
    page.keyboard.type(" celik", delay=20)
    expect(page).to_have_url(re.compile(r"\?q=zofie(\+|%20)celik$"))
    page.get_by_role("navigation", name="Type").get_by_role("link", name=re.compile("Worker")).click()
    expect(page.locator("table[data-total='1']")).to_be_visible()
    chosen = page.get_by_role("navigation", name="Type").locator("a[aria-current=true]")
    expect(chosen).to_be_focused()
    expect(page).to_have_url(re.compile(r"type=worker"))
    page.go_back()
    expect(page.locator("table[data-total='2']")).to_be_visible()
    expect(page.locator("#q")).to_have_value("zofie celik")
    page.go_back()  # one step for one search
    expect(page).to_have_url(re.compile(rf"{ACCOUNTS}$"))
    expect(page.locator("#q")).to_have_value("")
    page.go_forward()
    expect(page.locator("table[data-total='2']")).to_be_visible()
    assert page.locator(f"tr[data-subject-id='{subject}']").count() == 2
    assert errors == []


def test_a_step_back_before_the_page_has_its_scripts(open_page, sqlite_console, directory):
    directory.person("worker", name="Žofie Çelik")
    page = open_page(sqlite_console)
    page.goto(ACCOUNTS)
    page.fill("#q", "zofie")
    expect(page).to_have_url(re.compile(r"\?q=zofie$"))
    page.get_by_role("navigation", name="Type").get_by_role("link", name=re.compile("Worker")).click()
    expect(page).to_have_url(re.compile(r"type=worker"))
    held = []
    page.route(re.compile(r"htmx\.min"), lambda route: route.continue_() if held else held.append(route))
    with page.expect_request(re.compile(r"htmx\.min")):
        page.evaluate("history.back()")
    expect(page.locator("#q")).to_have_value("zofie")
    page.evaluate("history.back()")
    expect(page).to_have_url(re.compile(rf"{ACCOUNTS}$"))
    held[0].continue_()
    expect(page.locator("#q")).to_have_value("")


@pytest.fixture
def sqlite_console(own_consoles, directory):
    return own_consoles("sqlite")


def test_selecting_across_pages_and_searches(open_page, sqlite_console, directory):
    subject = directory.person("worker", name="Sela Select")
    page = open_page(sqlite_console)
    page.goto(f"{ACCOUNTS}?per_page=25")
    said = page.locator("#selection [data-count]")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(said).to_have_text("1 selected (1 on this page)")
    page.get_by_role("link", name="Next").click()
    expect(said).to_have_text("1 selected (0 on this page)")
    page.get_by_label("Select all on this page").check()
    expect(said).to_have_text(re.compile(r"^2\d selected \(2\d on this page\)"))
    page.get_by_role("button", name="Clear").click()
    expect(said).to_be_hidden()
    page.locator("#q").fill(subject)
    expect(page.locator("table[data-total='2']")).to_be_visible()
    page.get_by_label("Select Sela Select worker").check()
    page.get_by_role("button", name="Select all 2 matches").click()
    expect(said).to_have_text("2 selected (2 on this page)")
    page.locator("#q").fill("nobody-at-all")
    expect(page.locator("table[data-total='0']")).to_be_visible()
    expect(said).to_have_text("2 selected (0 on this page)")
    with page.expect_download() as started:
        page.get_by_role("button", name="Export selected as CSV").click()
    lines = started.value.path().read_text().splitlines()
    assert len(lines) == 3
    assert all(line.startswith(f'"{subject}"') for line in lines[1:])


def test_a_facet_with_more_values_than_chips(open_page, sqlite_console, directory):
    for number in range(14):
        directory.person(f"kind-{number:02}", name=f"Kim Kind {number:02}")
    page = open_page(sqlite_console)
    page.goto(f"{ACCOUNTS}?q=kim")
    chips = page.locator("nav.facet", has_text="Type").locator("a.chip")
    expect(chips).to_have_count(12)
    every = page.get_by_label(re.compile(r"^Type\s+1\d in all"))
    expect(every).to_be_visible()
    every.select_option("kind-13")
    expect(page.locator("table[data-total='1']")).to_be_visible()
    expect(page).to_have_url(re.compile(r"q=kim.*type=kind-13|type=kind-13.*q=kim"))
    expect(chips.filter(has_text="remove this filter")).to_have_count(1)
    assert violations(page) == []


def test_an_address_is_copied(open_page, sqlite_console, directory):
    page = open_page(sqlite_console, permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"{ACCOUNTS}?q=an&sort=-name")
    page.locator("summary", has_text="Views").click()
    page.get_by_role("link", name="Copy the address").click()
    expect(page.get_by_role("link", name="Copied")).to_be_visible()
    address = page.evaluate("navigator.clipboard.readText()")
    assert address.startswith(f"{sqlite_console.url}{ACCOUNTS}?")
    shown = page.locator("table[data-total]").get_attribute("data-total")
    other = open_page(sqlite_console, "otto")
    other.goto(address)
    expect(other.locator("#q")).to_have_value("an")
    expect(other.locator(f"table[data-total='{shown}'] th[aria-sort=descending] #sort-name")).to_be_visible()


def test_columns_are_moved_and_remembered(open_page, sqlite_console, directory):
    page = open_page(sqlite_console, "otto")
    page.goto(ACCOUNTS)
    page.locator("summary", has_text="Columns").click()
    page.get_by_role("button", name="Move Status up").click()
    page.get_by_label("Expires", exact=True).check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#sort-expires")).to_be_visible()
    page.goto(ACCOUNTS)
    names = [one.get_attribute("id") for one in page.locator("th[aria-sort] a").all()]
    assert names.index("sort-status") < names.index("sort-code")


def test_a_list_grows_old(open_page, sqlite_console, directory):
    page = open_page(sqlite_console)
    page.clock.install()
    page.goto(ACCOUNTS)
    age = page.locator(".list-age")
    expect(age).to_contain_text(re.compile(r"read \d+ s ago"))
    expect(page.get_by_role("link", name="Reload")).to_be_hidden()
    page.clock.fast_forward(45_000)
    expect(age).to_contain_text(re.compile(r"read (4[5-9]|5\d) s ago"))
    page.get_by_role("link", name="Reload").click()
    page.clock.run_for(1500)
    expect(page.get_by_role("link", name="Reload")).to_be_hidden()


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (390, "dark")])
def test_every_state_is_accessible(open_page, sqlite_console, directory, width, theme):
    page = open_page(sqlite_console, color_scheme=theme, viewport={"width": width, "height": 900})

    def fine(state: str) -> None:
        assert violations(page) == [], state
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), state

    page.goto(f"{ACCOUNTS}?per_page=5&status=active")
    page.locator("tbody input[name=selected]").first.check()
    page.locator("summary", has_text="Columns").click()
    fine("chosen facet, selected rows, a menu")
    page.goto(f"{ACCOUNTS}?q=nobody&status=active")
    expect(page.get_by_role("heading", name="No matches")).to_be_visible()
    fine("no match")
    page.goto("/orgs/acme/types/?status=published")
    fine("types")
    directory.fault("status-503", on="list", times=3)
    page.goto(f"{ACCOUNTS}?q=ada")
    expect(page.get_by_role("heading", name="The directory failed")).to_be_visible()
    expect(page.locator("#q")).to_have_value("ada")
    fine("error")
    page.locator("#results").get_by_role("link", name="Try again").click()
    expect(page.locator("table[data-total]")).to_be_visible()
    page.context.set_offline(True)
    page.locator("#q").fill("ada a")
    expect(page.locator("#results [role=alert]")).to_contain_text("could not be reached")
    fine("unreachable")
    directory.reset("type")
    page.context.set_offline(False)
    page.goto(ACCOUNTS)
    expect(page.get_by_role("heading", name="No accounts yet")).to_be_visible()
    fine("empty")


def test_without_scripts(open_page, sqlite_console, directory):
    subject = directory.person("worker", name="Nina Noscript")
    page = open_page(sqlite_console, java_script_enabled=False)
    page.goto(ACCOUNTS)
    expect(page.get_by_role("link", name="Reload")).to_be_visible()
    page.locator("#q").fill("nina")
    page.locator("#choose-type").select_option("worker")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("table[data-total='1']")).to_be_visible()
    page.get_by_label("Select Nina Noscript worker").check()
    with page.expect_download() as started:
        page.get_by_role("button", name="Export selected as CSV").click()
    assert started.value.path().read_text().splitlines()[1].startswith(f'"{subject}"')


def is_htmx(route):
    return "hx-request" in route.request.headers


SLOW = {"on": "list", "times": 1, "seconds": 1.2}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_stands_before_a_list_that_takes_its_time(open_page, sqlite_console, directory, scheme):
    page = open_page(sqlite_console, person="gil", color_scheme=scheme)
    directory.fault("stale", **SLOW)
    page.goto("/orgs/globex/accounts/")
    expect(page.locator("table[data-total]")).to_be_visible()
    held = []
    page.route("**/*status=active", lambda route: held.append(route) if is_htmx(route) else route.continue_())
    page.goto("/orgs/globex/accounts/?status=active")
    waiting = page.locator("#results[aria-busy=true]")
    expect(waiting.get_by_role("status")).to_contain_text(re.compile("last time this took [2-4] seconds"))
    assert violations(page) == []
    expect(page.locator("#q")).to_be_visible()
    assert len(held) == 1, "one round trip more"
    held[0].continue_()
    expect(page.locator("table[data-total]")).to_be_visible()
    expect(waiting).to_have_count(0)
    assert page.locator("tbody tr").first.get_attribute("data-status") == "active"


def test_without_scripts_the_page_waits_for_the_list(open_page, sqlite_console, directory):
    page = open_page(sqlite_console, person="gil", java_script_enabled=False)
    directory.fault("stale", **SLOW)
    page.goto("/orgs/globex/accounts/")
    page.goto("/orgs/globex/accounts/?status=active")
    expect(page.locator("table[data-total]")).to_be_visible()
    assert "status=active" in page.url
