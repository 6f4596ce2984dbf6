"""The whole job in a real browser: with htmx, without JavaScript, and accessible on every page in both themes."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import violations


@pytest.mark.parametrize("javascript", [True, False])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_whole_job(open_page, sqlite_console, directory, javascript, width):
    subject = directory.person("visitor", name="Bella Browser")
    errors = []
    page = open_page(sqlite_console, java_script_enabled=javascript, viewport={"width": width, "height": 900})
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.get_by_role("link", name=re.compile("Acme GmbH")).click()

    page.get_by_label("Search").fill(subject)
    if not javascript:
        page.get_by_role("button", name="Search").click()
    expect(page.locator("table[data-total='2']")).to_be_visible()
    page.get_by_role("link", name="Assign Bella Browser").click()
    page.get_by_role("radio", name="worker").check()
    page.get_by_label("Note (shown in the change log)").fill("starts today")
    page.get_by_role("button", name="Assign").click()
    expect(page.locator("[role=status][data-outcome=applied]")).to_contain_text(
        "assigned Bella Browser a Worker account"
    )

    page.get_by_role("link", name="Status of worker").click()
    page.get_by_label("expired").check()
    page.get_by_role("button", name="Change status").click()
    expect(page.locator("[role=status][data-outcome=applied]")).to_contain_text("from active to expired")

    page.get_by_role("link", name="Delete worker").click()
    expect(page.get_by_role("heading", name="Delete this account?")).to_be_visible()
    expect(page.locator("main")).to_contain_text("disables the account instead of removing it")
    page.get_by_role("button", name="Delete the account").click()
    expect(page.locator("[role=status][data-outcome=applied]")).to_contain_text("deleted Bella Browser")

    page.get_by_role("link", name="Change log").click()
    rows = page.locator(f"tr[data-subject-id='{subject}']")
    expect(rows).to_have_count(3)
    assert [row.get_attribute("data-action") for row in rows.all()] == ["delete", "change_status", "assign"]
    rows.first.get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="Events")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "nothing sticks out sideways"
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    assert errors == []
    assert len(directory.writes(subject)) == 3


def test_the_session_warning(open_page, start_console, directory):
    console = start_console("sqlite", SESSION_IDLE_MINUTES="1")
    page = open_page(console)
    expect(page.get_by_text("Your session ends in a minute.")).to_be_visible()
    with page.expect_response(re.compile("/session/stay/")) as answered:
        page.get_by_role("button", name="Stay signed in").click()
    assert answered.value.status == 204


def is_accessible(page) -> bool:
    """In both themes, which differ in their colors only."""
    page.emulate_media(color_scheme="light")
    assert violations(page) == [], page.url
    page.emulate_media(color_scheme="dark")
    assert violations(page, "color-contrast") == [], page.url
    return True


def test_accessible_on_every_page(open_page, sqlite_console, directory):
    subject = directory.person("gold", name="Axel Axe")
    page = open_page(sqlite_console, reduced_motion="reduce")  # colors change at once
    paths = [
        "/",
        "/orgs/acme/accounts/",
        "/orgs/acme/accounts/?q=nothing-like-this",
        "/orgs/acme/types/",
        f"/orgs/acme/users/{subject}/",
        f"/orgs/acme/accounts/assign/?subject_id={subject}",
        f"/orgs/acme/accounts/{subject}/gold/status/",
        f"/orgs/acme/accounts/{subject}/gold/delete/",
        "/orgs/acme/changes/",
        "/orgs/nowhere/accounts/",
        "/orgs/acme/changes/?since=abc",
        "/signout/",
    ]
    for path in paths:
        page.goto(path)
        assert is_accessible(page)
    page.goto(f"/orgs/acme/accounts/{subject}/gold/delete/")
    page.get_by_role("button", name="Delete the account").click()
    expect(page.get_by_role("heading", name="Not applied")).to_be_visible()
    assert is_accessible(page)
    page.get_by_role("link", name="See the change").click()
    assert is_accessible(page)
