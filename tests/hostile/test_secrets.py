"""With every error path walked: no token, secret or key in a log, page, cookie, report, database, cache or start error."""

import base64
import contextlib
import json
import os
import re
import sqlite3
import subprocess
import sys
import uuid
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
import redis
from cryptography.fernet import Fernet, MultiFernet

from console.sandbox.directory.faults import FAULT_NAMES
from console.sandbox.processes import ROOT
from tests import servers
from tests.hostile.checks import check_json_log, check_text_log
from tests.servers import Browser

SETTINGS = ("SECRET_KEY", "TOKEN_ENCRYPTION_KEYS", "AUDIT_SIGNING_KEY", "OIDC_CLIENT_SECRET")
CODE, STATE, BEARER = "SECRETCODE-5f1e9a", "SECRETSTATE-77ab01", "SECRETBEARER-90bb12"
FAULTS = [
    *(name for name in FAULT_NAMES if "NNN" not in name and name not in ("raw", "stale", "late")),
    "status-403",
    "status-429",
    "status-503",
]

TOKEN = re.compile(rb"eyJ[\w-]{8,}\.[\w-]{8,}\.|access_token(?:&#x27;|[\"':= ])+[\w.-]{16,}")
"""A JSON Web Token, or an access token by its name: also of a sign-in that failed after it had them."""


def needles(secret: str | bytes) -> set[bytes]:
    """A secret in each form in which it could lie about: as it is, in hex, in an address, in base64 at any offset."""
    raw = secret.encode() if isinstance(secret, str) else secret
    found = {raw, raw.hex().encode(), raw.hex().upper().encode(), quote(raw, safe="").encode()}
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for offset in range(3):
            text = encode(b"\0" * offset + raw)
            found.add(text[(0, 2, 3)[offset] : len(text) - 4])
    if isinstance(secret, str):
        with contextlib.suppress(ValueError):
            found |= needles(base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4)))
    return {one for one in found if len(one) >= 12}


def test_needles_are_found_at_any_offset():
    for before in (b"", b"a", b"ab"):
        kept = base64.b64encode(before + b"a secret of some length" + b"after")
        assert any(one in kept for one in needles("a secret of some length"))


class Trail:
    """What the console said to browsers, and the secrets that it must not have said."""

    def __init__(self, console, directory, provider):
        self.console, self.directory, self.provider = console, directory, provider
        self.secrets = {
            f"{name} {n}": one for name in SETTINGS for n, one in enumerate(console.server.env[name].split(","))
        }
        self.said: list[bytes] = []
        self.keys: set[str] = set()

    def browser(self, person: str = "") -> Browser:
        browser = Browser(self.console.url)
        browser.session.hooks["response"].append(self._listen)
        if person:
            browser.sign_in(person)
            self.keys.add(browser.session.cookies["console-session"])
            self.read_tokens()
        return browser

    def read_tokens(self) -> None:
        """What the sessions hold, decrypted here: starting a console's process for it takes a second each time."""
        cipher = MultiFernet([Fernet(key) for key in self.console.server.env["TOKEN_ENCRYPTION_KEYS"].split(",")])
        for (sealed,) in self.sql("SELECT secret FROM signin_session WHERE secret <> ''"):
            held = json.loads(cipher.decrypt(sealed.encode()))
            for kind in ("access_token", "refresh_token", "id_token"):
                if held[kind]:
                    self.secrets[f"{kind} {held[kind][:4]}"] = held[kind]

    def _listen(self, response, **_):
        if not response.url.startswith(self.console.url):
            return
        headers = dict(response.headers)
        if response.url.endswith("/signout/"):
            headers.pop("Location", None)  # OpenID Connect RP-Initiated Logout has the ID token in the address
        cookie = headers.pop("Set-Cookie", "")
        assert not any(one in cookie.encode() for secret in self.secrets.values() for one in needles(secret))
        self.said.append(json.dumps(headers).encode() + b"\n" + response.content)

    def search(self, where: str, hay: bytes, *, also: dict[str, str] | None = None) -> None:
        assert not (found := TOKEN.search(hay)), f"a token that nobody kept is in {where}: {found.group()[:200]!r}"
        for name, secret in {**self.secrets, **(also or {})}.items():
            for one in needles(secret):
                at = hay.find(one)
                assert at < 0, f"{name} is in {where}: …{hay[max(0, at - 200) : at]!r}"

    def sql(self, statement: str) -> list[tuple]:
        """What it selects, if it does."""
        if self.console.database == "postgresql":
            with psycopg.connect(self._url(), autocommit=True) as connection:
                found = connection.execute(statement)
                return found.fetchall() if found.description else []
        with contextlib.closing(sqlite3.connect(self._url(), timeout=20)) as connection, connection:
            return connection.execute(statement).fetchall()

    def dump(self) -> bytes:
        """The database as it lies on the disk (SQLite, with its write-ahead log), or every table of it."""
        if self.console.database == "sqlite":
            paths = (Path(f"{self._url()}{ending}") for ending in ("", "-wal", "-shm"))
            return b"".join(path.read_bytes() for path in paths if path.exists())
        parts = []
        with psycopg.connect(self._url()) as connection:
            tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            for (table,) in tables:
                with connection.cursor().copy(f'COPY (SELECT * FROM "{table}") TO STDOUT') as copy:
                    parts += [bytes(block) for block in copy]
        return b"".join(parts)

    def _url(self) -> str:
        return (
            self.console.server.env["DATABASE_URL"].removeprefix("sqlite:///").replace("postgres://", "postgresql://")
        )


