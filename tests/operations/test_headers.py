"""The security headers of every kind of response: pages, errors, redirects, files."""

import base64
import hashlib
import re
from urllib.parse import urljoin

import pytest

from console.sandbox.processes import ROOT
from tests.operations import observatory
from tests.operations.test_hardening import ask

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Console": "1",
}
DOCUMENTS = {"Cross-Origin-Opener-Policy": "same-origin", "X-Frame-Options": "DENY"}
"""Headers that scripts and style sheets do not have, besides the two policies."""
POLICY = (
    "default-src 'none'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "object-src 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types default",
)


@pytest.fixture(scope="module")
def deployed(start_console):
    """A console behind a proxy that terminates TLS, with a provider on another machine."""
    return start_console(
        "sqlite", ALLOWED_HOSTS="console.example.org", TRUSTED_PROXY_COUNT="1", OIDC_ISSUER="https://login.example.org"
    )


def test_the_observatory_gives_140_points_and_an_a_plus(deployed):
    page = ask(deployed, "/signout/")
    preflight = ask(
        deployed, "/signout/", method="OPTIONS", Origin="https://x.example", Access_Control_Request_Method="GET"
    )
    total, points = observatory.score(page, preflight, ask(deployed, "/signout/", scheme="http"))
    assert (total >= 140, observatory.grade(total)) == (True, "A+"), points


