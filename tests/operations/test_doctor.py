"""``manage.py doctor`` on a real deployment, intact and with each part broken; and what ``check --deploy`` reports of it."""

import json
import re
import sqlite3
import time
from email.utils import formatdate
from urllib.parse import parse_qs, urlsplit

import pytest

from console.sandbox.processes import ROOT
from tests.faults.fleet import wait_until
from tests.servers import REDIS
from tests.signin.hostile_provider import SHORT_KEY, HostileProvider, public


def doctor(console, *args, **env):
    """Return the exit code, and level, message and fix of each check's findings."""
    result = console.manage("doctor", "--json", *args, env=env)
    findings = {}
    for finding in json.loads(result.stdout)["findings"]:
        findings.setdefault(finding["check"], []).append((finding["level"], finding["message"], finding["fix"]))
    return result.returncode, findings


def levels(found):
    return {check: sorted({level for level, _, _ in findings}) for check, findings in found.items()}


def test_an_intact_deployment(sqlite_console, start_worker):
    start_worker(sqlite_console)
    wait_until(lambda: levels(doctor(sqlite_console)[1])["worker"] == ["ok"], "the worker reports")
    code, found = doctor(sqlite_console, "--url", sqlite_console.url)
    bad = {part: findings for part, findings in found.items() if part != "settings" and findings[0][0] != "ok"}
    assert bad == {}
    assert list(found) == [
        "settings", "provider", "keys", "client", "redirect URI", "sign-out", "refresh token", "time", "database",
        "cache", "log", "directory", "worker",
    ]  # fmt: skip
    assert any("OIDC_ISSUER is an http:// address" in what for _, what, _ in found["settings"]), "a sandbox is no place"
    assert code == 1


def test_several_parts_broken_at_once(sqlite_console):
    code, found = doctor(
        sqlite_console,
        "--url",
        "https://elsewhere.example.org",
        OIDC_CLIENT_SECRET="another-secret-0123456789",
        CACHE_URL="redis://127.0.0.1:9",
        DIRECTORY_API_URL=sqlite_console.server.env["OIDC_ISSUER"],
        DATABASE_URL="sqlite:////nowhere/console.sqlite3",
    )
    assert code == 1
    told = levels(found)
    assert [told[part] for part in ("provider", "keys")] == [["ok"], ["ok"]]
    [(level, message, fix)] = found["redirect URI"]
    assert level == "warning", "an error page can have other reasons"
    assert message.startswith("cannot tell whether the redirect URI is registered: the provider answers ")
    assert "https://elsewhere.example.org/signin/callback/" in fix
    for part, word in {
        "client": "invalid_client",
        "cache": "127.0.0.1:9",
        "database": "unable to open database file",
        "log": "unable to open database file",
        "directory": "answers 404 instead of asking for a token",
    }.items():
        [(level, message, fix)] = found[part]
        assert level == "error", part
        assert word in message
        assert fix, part


@pytest.fixture
def skewed(sqlite_console, tmp_path):
    """A provider that is five minutes ahead, with a weak key and other claims, and a database without a trigger."""
    provider = HostileProvider()
    ahead = formatdate(time.time() + 300, usegmt=True)
    provider.server.RequestHandlerClass.date_time_string = lambda *_: ahead
    provider.answers["/.well-known/openid-configuration"] = provider.discovery(claims_supported=["sub", "email"])
    provider.answers["/jwks"] = {"keys": [public(SHORT_KEY)]}
    database = tmp_path / "console.sqlite3"
    source = sqlite3.connect(sqlite_console.server.env["DATABASE_URL"].removeprefix("sqlite:///"))
    copy = sqlite3.connect(database)
    source.backup(copy)
    copy.execute("DROP TRIGGER changes_event_kept")
    copy.commit()
    source.close()
    copy.close()
    yield {"OIDC_ISSUER": provider.issuer, "DATABASE_URL": f"sqlite:///{database}"}
    provider.server.shutdown()
    provider.server.server_close()


def test_a_clock_keys_claims_and_a_trigger(sqlite_console, skewed):
    code, found = doctor(sqlite_console, **skewed)
    assert code == 1
    told = {part: " ".join(what for _, what, _ in findings) for part, findings in found.items()}
    assert re.search(
        r"the clock of the provider is \d+ seconds ahead: past 30 seconds tokens are rejected", told["time"]
    )
    assert "none of the provider's 1 keys" in told["keys"]
    assert "use the claims groups, which the provider does not list" in told["provider"]
    assert "changes_event_kept is missing" in told["log"]
    assert levels(found)["client"] == ["error"], "a token for a made-up code"

    checked = sqlite_console.manage("check", "--deploy", env=skewed)
    assert checked.returncode == 1
    for name in ("console.E021", "console.W022", "console.E023"):
        assert name in checked.stderr


class ProviderWithPages(HostileProvider):
    """Answers with pages: an error for ``prompt=none`` and for an address that is not registered, else to sign in."""

    registered = ""

    def answer(self, handler):
        address = urlsplit(handler.path)
        if address.path == "/authorize":
            query = {name: values[0] for name, values in parse_qs(address.query).items()}
            is_known = self.registered in ("", query["redirect_uri"])
            status = 400 if query.get("prompt") == "none" or not is_known else 200
            self.answers[handler.path] = (status, {"Content-Type": "text/html"}, b"<h1>redirect_uri</h1>")
        super().answer(handler)


REDIRECTS = {
    "registered": ("https://console.example.org/signin/callback/", "ok", "refuses another address, and not this one"),
    "not registered": ("https://other.example.org/signin/callback/", "warning", "cannot tell"),
    "every address looks the same": ("", "warning", "cannot tell"),
}


@pytest.mark.parametrize("name", REDIRECTS)
def test_a_provider_that_dislikes_a_request_without_a_person(sqlite_console, name):
    registered, level, words = REDIRECTS[name]
    provider = ProviderWithPages()
    provider.registered = registered
    _, found = doctor(sqlite_console, "--url", "https://console.example.org", OIDC_ISSUER=provider.issuer)
    provider.server.shutdown()
    provider.server.server_close()
    [(told, message, _)] = found["redirect URI"]
    assert told == level
    assert words in message


def test_the_table_has_marks_and_next_steps(sqlite_console):
    env = {"OIDC_ISSUER": "http://127.0.0.1:9", "CACHE_URL": REDIS}
    result = sqlite_console.manage("doctor", "--no-color", env=env)
    assert "✗ provider      The service refused the connection\n" in result.stdout
    assert "→ Correct OIDC_ISSUER, or let this machine reach the provider.\n" in result.stdout
    assert "✓ database      sqlite answers, with the newest schema\n" in result.stdout
    assert "findings are errors" in result.stderr
    for name in ("OIDC_CLIENT_SECRET", "SECRET_KEY", "TOKEN_ENCRYPTION_KEYS", "AUDIT_SIGNING_KEY"):
        assert sqlite_console.server.env[name] not in result.stdout + result.stderr


def test_sessions_in_cookies_are_refused(sqlite_console, tmp_path):
    settings = tmp_path / "cookie_settings.py"
    settings.write_text(
        "from console.settings import *\nSESSION_ENGINE = 'django.contrib.sessions.backends.signed_cookies'\n"
    )
    env = {"DJANGO_SETTINGS_MODULE": "cookie_settings", "PYTHONPATH": f"{tmp_path}:{ROOT}"}
    result = sqlite_console.manage("check", "--deploy", env=env)
    assert "console.E019" in result.stderr