def walk_the_directory(trail: Trail, browser: Browser, ones: tuple[str, ...]) -> None:
    """Each fault of a read and of a write."""
    assign = "/orgs/acme/accounts/assign/"
    form = browser.form(assign)
    for name in FAULTS:
        for on in ones:
            trail.directory.reset(people=3)
            trail.directory.fault(name, on=on, times=9)
            if on == "list":
                browser.get("/orgs/acme/accounts/")
            else:
                fields = {"subject_id": f"s-{uuid.uuid4()}", "code": "gold", "confirm_unknown": "yes"}
                browser.post(assign, {**form, **fields, "operation_id": str(uuid.uuid4())})
    trail.directory.reset(people=3)


def walk_the_requests(trail: Trail, browser: Browser) -> None:
    """Requests that are refused: unknown, malformed, untrusted, too large, of a stranger."""
    session = browser.session
    for path in (
        "/nothing/",
        "/orgs/globex2/accounts/",
        "/orgs/acme/users/a%00b/",
        "/orgs/acme/changes/?since=x",
        "/signout/",
    ):
        browser.get(path)
        browser.get(path, htmx=True)
    browser.get(f"/signin/callback/?code={CODE}&state={STATE}")
    browser.get(f"/orgs/acme/types/?bearer={BEARER}&code={CODE}", Authorization=f"Bearer {BEARER}", X_Request_ID="a b")
    browser.get("/metrics", Authorization=f"Bearer {BEARER}")
    browser.post("/signout/", {"csrfmiddlewaretoken": "x" * 64}, Origin="http://evil.example")
    browser.post("/orgs/acme/accounts/assign/", {"subject_id": "x"})
    browser.post(
        "/orgs/acme/accounts/assign/",
        b"x" * (1024 * 1024 + 10),
        Content_Type="application/x-www-form-urlencoded",
        Connection="close",
    )
    browser.post("/orgs/acme/accounts/assign/", b"--x", Content_Type="multipart/form-data")
    session.put(f"{browser.url}/orgs/acme/accounts/", timeout=30)
    session.get(f"{browser.url}/", headers={"Host": "evil.example"}, timeout=30)
    stranger = trail.browser()
    stranger.get("/orgs/acme/accounts/", htmx=True, HX_Current_URL="http://[", follow=False)
    stranger.post("/orgs/acme/accounts/assign/", {"message": "m"})


def walk_the_provider(trail: Trail) -> None:
    """Signing in and refreshing with a provider that is down, slow, or says no."""
    soon = "UPDATE signin_session SET token_expires_at = " + (
        "now() + interval '30 seconds'" if trail.console.database == "postgresql" else "datetime('now', '+30 seconds')"
    )
    browser = trail.browser("ada")
    trail.sql(soon)
    assert browser.get("/orgs/acme/types/").status_code == 200
    trail.read_tokens()
    with redis.from_url(servers.REDIS) as cache:
        for state in ({"down": True}, {"hang": 6}, {"refuse_refresh": True}):
            trail.provider.control(**state)
            cache.flushdb()
            try:
                trail.sql(soon)
                browser.get("/orgs/acme/types/")
                trail.browser().get("/signin/", follow=False)
            finally:
                trail.provider.control(down=False, hang=0, refuse_refresh=False)
    fresh = trail.browser()
    location = fresh.get("/signin/", follow=False).headers["Location"]
    state = location.split("state=")[1].split("&")[0]
    fresh.get(f"/signin/callback/?code={CODE}&state={state}&iss={quote(trail.provider.url)}")
    fresh.get(f"/signin/callback/?error={CODE}&state={STATE}")
    out = trail.browser("otto")
    out.post("/signout/", out.form("/signout/", "/signout/"))


