"""Sign-in against a certified provider that is none of ours: the npm package oidc-provider."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from console.sandbox.processes import free_port, read_keys
from tests import markup
from tests.conftest import unavailable
from tests.servers import Browser, text_of

PEER = Path(__file__).parent / "peer"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    if shutil.which("npm") is None:
        unavailable("npm")
    folder = tmp_path_factory.mktemp("peer")
    for name in ("package.json", "package-lock.json", "server.mjs"):
        shutil.copy(PEER / name, folder)
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=folder, check=True, timeout=300)
    return folder


@pytest.fixture(scope="module")
def peer_console(installed, state, start_console, directory_server):
    """A console at the peer. The peer knows the console's address beforehand, and the console the peer's."""
    port, home = free_port(), free_port()
    secret = read_keys(state)["OIDC_CLIENT_SECRET"]
    command = ["node", "server.mjs", str(port), f"http://127.0.0.1:{home}", secret]
    process = subprocess.Popen(command, cwd=installed, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout.readline().strip() == b"ready"
    yield start_console("sqlite", port=home, OIDC_ISSUER=f"http://127.0.0.1:{port}")
    process.terminate()
    process.wait(10)
    process.stdout.close()


def sign_in_at_peer(console, browser):
    """Sign in and consent on the peer's own pages."""
    page = browser.get("/signin/")
    for _ in range(6):
        if page.url.startswith(console.url):
            break
        form = markup.parse(page.text).select_one("form")
        fields = {field["name"]: field.get("value", "") for field in form.select("input") if field.get("name")}
        if "login" in fields:
            fields |= {"login": "petra", "password": "any"}
        page = browser.session.post(form["action"], data=fields, timeout=30)
    return page


def sign_out_at_peer(browser, page):
    """Confirm on the peer's own page."""
    form = markup.parse(page.text).select_one("form")
    fields = {field["name"]: field.get("value", "") for field in form.select("input") if field.get("name")}
    return browser.session.post(form["action"], data={**fields, "logout": "yes"}, timeout=30)


def test_sign_in_refresh_and_sign_out(peer_console):
    browser = Browser(peer_console.url)
    page = sign_in_at_peer(peer_console, browser)
    assert page.status_code == 200, page.text
    assert "Peer petra" in text_of(page)

    first = page.text
    assert "Acme GmbH" in first

    # Its access tokens end within the margin, so each visit that needs one refreshes it, with rotation.
    log_before = peer_console.log().count("GET /orgs/acme/types/")
    for _ in range(2):
        page = browser.get("/orgs/acme/types/")
        assert page.status_code == 502, "the sandbox's directory does not know the peer's tokens, and says so"
        assert "does not accept your sign-in" in text_of(page)
    assert peer_console.log().count("GET /orgs/acme/types/") == log_before + 2
    assert browser.get("/").status_code == 200, "refreshing kept the session"

    page = browser.post("/signout/", browser.form("/", "/signout/"))
    if not page.url.startswith(peer_console.url):
        page = sign_out_at_peer(browser, page)
    assert "You are signed out" in text_of(page)
    assert re.search(r"/pick/|interaction", browser.get("/signin/").url)


def test_signing_out_at_the_peer_ends_the_session_here(peer_console):
    """The peer sends its logout token by back-channel logout; nobody tells this browser."""
    browser = Browser(peer_console.url)
    page = sign_in_at_peer(peer_console, browser)
    assert "Peer petra" in text_of(page)
    assert browser.get("/sessions/", follow=False).status_code == 200
    issuer = peer_console.server.env["OIDC_ISSUER"]
    sign_out_at_peer(browser, browser.session.get(f"{issuer}/session/end", timeout=30))
    assert "POST /signin/backchannel-logout/" in peer_console.log()
    assert browser.get("/sessions/", follow=False).status_code == 302
