"""The console inside of a portal on another site, in a real Chromium that blocks third-party cookies."""

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from console.sandbox import processes
from tests.browser.conftest import violations

REFUSED = re.compile("frame-ancestors|X-Frame-Options")  # ours, or the provider's
DEEP = "/orgs/acme/types/?q=worker"


@pytest.fixture(scope="module")
def port():
    return processes.free_port()


@pytest.fixture(scope="module")
def framed_console(start_console, port):
    return start_console("sqlite", **processes.portal_settings(port))


@pytest.fixture(scope="module")
def portal(framed_console, port):
    server = processes.start_portal(framed_console.url, port=port)
    yield server
    server.stop()


@pytest.fixture
def visit(whole_chromium, portal, directory):
    """Open the portal in a browser of its own. Contexts of Playwright are incognito: third-party cookies are blocked."""
    contexts = []

    def go(address=DEEP, *, host="localhost", script="", **options):
        contexts.append(whole_chromium.new_context(**options))
        page = contexts[-1].new_page()
        page.set_default_timeout(20_000)
        page.add_init_script(
            "window.heard = []; addEventListener('message', e => heard.push([e.origin, e.data]));" + script
        )
        page.goto(f"{portal.url.replace('localhost', host)}/#{address}")
        return page, page.frame_locator("#console")

    yield go
    for one in contexts:
        one.close()


def pick(window, person="Ada Admin"):
    window.get_by_role("button", name=re.compile(person)).click()


def sign_in(page, frame):
    with page.expect_popup() as popup:
        frame.locator("#open-window").click()
    pick(popup.value)
    expect(frame.get_by_role("button", name="Sign out")).to_be_visible()
    return popup.value


def last(page, kind):
    """What the portal was last told of a kind."""
    page.wait_for_function("kind => heard.some(([, said]) => said.type === kind)", arg=kind)
    return page.evaluate("kind => heard.filter(([, said]) => said.type === kind).at(-1)[1]", kind)


def hear(page, kind, name, value):
    page.wait_for_function(
        "([kind, name, value]) => heard.some(([, said]) => said.type === kind && said[name] === value)",
        arg=[kind, name, value],
    )


def test_a_whole_visit(visit, framed_console, directory):
    subject = directory.person("worker", name="Fay Framed")
    page, frame = visit(color_scheme="light", viewport={"width": 1280, "height": 900})
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    expect(frame.get_by_role("heading", name="Sign in")).to_be_visible()
    window = sign_in(page, frame)
    if not window.is_closed():
        window.wait_for_event("close")

    # Where it wanted to go, and the portal knows: its address leads there again.
    expect(frame.locator("#q")).to_have_value("worker")
    hear(page, "address", "address", DEEP)
    page.wait_for_function("address => location.hash === '#' + address", arg=DEEP)
    page.reload()
    expect(frame.locator("#q")).to_have_value("worker")
    assert page.title().startswith("Account types")
    jars = {(one["name"], one.get("partitionKey")) for one in page.context.cookies(framed_console.url)}
    assert {("console-session", "http://localhost"), ("console-csrf", "http://localhost")} <= jars
    assert all(one["secure"] for one in page.context.cookies() if one["name"].startswith("console-"))

    # A change, with its unsaved state, and the height of each page.
    page.evaluate("address => { location.hash = address; }", f"/orgs/acme/accounts/{subject}/worker/status/")
    frame.get_by_label("expired").check()
    hear(page, "unsaved", "unsaved", True)
    expect(page.locator("#unsaved")).to_have_text("Not sent yet")
    frame.get_by_role("button", name="Change status").click()
    expect(frame.locator("[role=status][data-outcome=applied]")).to_contain_text("from active to expired")
    hear(page, "unsaved", "unsaved", False)
    assert len(directory.writes(subject)) == 1
    told = last(page, "height")["height"]
    assert 200 < told < 3000
    expect(page.locator("#console")).to_have_css("height", f"{max(told, 384)}px")
    assert violations(page.frames[1]) == []

    # Its language and theme follow the portal's.
    page.get_by_label("Language").first.select_option("de")
    expect(frame.get_by_role("link", name="Änderungsprotokoll")).to_be_visible()
    page.get_by_label("Language").first.select_option("en")
    expect(frame.get_by_role("link", name="Change log")).to_be_visible()
    page.get_by_label("Theme").first.select_option("dark")
    expect(frame.locator("html")).to_have_attribute("data-theme", "dark")
    frame.get_by_role("link", name="Change log").click()
    expect(frame.locator("html")).to_have_attribute("data-theme", "dark")

    frame.get_by_role("button", name="Sign out").click()
    expect(frame.get_by_role("heading", name="You are signed out")).to_be_visible()
    expect(frame.get_by_role("link", name="Sign out at Sandbox provider, too")).to_be_visible()
    assert {origin for origin, _ in page.evaluate("heard")} == {framed_console.url}
    assert errors == []


def test_popups_blocked_and_the_frame_notices_the_tab(visit):
    """The tab loses its opener on the way, as with a provider that sends Cross-Origin-Opener-Policy."""
    page, frame = visit()
    expect(frame.get_by_role("heading", name="Sign in")).to_be_visible()
    page.frames[1].evaluate("window.open = () => null")
    frame.locator("#open-window").click()
    expect(frame.get_by_text("The browser blocked the window.")).to_be_visible()
    with page.context.expect_page() as opened:
        frame.get_by_role("link", name="Open in a new tab").click()
    tab = opened.value
    expect(tab.get_by_role("heading", name="Who signs in?")).to_be_visible()
    tab.evaluate("window.opener = null")
    pick(tab)
    expect(tab.get_by_text("Continue on the page that you came from.")).to_be_visible()
    expect(tab.locator("code")).to_have_count(0)  # the frame had vouched for the tab: nothing to type
    expect(frame.get_by_role("button", name="Sign out")).to_be_visible()
    expect(frame.locator("#q")).to_have_value("worker")