def walk_a_broken_database(trail: Trail, browser: Browser) -> None:
    """Tables that are gone."""
    for table in ("changes_change", "signin_session", "signin_user", "socialaccount_socialaccount"):
        trail.sql(f"ALTER TABLE {table} RENAME TO {table}_gone")
        try:
            pages = [
                browser.get("/orgs/acme/accounts/"),
                browser.get("/orgs/acme/changes/"),
                trail.browser().sign_in("gil"),
            ]
            assert {500, 503} & {page.status_code for page in pages}, table
            if "DEBUG" not in trail.console.server.env:
                assert not any(f"{table}_gone" in page.text or "Traceback" in page.text for page in pages)
        finally:
            trail.sql(f"ALTER TABLE {table}_gone RENAME TO {table}")


def walk_into_an_exception(trail: Trail):
    """One that nobody foresaw, at a moment when a sign-in has its tokens: a user's id that is none (SQLite keeps any)."""
    start = len(trail.console.log())
    trail.browser("gil")
    columns = (("signin_user", "id"), ("socialaccount_socialaccount", "user_id"))
    for table, column in columns:
        trail.sql(f"UPDATE {table} SET {column} = 'zz' || {column}")
    page = trail.browser().sign_in("gil")
    for table, column in columns:
        trail.sql(f"UPDATE {table} SET {column} = substr({column}, 3)")
    assert page.status_code == 500
    logged = trail.console.log()[start:]
    assert "Traceback" in logged
    assert "badly formed hexadecimal UUID" in logged
    return page


CONSOLES = {
    "sqlite": {"LOG_FORMAT": "json"},
    "postgresql": {"LOG_FORMAT": "text"},
}


@pytest.mark.long
@pytest.mark.parametrize("database", CONSOLES)
def test_no_secret_anywhere(start_console, directory, provider, database):
    console = start_console(database, DIRECTORY_TIMEOUT="0.4", OIDC_TIMEOUT="5", **CONSOLES[database])
    trail = Trail(console, directory, provider)
    browser = trail.browser("ada")
    trail.browser("nora").get("/")
    walk_the_directory(trail, browser, ("list", "assign") if database == "sqlite" else ("assign",))
    walk_the_requests(trail, browser)
    walk_the_provider(trail)
    browser = trail.browser("ada")
    walk_a_broken_database(trail, browser)
    if database == "sqlite":
        page = walk_into_an_exception(trail)
        assert "Something went wrong" in page.text
        assert "UUID" not in page.text
    browser.get("/orgs/acme/changes/")
    browser.get("/orgs/acme/changes/export.jsonl")
    trail.read_tokens()
    sessions = {f"session key {key[:4]}": key for key in trail.keys}
    asked = {"code": CODE, "state": STATE, "bearer": BEARER}
    assert len([name for name in trail.secrets if "token" in name]) >= 6
    log = console.log()
    trail.search("the log", log.encode(), also={**sessions, **asked})
    trail.search("a page", b"\n".join(trail.said), also=sessions)
    trail.search("the database", trail.dump())
    with redis.from_url(servers.REDIS) as cache:
        kept = [key + b"\n" + (cache.get(key) if cache.type(key) == b"string" else b"") for key in cache.keys("*")]
    trail.search("the cache", b"\n".join(kept), also=sessions)
    (check_json_log if database == "sqlite" else check_text_log)(log)
    assert len(trail.said) > 100


