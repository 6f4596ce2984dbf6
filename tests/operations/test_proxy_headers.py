"""What the console makes of ``Host`` and of the headers that reverse proxies add, over HTTP."""

import json
import socket

import pytest

from tests.operations.test_hardening import ask
from tests.servers import Browser, text_of

PROBES = {"/healthz": 200, "/readyz": 200, "/metrics": 200}
HOSTS = ("10.0.0.7:8000", "[fd00::7]:8000", "console-7f9c.svc.cluster.local", "any_name", "evil.example", "a b", "\xe9")


@pytest.fixture(scope="module")
def deployed(start_console):
    """A console under a name of its own; probes do not know it."""
    return start_console("sqlite", ALLOWED_HOSTS="console.example.org", TRUSTED_PROXY_COUNT="1")


def raw(console, request):
    with socket.create_connection(("127.0.0.1", int(console.url.rsplit(":", 1)[1])), 20) as connection:
        connection.sendall(request.encode("latin-1"))
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize("path", PROBES)
def test_probes_are_answered_under_any_host(deployed, path):
    before = len(deployed.log())
    for host in HOSTS:
        answer = raw(deployed, f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 %d " % PROBES[path]), (host, answer[:300])
    lines = deployed.log()[before:].splitlines()
    assert len([line for line in lines if path in line]) == len(HOSTS) == len(lines), lines


def test_a_probe_without_a_host(deployed):
    assert b" 200 OK" in raw(deployed, "GET /healthz HTTP/1.0\r\n\r\n")


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("path", ["/", "/signout/", "/healthz/", "/static/css/base.css", "/orgs/acme/accounts/"])
def test_pages_are_not_served_under_another_host(deployed, path, scheme):
    before = len(deployed.log())
    page = ask(deployed, path, host="evil.example", scheme=scheme)
    assert page.status == 400
    assert 'data-code="wrong_host"' in page.text
    assert page.getheader("Location") is None
    lines = deployed.log()[before:].splitlines()
    assert len([line for line in lines if "'evil.example' is not in ALLOWED_HOSTS" in line]) == 1
    assert len(lines) == 2, "and its line of the access log"


def test_a_wrong_host_is_explained_in_the_readers_language(deployed):
    page = ask(deployed, "/", host="evil.example", Accept_Language="de")
    assert "unter diesem Hostnamen" in page.text


RECORDED = {
    "X-Forwarded-For": {
        "6.6.6.6, 203.0.113.9": "203.0.113.9",
        "203.0.113.9:4711": "203.0.113.9",
        "[2001:db8::7]:443": "2001:db8::7",
        '"[2001:DB8::7]"': "2001:db8::7",
        "": "",
        "garbage": "",
    },
    "Forwarded": {
        "for=6.6.6.6, for=203.0.113.9;proto=http": "203.0.113.9",
        'for="[2001:db8::7]:4711"': "2001:db8::7",
        'for="6.6.6.6, for=203.0.113.9': "",
        "for=unknown": "",
        "": "",
    },
}


@pytest.mark.parametrize("header", RECORDED)
def test_the_recorded_address_is_the_admins_or_empty(start_console, directory, header):
    console = start_console("sqlite", TRUSTED_PROXY_COUNT="1", TRUSTED_PROXY_HEADER=header)
    other = next(name for name in RECORDED if name != header)
    browser = Browser(console.url)
    browser.sign_in("ada")
    browser.session.headers[other] = "for=6.6.6.6" if other == "Forwarded" else "6.6.6.6"  # passes nginx unchanged
    for value, address in RECORDED[header].items():
        path = f"/orgs/acme/accounts/{directory.person('worker')}/worker/status/"
        form = {**browser.form(path), "status": "disabled"}
        page = browser.post(path, form, **({header: value} if value else {}))
        assert 'data-outcome="applied"' in page.text, text_of(page)
        last = browser.get("/orgs/acme/changes/export.jsonl").text.splitlines()[-1]
        assert json.loads(last)["ip"] == address, value
    assert console.log().count("is absent. Such requests") == 1
    assert console.log().count("This is logged once") == 2, "and once what cannot be read"


def test_the_scheme_may_come_from_forwarded(start_console):
    console = start_console(
        "sqlite", ALLOWED_HOSTS="console.example.org", TRUSTED_PROXY_COUNT="1", TRUSTED_PROXY_HEADER="Forwarded"
    )
    assert ask(console, "/signout/", scheme="", Forwarded="for=203.0.113.9;proto=https").status == 200
    for forwarded in ("for=203.0.113.9;proto=http", 'for=203.0.113.9;proto="https', "proto=https, for=203.0.113.9"):
        assert ask(console, "/signout/", scheme="", Forwarded=forwarded).status == 301, forwarded
