"""Languages in a real browser: it writes times as the server does, counts as its readers do, and long words fit."""

import base64
import json

import pytest
from playwright.sync_api import expect


@pytest.fixture
def open_in(open_page, sqlite_console, directory):
    def go(language, **options):
        page = open_page(sqlite_console, **options)
        page.context.add_cookies([{"name": "console-language", "value": language, "url": sqlite_console.url}])
        return page

    return go


@pytest.mark.parametrize(
    ("language", "shown"), [("en", "1 Jan 2025, 22:04"), ("de", "01.01.2025, 22:04"), ("fr", "01/01/2025 22:04")]
)
def test_the_browser_writes_times_as_the_server_does(open_in, directory, language, shown):
    subject = directory.person("worker", name="Tina Time")
    page = open_in(language, timezone_id="America/New_York")
    page.context.clear_cookies(name="console-zone")
    page.goto(f"/orgs/acme/users/{subject}/")
    times = page.locator("main time[datetime^='2025']")
    by_the_browser = times.all_inner_texts()
    page.reload()
    assert times.all_inner_texts() == by_the_browser
    assert shown in by_the_browser


@pytest.mark.parametrize(("zone", "repeated"), [("Europe/Berlin", 2), ("America/New_York", 0)])
def test_the_browser_knows_repeated_hours_and_leaves_sentinels_alone(open_in, directory, zone, repeated):
    times = ["2026-10-24T23:59:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:00:00Z"]
    never = "9999-12-31T23:59:59Z"
    rows = [
        {
            "subject_id": "p-1",
            "account_code": f"t{i}",
            "status": "active",
            "creation_date": at,
            "expiration_date": never,
        }
        for i, at in enumerate(times)
    ]
    body = base64.b64encode(json.dumps(rows).encode()).decode()
    directory.fault("raw", on="list", times=1000, body=body, headers=[["Content-Type", "application/json"]])
    page = open_in("en", timezone_id=zone)
    page.context.clear_cookies(name="console-zone")
    page.goto("/orgs/acme/users/p-1/")
    created, expires = page.locator("td[data-label=Created]"), page.locator("td[data-label=Expires]")
    by_the_browser = created.all_inner_texts()
    assert expires.all_inner_texts() == ["never"] * 4
    page.reload()
    assert created.all_inner_texts() == by_the_browser
    assert sum("(UTC+0" in text for text in by_the_browser) == repeated


UTC = "(one) => getComputedStyle(one, '::after').content"


def test_the_exact_utc_shows_on_hover_and_on_focus(open_in, directory):
    subject = directory.person("worker", name="Tina Time")
    page = open_in("de", timezone_id="America/New_York")
    page.goto(f"/orgs/acme/users/{subject}/")
    created = page.locator("td time").first
    assert created.evaluate(UTC) == "none"
    created.hover()
    assert created.evaluate(UTC) == '"2025-01-02 03:04:05 UTC"'
    page.mouse.move(0, 0)
    page.locator("tr[data-code=worker] a").first.focus()
    assert created.evaluate(UTC) == '"2025-01-02 03:04:05 UTC"', "while its row has the focus"
    read = page.locator("dl.facts time")
    assert read.evaluate(UTC) == "none"
    while not read.evaluate("(one) => one === document.activeElement"):
        page.keyboard.press("Shift+Tab")
    assert read.evaluate(UTC) == f'"{read.get_attribute("data-utc")}"'


def test_what_is_selected_is_counted_as_the_reader_does(open_in):
    page = open_in("fr")
    page.goto("/orgs/acme/accounts/")
    boxes = page.locator("tbody input[name=selected]")
    boxes.nth(0).check()
    expect(page.locator("[data-count]")).to_have_text("1 sélectionnée (1 sur cette page)")
    boxes.nth(1).check()
    expect(page.locator("[data-count]")).to_have_text("2 sélectionnées (2 sur cette page)")


@pytest.mark.parametrize("language", ["de", "fr"])
def test_nothing_sticks_out(open_in, directory, language):
    page = open_in(language, viewport={"width": 320, "height": 900})
    subject = directory.person("worker", name="Maximiliane Constanze von Hohenzollern-Sigmaringen")
    for path in (
        "/orgs/acme/accounts/",
        f"/orgs/acme/users/{subject}/",
        f"/orgs/acme/accounts/assign/?subject_id={subject}",
        f"/orgs/acme/accounts/{subject}/worker/status/",
        f"/orgs/acme/accounts/{subject}/worker/delete/",
        "/orgs/acme/accounts/bulk/",
        "/orgs/acme/changes/",
        "/embed/check/",
    ):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