def test_a_tab_that_nobody_vouches_for_shows_a_code(visit):
    page, frame = visit()
    address = frame.locator("#open-window").get_attribute("href")
    tab = page.context.new_page()
    tab.goto(page.frames[1].url.split("/signin")[0] + address)
    tab.get_by_role("link", name="Continue").click()
    pick(tab)
    code = tab.locator("main code").inner_text()
    expect(frame.get_by_text("Type the code that the other window shows.")).to_be_visible()
    frame.get_by_label("Code from the other window").fill(code.lower())
    frame.get_by_role("button", name="Continue").click()
    expect(frame.get_by_role("button", name="Sign out")).to_be_visible()


def test_messages_of_anybody_else_count_for_nothing(visit):
    """The portal itself cannot hand in a code; a frame beside the console cannot set its theme."""
    page, frame = visit()
    challenge = frame.locator("#frame-signin").get_attribute("data-challenge")
    page.evaluate(
        """challenge => {
          const console_ = document.getElementById("console").contentWindow;
          console_.postMessage({ type: "done", challenge, code: "00000-00000" }, "*");
          const beside = document.createElement("iframe");
          beside.srcdoc = "<script>for (const to of ['org-accounts-console']) parent.frames[0].postMessage({to, type: 'appearance', theme: 'light'}, '*'); parent.postMessage('sent', '*')</" + "script>";
          document.body.append(beside);
        }""",
        challenge,
    )
    page.wait_for_function("heard.some(([, said]) => said === 'sent')")
    page.get_by_label("Theme").first.select_option("dark")  # comes last, so what came before has been looked at
    expect(frame.locator("html")).to_have_attribute("data-theme", "dark")
    expect(frame.get_by_role("heading", name="Sign in")).to_be_visible()
    assert page.evaluate("heard.filter(([, said]) => said.type === 'ready').map(([, said]) => said.theme)") == [""]


def outcomes(frame):
    expect(frame.locator("[data-check=policy]")).not_to_have_attribute("data-outcome", "waiting")
    return {
        one.get_attribute("data-check"): one.get_attribute("data-outcome")
        for one in frame.locator("[data-check]").all()
    }


def test_the_self_test_inside_of_the_portal(visit, framed_console):
    page, frame = visit("/embed/check/")
    found = outcomes(frame)
    assert (found["framing"], found["cookies"], found["policy"]) == ("ok", "ok", "ok")
    assert found["partitioned"] == "own", "third-party cookies are blocked in this browser"
    with page.expect_popup():
        frame.get_by_role("button", name="Open a window").click()
    expect(frame.locator("[data-check=popup]")).to_have_attribute("data-outcome", "ok")
    expect(frame.locator("[data-portal]").first).to_have_text(page.url.split("/#")[0])
    assert violations(page.frames[1]) == []
    page.goto(f"{framed_console.url}/embed/check/")
    assert outcomes(page)["framing"] == "alone"


def test_same_site_needs_lax_cookies_and_says_so_elsewhere(whole_chromium, start_console, directory):
    """``same-site``: framed from its own site everything works; from another one the self-test names the mend."""
    port = processes.free_port()
    console = start_console("sqlite", **processes.portal_settings(port, mode="same-site"))
    portal = processes.start_portal(console.url, port=port)
    context = whole_chromium.new_context()
    page = context.new_page()
    page.set_default_timeout(20_000)
    frame = page.frame_locator("#console")
    try:
        page.goto(f"{portal.url.replace('localhost', '127.0.0.1')}/#{DEEP}")
        sign_in(page, frame)
        expect(frame.locator("#q")).to_have_value("worker")
        page.goto(f"{portal.url}/#/embed/check/")
        assert outcomes(frame)["cookies"] == "same-site"
        expect(frame.get_by_text("Operator: set CONSOLE_EMBED_MODE=cross-site")).to_be_visible()
    finally:
        context.close()
        portal.stop()


@pytest.mark.parametrize("mode", ["none", "cross-site"])
def test_framed_by_anybody_else_nothing_renders(
    whole_chromium, portal, framed_console, sqlite_console, directory, mode
):
    """Nobody lays a console under a page of theirs (clickjacking)."""
    console = framed_console if mode == "cross-site" else sqlite_console
    stranger = processes.start_portal(console.url)  # not listed: another port is another origin
    context = whole_chromium.new_context()
    page = context.new_page()
    page.set_default_timeout(20_000)
    try:
        for path in (
            "/",
            "/signout/",
            "/embed/check/",
            "/no/such/page",
            "/static/icon.svg",
            f"/signin/?next={quote(DEEP)}",
        ):
            page.goto("about:blank")
            with page.expect_console_message(lambda one: REFUSED.search(one.text)):
                page.goto(f"{stranger.url}/#{path}")
            page.frames[1].wait_for_url("chrome-error://**")
            assert "Org Accounts Console" not in page.frames[1].content(), path
    finally:
        context.close()
        stranger.stop()