ANSWERS = {
    "a page": (200, "/signout/", {}),
    "no page": (404, "/no/such/page", {}),
    "a fragment of no page": (404, "/no/such/page", {"HX_Request": "true"}),
    "another host": (400, "/signout/", {"host": "evil.example"}),
    "another method": (405, "/appearance/", {}),
    "no proof of the form": (403, "/appearance/", {"method": "POST"}),
    "on to sign-in": (302, "/orgs/acme/accounts/", {}),
    "on to HTTPS": (301, "/signout/", {"scheme": "http"}),
    "a wrong callback": (400, "/signin/callback/?state=x", {}),
    "a provider that is gone": (503, "/signin/", {}),
    "for probes": (200, "/healthz", {}),
    "a style sheet": (200, "/static/css/base.css", {}),
    "a script": (200, "/static/js/core/trusted_types.js", {}),
    "a drawing": (200, "/static/icon.svg", {}),
    "no file": (404, "/static/none.js", {}),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_every_answer(deployed, name):
    status, path, how = ANSWERS[name]
    answer = ask(deployed, path, **how)
    assert answer.status == status
    if answer.getheader("Content-Type", "").startswith(("text/javascript", "text/css")) and status == 200:
        names = (*DOCUMENTS, "Content-Security-Policy", "Permissions-Policy")
        assert [name for name in names if answer.getheader(name)] == []
    else:
        policy = answer.getheader("Content-Security-Policy")
        assert [part for part in POLICY if part not in policy] == []
        assert "unsafe" not in policy
        assert {name: answer.getheader(name) for name in DOCUMENTS} == DOCUMENTS
        assert "camera=()" in answer.getheader("Permissions-Policy")
    assert {header: answer.getheader(header) for header in ALWAYS} == ALWAYS
    assert answer.getheader("Strict-Transport-Security") == (None if how.get("scheme") else "max-age=31536000")
    assert answer.getheader("Server") in (None, "gunicorn"), "and says nothing of versions"
    kept = answer.getheader("Cache-Control")
    assert ("max-age" in kept) if path.startswith("/static/") and status == 200 else (kept == "no-store")


def test_pages_with_data_are_not_cached(sqlite_console, sign_in, directory):
    ada = sign_in(sqlite_console, "ada")
    subject = directory.person("worker")
    for path in ("accounts/", "accounts/export.csv", f"users/{subject}/", "changes/", "changes/export.jsonl", "types/"):
        assert ada.get(f"/orgs/acme/{path}").headers["Cache-Control"] == "no-store", path
    assert ada.get("/orgs/acme/accounts/", htmx=True).headers["Cache-Control"] == "no-store"


def test_scripts_run_by_nonce_and_hash_only(deployed):
    first, second = ask(deployed, "/signout/"), ask(deployed, "/signout/")
    nonces = [re.findall(r"'nonce-([^']+)'", page.getheader("Content-Security-Policy")) for page in (first, second)]
    assert len(nonces[0]) == len(nonces[1]) == 1
    assert nonces[0] != nonces[1]
    assert f"script-src 'nonce-{nonces[0][0]}'" in first.getheader("Content-Security-Policy").split("; ")
    tags = re.findall(r"<(?:script|link rel=\"(?:stylesheet|modulepreload)\")[^>]*>", first.text)
    assert len(tags) > 8
    for tag in tags:
        assert tag.startswith("<link") or f'nonce="{nonces[0][0]}"' in tag
        file = re.search(r'(?:src|href)="([^"]+)"', tag).group(1)
        body = ask(deployed, file).text.encode()
        digest = base64.b64encode(hashlib.sha384(body).digest()).decode()
        assert f'integrity="sha384-{digest}"' in tag, file


def test_what_scripts_import_is_loaded_with_its_hash(deployed):
    """``import`` names no hash: the page loads such a module beforehand, by the very address that scripts import."""
    page = ask(deployed, "/signout/").text
    loaded = re.findall(r'<link rel="modulepreload" href="([^"]+)" integrity="sha384-[^"]+" nonce="[^"]+">', page)
    imported, pending = set(), re.findall(r'<script src="([^"]+)"', page)
    while pending:
        script = pending.pop()
        names = re.findall(r'^import .* from "([^"]+)";$', ask(deployed, script).text, re.MULTILINE)
        found = {urljoin(script, name) for name in names} - imported  # a module may import others
        imported |= found
        pending += found
    assert imported == set(loaded) != set()


def test_no_template_writes_a_script_by_hand():
    """A script without ``script()`` has no nonce, so browsers block it."""
    for path in (ROOT / "templates").rglob("*.html"):
        assert not re.search(r"""<script|<style|\son[a-z]+=["']""", path.read_text()), path


@pytest.fixture(scope="module")
def cross_site(start_console):
    return start_console(
        "sqlite",
        ALLOWED_HOSTS="console.example.org",
        TRUSTED_PROXY_COUNT="1",
        CONSOLE_EMBED_MODE="cross-site",
        CONSOLE_EMBED_ORIGINS="https://portal.example.net",
    )


def test_cookies_of_a_frame_on_another_site(cross_site):
    page = ask(cross_site, "/embed/check/")
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text).group(1)
    jar = "; ".join(one.split(";")[0] for one in page.headers.get_all("Set-Cookie"))
    body = f"csrfmiddlewaretoken={token}&theme=dark&language=en"
    chosen = ask(
        cross_site, "/appearance/", method="POST", body=body, Cookie=jar, Origin="https://console.example.org",
        Content_Type="application/x-www-form-urlencoded",
    )  # fmt: skip
    started = [ask(cross_site, "/signin/"), ask(cross_site, "/signin/", Sec_Fetch_Dest="iframe")]
    cookies = [one for answer in (page, chosen, *started) for one in answer.headers.get_all("Set-Cookie") or []]
    found = {one.split("=")[0]: {part.strip() for part in one.split(";")[1:]} for one in cookies}
    assert {f"__Host-console-{one}" for one in ("csrf", "session", "theme", "language", "check")} <= set(found)
    for name, attributes in found.items():
        # A sign-in begins and ends in a window of its own, never in a frame.
        same_site = "Lax" if name.startswith("__Host-console-browser-") else "None"
        assert {"Secure", "HttpOnly", f"SameSite={same_site}", "Path=/"} <= attributes, name
        assert ("Partitioned" in attributes) is (name != "__Host-console-check-plain"), name
    assert "Path=/; SameSite=None; Secure; Partitioned" in page.text, "and the one that a script of ours writes"


def test_only_listed_origins_may_frame(cross_site):
    page = ask(cross_site, "/embed/check/")
    assert "frame-ancestors 'self' https://portal.example.net;" in page.getheader("Content-Security-Policy")
    assert page.getheader("X-Frame-Options") is None
