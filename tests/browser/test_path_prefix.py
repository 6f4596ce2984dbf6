"""Scripts, htmx and cookies in a real browser below ``CONSOLE_PATH_PREFIX``, behind nginx."""

import re

from playwright.sync_api import expect

from tests import proxies

PREFIX = "/accounts-console"


def test_scripts_work_below_the_prefix(chromium, start_console, provider, directory, tmp_path):
    subject = directory.person("visitor", name="Bella Browser")
    console = start_console("sqlite", CONSOLE_PATH_PREFIX=PREFIX, TRUSTED_PROXY_COUNT="1")
    with proxies.run_nginx(tmp_path, [int(console.url.rsplit(":", 1)[1])], prefix=PREFIX) as url:
        provider.control(allow=f"{url}{PREFIX}")
        context = chromium.new_context()
        page, errors, strays = context.new_page(), [], []
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda one: strays.append(one.url) if one.url.startswith(url) else None)
        page.goto(f"{url}{PREFIX}/orgs/acme/accounts/")
        page.get_by_role("button", name="Ada Admin").click()
        page.get_by_label("Search").fill(subject)
        expect(page.locator("table[data-total='2']")).to_be_visible()
        assert re.search(rf"{PREFIX}/orgs/acme/accounts/\?q=", page.url)
        page.get_by_role("link", name="Assign Bella Browser").click()
        page.get_by_role("radio", name="worker").check()
        page.get_by_role("button", name="Assign").click()
        expect(page.locator("[role=status][data-outcome=applied]")).to_contain_text("assigned Bella Browser")
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
        context.close()
    assert errors == []
    assert {one for one in strays if not one.startswith(f"{url}{PREFIX}/")} - {f"{url}/favicon.ico"} == set()
