"""The scripts of the pages: a module that was changed on its way to the browser does not run, and neither do its importers."""

from playwright.sync_api import expect

ACCOUNTS = "/orgs/acme/accounts/"


def test_a_module_changed_on_its_way_does_not_run(open_page, sqlite_console):
    page = open_page(sqlite_console)
    errors = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)

    def change(route):
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text() + "\nwindow.changed = true;")

    page.route("**/js/core/dom*.js", change)
    page.goto(ACCOUNTS, wait_until="networkidle")
    assert any("integrity" in error for error in errors), errors
    assert page.evaluate("window.changed === undefined")
    expect(page.locator("table[data-total]")).to_be_visible()


def test_modules_run_and_report_no_error(open_page, sqlite_console):
    page = open_page(sqlite_console)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    for path in (ACCOUNTS, f"{ACCOUNTS}assign/", "/orgs/acme/types/", "/orgs/acme/changes/", "/sessions/"):
        page.goto(path, wait_until="networkidle")
    page.keyboard.press("?")
    expect(page.locator("#keys-help")).to_be_visible()
    assert errors == []
