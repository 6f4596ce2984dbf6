"""One Chromium a worker, and a person signed in."""

import re

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Page, expect, sync_playwright

from tests import servers
from tests.conftest import unavailable

PATIENCE = 20_000  # ms: Playwright's own five seconds are few on two cores with three workers
expect.set_options(timeout=PATIENCE)

ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="package")
def launch():
    """Start a Chromium; the path of its program."""
    with sync_playwright() as playwright:

        def go(path):
            if path is None:
                unavailable("Chromium")
            return playwright.chromium.launch(executable_path=path, args=ARGS)

        yield go


@pytest.fixture(scope="package")
def chromium(launch):
    browser = launch(servers.headless_chromium())
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def whole_chromium(launch):
    """With all that a person's has, its settings of cookies too."""
    browser = launch(servers.chromium())
    yield browser
    browser.close()


@pytest.fixture
def open_page(chromium):
    """Open a console as a person; the contexts close when the test is done."""
    contexts = []

    def go(console, person="Ada Admin", **options) -> Page:
        contexts.append(chromium.new_context(base_url=console.url, **options))
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE)
        page.goto("/")
        page.get_by_role("button", name=re.compile(person)).click()
        expect(page.get_by_role("button", name="Sign out")).to_be_visible()
        page.wait_for_load_state()  # a page shows before its scripts have come
        return page

    yield go
    for one in contexts:
        one.close()


def violations(page: Page) -> list:
    """What axe-core finds, in short."""
    found = Axe().run(page)["violations"]
    return [(one["id"], [node["html"][:200] for node in one["nodes"]][:3]) for one in found]
