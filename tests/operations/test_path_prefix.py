"""The console below a path of a host with other applications, behind the shipped nginx, on a port of its own."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests import markup, proxies
from tests.operations.test_site import start
from tests.servers import Browser, form_of, outcome_of, text_of

PREFIX = "/tools/accounts-console"
PAGES = (
    "/", "/orgs/acme/accounts/", "/orgs/acme/accounts/assign/", "/orgs/acme/accounts/bulk/", "/orgs/acme/types/",
    "/orgs/acme/changes/", "/sessions/", "/embed/check/", "/no/such/page", "/orgs/nobody/accounts/",
)  # fmt: skip


@pytest.fixture(scope="module", params=["passes the path on", "strips the prefix"])
def deployed(request, start_console, provider, tmp_path_factory):
    """A console behind nginx; its address with the prefix."""
    console = start_console("sqlite", CONSOLE_PATH_PREFIX=PREFIX, TRUSTED_PROXY_COUNT="1")
    port = int(console.url.rsplit(":", 1)[1])
    folder = tmp_path_factory.mktemp("nginx")
    with proxies.run_nginx(folder, [port], prefix=PREFIX, strips=request.param.startswith("strips")) as url:
        provider.control(allow=f"{url}{PREFIX}")
        yield console, f"{url}{PREFIX}"


def addresses(page):
    """Return the paths of this host that a page names: links, forms, files, and what htmx fetches."""
    soup = markup.parse(page.text)
    names = ("href", "src", "action", "formaction", "hx-get", "hx-post", "data-matching", "data-seen", "data-src")
    found = {element[name] for name in names for element in soup.select(f"[{name}]")}
    found |= set(re.findall(r"""["'](/[a-z][\w./-]*/)["'?]""", page.text))
    return {one for one in found if one.startswith("/")}


def test_all_addresses_are_below_the_prefix(deployed, directory):
    _, url = deployed
    ada = Browser(url)
    assert ada.sign_in("ada").url == f"{url}/"
    seen = set()
    for path in PAGES:
        page = ada.get(path)
        assert page.status_code == (404 if path in PAGES[-2:] else 200), path
        seen |= addresses(page)
    assert len(seen) > 40
    assert {one for one in seen if not one.startswith(f"{PREFIX}/")} == set()
    files = sorted(one for one in seen if "/static/" in one)
    assert len(files) > 10
    for file in files:
        assert requests.get(f"{url.removesuffix(PREFIX)}{file}", timeout=20).status_code == 200, file


def test_sign_in_change_and_sign_out(deployed, directory):
    _, url = deployed
    ada = Browser(url)
    first = ada.get("/orgs/acme/accounts/?q=bo", follow=False)
    assert first.headers["Location"].startswith(f"{PREFIX}/signin/?next=%2Ftools%2Faccounts-console%2Forgs%2Facme")
    page = ada.get("/signin/", follow=False)
    asked = parse_qs(urlsplit(page.headers["Location"]).query)
    assert asked["redirect_uri"] == [f"{url}/signin/callback/"], "with the port that the browser uses"
    ada.sign_in("ada")
    assert {cookie.path for cookie in ada.session.cookies if cookie.name.startswith("console-")} == {"/"}
    path = f"/orgs/acme/accounts/{directory.person('worker')}/worker/status/"
    page = ada.post(path, {**ada.form(path, "/status/"), "status": "disabled"})
    assert outcome_of(page) == "applied", text_of(page)
    page = ada.post(path, {"status": "disabled"})
    assert page.status_code == 403
    out = ada.post("/signout/", form_of(ada.get("/"), "/signout/"), follow=False)
    assert parse_qs(urlsplit(out.headers["Location"]).query)["post_logout_redirect_uri"] == [f"{url}/signout/"]


def test_return_paths_stay_below_the_prefix(deployed):
    _, url = deployed
    for path in (
        "/other/",
        "/",
        f"{PREFIX}/../other/",
        f"{PREFIX}/%2e%2e/%2e%2e/other/",
        f"{PREFIX}x/",
        f"{PREFIX}\\..\\..",
    ):
        ada = Browser(url)
        page = ada.get(f"/signin/?next={requests.utils.quote(path, safe='')}")
        ada.session.post(page.url.split("?")[0], data={**form_of(page, "pick"), "person": "ada"}, timeout=60)
        assert ada.session.cookies, path
        landed = ada.session.get(page.url, timeout=60)
        assert "/other" not in landed.url, path


def test_probes_are_not_below_the_prefix(deployed):
    console, url = deployed
    for path in ("/healthz", "/readyz", "/metrics"):
        assert requests.get(f"{console.url}{path}", timeout=20).status_code == 200
        assert requests.get(f"{console.url}{PREFIX}{path}", timeout=20).status_code == 404
        assert requests.get(f"{url.removesuffix(PREFIX)}{path}", timeout=20).status_code == 404


def test_the_content_security_policy_and_the_static_files(deployed):
    _, url = deployed
    page = requests.get(f"{url}/signout/", timeout=20)
    assert "style-src 'self'" in page.headers["Content-Security-Policy"]
    assert "form-action 'self'" in page.headers["Content-Security-Policy"]
    assert requests.get(f"{url}/static/none.js", timeout=20).status_code == 404


WRONG = {
    "tools": "is not a path",
    "https://host.example/tools": "is not a path",
    "/tools//x": "is not a path",
    "/tools/../x": "is not a path",
    "/tools/%20x": "is not a path",
    "/to ols": "is not a path",
    "/t\u00f6ols": "is not a path",
    "/tools?x": "is not a path",
    "//evil.example": "is not a path",
    "/orgs": "/orgs is a path of the console itself",
    "/static/x": "/static is a path of the console itself",
}


def test_a_wrong_prefix_stops_the_start():
    for prefix, words in WRONG.items():
        result = start(CONSOLE_PATH_PREFIX=prefix)
        assert result.returncode != 0, prefix
        assert "CONSOLE_PATH_PREFIX: " in result.stderr
        assert words in result.stderr, prefix
        assert "for example: CONSOLE_PATH_PREFIX=/accounts-console" in result.stderr
        assert "Traceback" not in result.stderr
    for prefix in ("/", "/Tools/a_b.c~d-e/", ""):
        assert start(CONSOLE_PATH_PREFIX=prefix).returncode == 0, prefix


def test_the_doctor_expects_the_redirect_uri_with_the_prefix(sqlite_console, deployed):
    _, url = deployed
    for given in (url, url.removesuffix(PREFIX)):
        result = sqlite_console.manage("doctor", "--url", given, env={"CONSOLE_PATH_PREFIX": PREFIX})
        assert f"{url}/signin/callback/ is registered" in result.stdout
