"""One Chromium a worker, and a person signed in."""

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
def open_page(chromium, sign_in):
    """Open a console as a person; the contexts close when the test is done.

    They sign in without Chromium, which takes two seconds for it; ``test_embedding.py`` and others sign in with it.
    """
    contexts = []

    def go(console, person="ada", **options) -> Page:
        contexts.append(chromium.new_context(base_url=console.url, **options))
        contexts[-1].add_cookies(cookies_of(sign_in(console, person)))
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE)
        page.goto("/")
        expect(page.get_by_role("button", name="Sign out")).to_be_visible()
        page.wait_for_load_state()  # a page shows before its scripts have come
        return page

    yield go
    for one in contexts:
        one.close()


def cookies_of(browser: servers.Browser) -> list:
    """The cookies of a browser without JavaScript, as Chromium takes them: those of the console and of the provider."""
    return [
        {
            "name": one.name,
            "value": one.value,
            "domain": one.domain,
            "path": one.path,
            "sameSite": "Lax",
            "httpOnly": True,
        }
        for one in browser.session.cookies
    ]


def violations(page: Page, *rules: str) -> list:
    """What axe-core finds, in short; with these of its rules only, if any are named."""
    options = {"runOnly": {"type": "rule", "values": list(rules)}} if rules else {}
    found = Axe().run(page, options=options)["violations"]
    return [(one["id"], [node["html"][:200] for node in one["nodes"]][:3]) for one in found]
