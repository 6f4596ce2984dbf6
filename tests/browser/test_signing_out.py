"""Signing out leaves the page with data, whatever keeps the browser from the provider's pages."""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PATIENCE
from tests.signin.conftest import forget_metadata
from tests.signin.ended_sessions import rows
from tests.signin.hostile_provider import DISCOVERY, HostileProvider


class RedirectingProvider(HostileProvider):
    """Signs everybody in at once. Its logout leads on to ``next_logout``, or nowhere."""

    next_logout = ""
    login_page = ""

    def answer(self, handler):
        address = urlsplit(handler.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        if address.path == "/authorize" and self.login_page:
            self.answers[handler.path] = (302, {"Location": self.login_page}, b"")
        elif address.path == "/authorize":
            self.nonce = query["nonce"]
            sent = urlencode({"code": "c", "state": query["state"], "iss": self.issuer})
            self.answers[handler.path] = (302, {"Location": f"{query['redirect_uri']}?{sent}"}, b"")
        elif address.path == "/logout":
            self.answers[handler.path] = (302, {"Location": self.next_logout or query["post_logout_redirect_uri"]}, b"")
        super().answer(handler)


@pytest.fixture(scope="module")
def leading_away():
    provider = RedirectingProvider()
    yield provider
    provider.server.shutdown()
    provider.server.server_close()


@pytest.fixture(scope="module")
def console_away(start_console, leading_away):
    return start_console("sqlite", OIDC_ISSUER=leading_away.issuer)


HOSTS = {
    "comes back": "",
    "a host that the policy does not name": "http://localhost:{port}/elsewhere",
    "nobody answers": "http://127.0.0.1:9/",
}


@pytest.mark.parametrize("name", HOSTS)
@pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without scripts"])
def test_no_data_stays(chromium, console_away, leading_away, directory, name, javascript):
    leading_away.behave()
    port = urlsplit(leading_away.issuer).port
    leading_away.next_logout = HOSTS[name].format(port=port)
    leading_away.answers[DISCOVERY] = leading_away.discovery(end_session_endpoint=f"{leading_away.issuer}/logout")
    leading_away.answers["/elsewhere"] = (200, {"Content-Type": "text/html"}, b"<h1>Signed out at the provider</h1>")
    forget_metadata()
    context = chromium.new_context(base_url=console_away.url, java_script_enabled=javascript)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto("/orgs/acme/changes/")
    data = page.get_by_role("heading", name="Change log")
    expect(data).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(lambda url: "/orgs/" not in url, wait_until="commit")
    expect(data).to_have_count(0)
    context.close()


def test_a_form_of_an_ended_session_reaches_a_login_page_on_another_host(
    chromium, start_console, leading_away, directory
):
    """Chromium applies ``form-action`` to each redirect: the operator names the host of the login page."""
    leading_away.behave()
    port = urlsplit(leading_away.issuer).port
    forget_metadata()
    console = start_console(
        "sqlite", OIDC_ISSUER=leading_away.issuer, OIDC_LOGIN_ORIGINS=f"http://localhost:{port}", SESSION_MAX_HOURS="1"
    )
    contexts = [chromium.new_context(base_url=console.url, java_script_enabled=False) for _ in range(2)]
    for context in contexts:
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto("/sessions/")
        expect(page.get_by_role("heading", name="Your sessions")).to_be_visible()
    rows(console, "UPDATE signin_session SET ended_at = datetime('now'), secret = ''")
    leading_away.login_page = f"http://localhost:{port}/elsewhere"
    leading_away.answers["/elsewhere"] = (200, {"Content-Type": "text/html"}, b"<h1>Sign in here</h1>")
    page.get_by_role("button", name="End all other sessions").click()
    expect(page.get_by_role("heading", name="Sign in here")).to_be_visible()
    leading_away.login_page = ""
    for context in contexts:
        context.close()
