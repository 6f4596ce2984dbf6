"""Health, metrics, settings that stop the start, deployment checks, secrets."""

import json
import os
import re
import subprocess
import sys

import pytest
import requests

from console.sandbox.processes import ROOT
from tests.servers import REDIS


def test_health_and_readiness(sqlite_console):
    assert requests.get(f"{sqlite_console.url}/healthz", timeout=20).text == "ok\n"
    page = requests.get(f"{sqlite_console.url}/readyz", timeout=20)
    assert page.status_code == 200
    assert page.json() == {"ready": True, "parts": {"database": "up", "cache": "up", "provider": "up"}}


def test_readiness_names_what_is_down(start_console, directory):
    console = start_console("sqlite", OIDC_ISSUER="http://127.0.0.1:9")
    page = requests.get(f"{console.url}/readyz", timeout=20)
    assert page.status_code == 503
    assert page.json()["parts"] == {"database": "up", "cache": "up", "provider": "down"}


def test_metrics(sqlite_console, sign_in):
    sign_in(sqlite_console, "ada").get("/orgs/acme/accounts/")
    page = requests.get(f"{sqlite_console.url}/metrics", timeout=20)
    assert 'http_requests_total{method="GET",route="orgs/<str:org>/accounts/",status="200"}' in page.text
    stranger = requests.get(f"{sqlite_console.url}/metrics", headers={"X-Forwarded-For": "203.0.113.9"}, timeout=20)
    assert stranger.status_code == 403


def test_the_browsers_address_behind_a_proxy(start_console, sign_in, directory):
    console = start_console("sqlite", TRUSTED_PROXY_COUNT="1")
    browser = sign_in(console, "ada")
    subject = directory.person("worker")
    path = f"/orgs/acme/accounts/{subject}/worker/status/"
    browser.session.headers["X-Forwarded-For"] = "6.6.6.6, 203.0.113.9"
    browser.post(path, {**browser.form(path), "status": "expired"})
    [first, *_] = browser.get("/orgs/acme/changes/export.jsonl").text.splitlines()
    assert json.loads(first)["ip"] == "203.0.113.9"