@pytest.mark.long
def test_debug_pages_show_no_secret(start_console, directory, provider):
    console = start_console("sqlite", DEBUG="true")
    trail = Trail(console, directory, provider)
    browser = trail.browser("ada")
    walk_a_broken_database(trail, browser)
    assert "badly formed hexadecimal UUID" in walk_into_an_exception(trail).text, "DEBUG tells what went wrong"
    browser.get(f"/nothing/?code={CODE}")
    browser.get(f"/signin/callback/?code={CODE}&state={STATE}")
    trail.read_tokens()
    sessions = {f"session key {key[:4]}": key for key in trail.keys}
    shown = b"\n".join(trail.said)
    assert b"Traceback" in shown, "DEBUG shows tracebacks"
    trail.search("a page", shown, also=sessions)
    trail.search("the log", console.log().encode(), also={**sessions, "code": CODE, "state": STATE})


PASSWORD = "hunter2-0123456789-secret"
ODD_KEY = base64.b64encode(b"31 bytes are no key: secretsecr").decode()
WRONG_SECRETS = {
    "short Fernet key": {"TOKEN_ENCRYPTION_KEYS": PASSWORD},
    "second Fernet key": {"TOKEN_ENCRYPTION_KEYS": f"iWhKmIjM9Cl6xRhP2CZTh3uEgIcLAYqBIvHZuKFPGuk=,{PASSWORD}"},
    "not ASCII Fernet key": {"TOKEN_ENCRYPTION_KEYS": f"{PASSWORD}é"},
    "no Ed25519 key": {"AUDIT_SIGNING_KEY": PASSWORD},
    "short Ed25519 key": {"AUDIT_SIGNING_KEY": ODD_KEY},
    "not ASCII Ed25519 key": {"AUDIT_SIGNING_KEY": f"{PASSWORD}é"},
    "former key": {"AUDIT_FORMER_SIGNING_KEY": PASSWORD},
    "database port": {"DATABASE_URL": f"postgres://u:pa/{PASSWORD}@127.0.0.1:5432/db"},
    "database scheme": {"DATABASE_URL": f"pg://u:{PASSWORD}@127.0.0.1/db"},
    "no database": {"DATABASE_URL": PASSWORD},
    "cache scheme": {"CACHE_URL": f"rediss3://u:{PASSWORD}@127.0.0.1/0"},
    "cache port": {"CACHE_URL": f"redis://u:{PASSWORD}@127.0.0.1:{PASSWORD}/0"},
    "issuer with a password": {"OIDC_ISSUER": f"https://u:{PASSWORD}@login.example.org"},
    "issuer of another scheme": {"OIDC_ISSUER": f"ftp://u:{PASSWORD}@login.example.org"},
    "issuer without a scheme": {"OIDC_ISSUER": f"u:{PASSWORD}@login.example.org"},
    "directory with a bracket": {"DIRECTORY_API_URL": f"https://u:{PASSWORD}@[directory"},
    "directory with a query": {"DIRECTORY_API_URL": f"https://directory.example.org/?key={PASSWORD}"},
    "directory over http": {"DIRECTORY_API_URL": f"http://u:{PASSWORD}@directory.example.org/"},
    "the secret in the wrong place": {"DIRECTORY_TIMEOUT": "soon", "OIDC_CLIENT_SECRET": PASSWORD},
    "organizations": {"CONSOLE_ORGANIZATIONS": "{", "METRICS_TOKEN": PASSWORD, "SECRET_KEY": PASSWORD},
    "deployment": {
        "SECRET_KEY": PASSWORD[:20],
        "METRICS_TOKEN": PASSWORD[:12],
        "OIDC_CLIENT_SECRET": PASSWORD,
        "DEBUG": "on",
    },
}


def run_check(changed):
    env = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    exports = "".join(f'{name}="$_{name}"; ' for name in changed)
    script = f"set -a; . .ci/environment; {exports} exec {sys.executable} manage.py check --deploy"
    return subprocess.run(
        ["bash", "-c", script],
        env={**env, **{f"_{name}": value for name, value in changed.items()}},
        cwd=ROOT, capture_output=True,
    )  # fmt: skip


@pytest.mark.parametrize("name", WRONG_SECRETS)
def test_a_start_that_fails_says_no_secret(name):
    changed = WRONG_SECRETS[name]
    done = run_check(changed)
    assert done.returncode != 0, done.stderr
    output = done.stdout + done.stderr
    secret = ODD_KEY if ODD_KEY in changed.values() else PASSWORD[:12]
    for one in needles(secret) | {secret.encode()}:
        assert one not in output, output.decode()
    assert b"pa/" not in output
    named = [one for one in changed if one.encode() in output]
    assert named, f"it names none of {list(changed)}: {output.decode()[-500:]}"