def start(**changed):
    """Run ``manage.py check`` with these settings changed (``None``: unset)."""
    env = {**_environment(), **changed}
    return subprocess.run(
        [sys.executable, "manage.py", "check", *(["--deploy"] if changed.get("_deploy") else [])],
        env={name: value for name, value in env.items() if value is not None and not name.startswith("_")},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def _environment():
    script = "set -a; . .ci/environment; env -0"
    found = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    kept = dict(pair.split("=", 1) for pair in found.split("\0") if pair)
    kept = {name: kept[name] for name in kept if name not in os.environ or name in ("PATH", "HOME")}
    return {**kept, "OIDC_ISSUER": "https://127.0.0.1:9"}  # nobody there: said at once


REQUIRED = [
    "SECRET_KEY",
    "ALLOWED_HOSTS",
    "OIDC_ISSUER",
    "OIDC_CLIENT_ID",
    "OIDC_CLIENT_SECRET",
    "DIRECTORY_API_URL",
    "CONSOLE_ORGANIZATIONS",
    "TOKEN_ENCRYPTION_KEYS",
    "AUDIT_SIGNING_KEY",
    "AUDIT_LOG_ORIGIN",
]


@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_setting_stops_the_start(name):
    result = start(**{name: None})
    assert result.returncode != 0
    assert result.stderr.startswith(f"{name} is not set. Set it in the environment, for example: {name}=")


WRONG = {
    "http to the world": ({"DIRECTORY_API_URL": "http://directory.example.org"}, "only for a loopback address"),
    "no address": ({"OIDC_ISSUER": "login"}, "not an absolute URL"),
    "no JSON": ({"CONSOLE_ORGANIZATIONS": "{"}, "not JSON"),
    "an empty gate": ({"CONSOLE_ORGANIZATIONS": "{}"}, "without a rule, nobody has access"),
    "a rule for nobody": ({"CONSOLE_ORGANIZATIONS": '{"acme": {}}'}, "nobody has access"),
    "an odd field": ({"CONSOLE_ORGANIZATIONS": '{"acme": {"admin": {}}}'}, "unknown field 'admin'"),
    "a short client secret": ({"OIDC_CLIENT_SECRET": "fifteen-letters"}, "16 are required"),
    "no Fernet key": ({"TOKEN_ENCRYPTION_KEYS": "abc"}, "not a Fernet key"),
    "no Ed25519 key": ({"AUDIT_SIGNING_KEY": "abc"}, "not the base64"),
    "an origin that is an address": ({"AUDIT_LOG_ORIGIN": "https://console.example.org"}, "without https://"),
    "no number": ({"DIRECTORY_TIMEOUT": "soon"}, "from 0.1 to 300; for example: DIRECTORY_TIMEOUT=10"),
    "half a proxy": ({"TRUSTED_PROXY_COUNT": "1.5"}, "not a whole number; for example: TRUSTED_PROXY_COUNT=0"),
    "a number of workers": ({"WEB_CONCURRENCY": "abc"}, "WEB_CONCURRENCY='abc' is not a number from 1"),
    "no worker": ({"WEB_CONCURRENCY": "0"}, "WEB_CONCURRENCY='0' is not a number from 1"),
    "half a worker": ({"WEB_CONCURRENCY": "2.5"}, "not a whole number; for example: WEB_CONCURRENCY=1"),
    "no switch": ({"DEBUG": "yep"}, "DEBUG='yep' is neither on nor off; for example: DEBUG=on"),
    "a host with a scheme": ({"ALLOWED_HOSTS": "https://console.example.org"}, "for example: ALLOWED_HOSTS=console"),
    "no proxy header": ({"TRUSTED_PROXY_HEADER": "X-Real-IP"}, "for example: TRUSTED_PROXY_HEADER=X-Forwarded-For"),
    "no origin": ({"CSRF_TRUSTED_ORIGINS": "console.example.org"}, "for example: CSRF_TRUSTED_ORIGINS=https://"),
    "a file that is missing": (
        {"METRICS_TOKEN_FILE": "/nowhere"},
        "METRICS_TOKEN_FILE=/nowhere cannot be read (No such",
    ),
    "a folder": ({"METRICS_TOKEN_FILE": "/etc"}, "cannot be read (Is a directory); for example: METRICS_TOKEN_FILE=/"),
    "no host at all": ({"ALLOWED_HOSTS": ","}, "has no host name; for example: ALLOWED_HOSTS=console.example.org"),
    "no host of Redis": ({"CACHE_URL": "rediss://"}, "CACHE_URL: no host; for example: CACHE_URL=redis://"),
    "a misspelt mode": ({"DATABASE_URL": "postgres://a@b/c?sslmode=verify"}, "for example: ?sslmode=verify-full"),
    "no network": ({"METRICS_NETWORKS": "10.0.0.1/8"}, "for example: METRICS_NETWORKS=10.20.0.0/16"),
    "no mode": ({"CONSOLE_EMBED_MODE": "all"}, "not one of"),
    "a wide origin": ({"CONSOLE_EMBED_ORIGINS": "https://a.example; script-src *"}, "not an origin"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_setting_stops_the_start(name):
    changed, said = WRONG[name]
    result = start(**changed)
    assert result.returncode != 0
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_a_secret_from_a_file(tmp_path):
    path = tmp_path / "secret"
    path.write_text("x" * 20 + "0123456789-abcdefghijklmnopqrstuvwxyz")
    assert start(SECRET_KEY=None, SECRET_KEY_FILE=str(path)).returncode == 0


DEPLOY = {
    "E001": {"SECRET_KEY": "short"},
    "E002": {"OIDC_CLIENT_SECRET": "iWhKmIjM9Cl6xRhP2CZTh3uEgIcLAYqBIvHZuKFPGuk="},
    "E003": {"DEBUG": "true"},
    "E004": {"OIDC_ISSUER": "http://127.0.0.1:8001"},
    "E005": {"DIRECTORY_API_URL": "http://127.0.0.1:8002"},
    "E006": {"ALLOWED_HOSTS": "*"},
    "E007": {"CSRF_TRUSTED_ORIGINS": "https://*.example.org"},
    "E008": {"CONSOLE_EMBED_MODE": "same-site"},
    "E009": {"CONSOLE_EMBED_MODE": "same-site", "CONSOLE_EMBED_ORIGINS": "https://*.example.org"},
    "E010": {"WEB_CONCURRENCY": "3"},
    "E015": {"METRICS_TOKEN": "short"},
    "E018": {"AUDIT_SIGNING_KEY": "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE="},
    "E022": {"CONSOLE_ORGANIZATIONS": '{"acme": {"admins": {"email_verified": ["true"], "aud": ["console"]}}}'},
}


def found(result):
    """Return the ids of the project's errors, each of which must have a hint."""
    return set(re.findall(r"\(console\.(E\d+)\) [^\n]+\n\tHINT: \S", result.stderr))


def test_deployment_checks():
    """As many settings as possible are wrong together, so that no error hides another."""
    for left_out in ("E009", "E008"):  # of these two one at a time
        changed = {name: value for key, env in DEPLOY.items() if key != left_out for name, value in env.items()}
        result = start(_deploy="yes", **changed)
        assert result.returncode != 0
        assert found(result) == set(DEPLOY) - {left_out}


@pytest.mark.parametrize(
    ("url", "is_refused"),
    [
        ("redis://cache.example.org:6379/0", True),
        ("rediss://cache.example.org:6379/0", True),
        ("redis://192.0.2.1:6379", True),
        ("rediss://:secret@cache.example.org:6379/0", False),
        ("redis://127.0.0.1:6379/0", False),
        ("redis://[::1]:6379/0", False),
        ("redis://localhost", False),
    ],
)
def test_redis_without_a_password_is_refused_beyond_this_machine(url, is_refused):
    assert ("E029" in found(start(_deploy="yes", CACHE_URL=url))) == is_refused


def test_a_collector_without_the_packages_for_it_is_named(tmp_path):
    without_sdk = "import sys; sys.modules['opentelemetry.sdk'] = None"  # importing it raises, as if not installed
    (tmp_path / "sitecustomize.py").write_text(without_sdk)
    collector = {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector.example.org", "PYTHONPATH": str(tmp_path)}
    assert "console.W024" in start(_deploy="yes", **collector).stderr
    assert "console.W024" not in start(_deploy="yes", **collector, OTEL_SDK_DISABLED="true").stderr


def test_a_good_deployment_has_no_errors():
    result = start(_deploy="yes", WEB_CONCURRENCY="3", CACHE_URL=REDIS, DIRECTORY_TIMEOUT="18")
    assert result.returncode == 0, result.stderr
    assert found(result) == set()
    assert "console.W025) With this DIRECTORY_TIMEOUT a request can take 102 seconds" in result.stderr
    assert "TimeoutStopSec=122" in result.stderr


def test_newkeys_are_fresh_and_usable():
    def keys():
        result = subprocess.run(
            [sys.executable, "manage.py", "newkeys"], cwd=ROOT, capture_output=True, text=True, check=True,
            env={"PATH": os.environ["PATH"]},
        )  # fmt: skip
        return dict(line.split("=", 1) for line in result.stdout.splitlines())

    first, second = keys(), keys()
    assert set(first) == {"SECRET_KEY", "TOKEN_ENCRYPTION_KEYS", "AUDIT_SIGNING_KEY"}
    assert all(first[name] != second[name] for name in first)
    assert start(_deploy="yes", **first).returncode == 0
