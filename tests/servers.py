"""Real consoles against the sandbox's real servers, and a browser without a screen."""

import codecs
import os
import re
import shutil
import subprocess
import sys
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import requests

from console.sandbox import processes
from console.sandbox.processes import ROOT, Server
from tests import leftovers, markup

REQUIRED = bool(os.environ.get("CI") or os.environ.get("REQUIRE_ALL"))
POSTGRESQL = os.environ.get("TEST_POSTGRESQL_URL", "postgresql://root@127.0.0.1:5432/postgres")
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379") + f"/{8 + _WORKER % 8}"
UNLIMITED = {f"{what}_PER_{by}": "0" for what in ("SIGNINS", "WRITES", "RUNS") for by in ("ADDRESS", "PERSON")}
# Tests of faults make one after the other, and many at once as one person.
_READS = ("DIRECTORY_READS_AT_ONCE", "DIRECTORY_READS_PER_ORGANIZATION", "DIRECTORY_READS_PER_PERSON")
UNLIMITED |= dict.fromkeys((*_READS, "DIRECTORY_FAILURES_BEFORE_PAUSE"), "0")
TIMEOUT = 2.0  # DIRECTORY_TIMEOUT of the consoles under test, in seconds


def chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def headless_chromium() -> str | None:
    """Chromium without its window's own pages, which take more time than ours; the whole of it where that is missing."""
    return shutil.which("chromium-headless-shell") or chromium()


class TestDatabase:
    """A PostgreSQL database of its own, empty or a copy of ``template``, which nobody may be connected to."""

    __test__ = False

    def __init__(self, template: str = "template1") -> None:
        self.name = leftovers.new_name(leftovers.DATABASE)
        with psycopg.connect(POSTGRESQL, autocommit=True, connect_timeout=5) as connection:
            connection.execute(f'CREATE DATABASE "{self.name}" TEMPLATE "{template}"')

    @property
    def url(self) -> str:
        return POSTGRESQL.rsplit("/", 1)[0].replace("postgresql://", "postgres://") + f"/{self.name}"

    def drop(self) -> None:
        with psycopg.connect(POSTGRESQL, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')


@dataclass
class Console:
    """A console that runs, with what a test asks of it."""

    server: Server
    log_path: Path
    database: str

    @property
    def url(self) -> str:
        return self.server.url

    def manage(self, *args: str, env: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "manage.py", *args],
            env={**self.server.env, **(env or {})},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")


class DirectoryDouble:
    """The sandbox's directory, as a test drives it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.url = server.url

    def reset(self, shape: str = "mixed", people: int = 40, *, catalogue: bool = True) -> None:
        self.server.control("reset", shape=shape, people=people, catalogue=catalogue)

    def fault(self, name: str, on: str = "any", times: int = 1, **more: Any) -> None:
        self.server.control("fault", name=name, on=on, times=times, **more)

    def journal(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.server.control("journal")
        return found

    def writes(self, subject_id: str) -> list[dict[str, Any]]:
        return [one for one in self.journal() if one["subject_id"] == subject_id]

    def accounts(self, subject_id: str, org: str = "acme") -> list[dict[str, Any]]:
        return [one for one in self.server.control("accounts", org=org) if one["subject_id"] == subject_id]

    def person(self, code: str = "", status: str = "active", name: str = "Bo Berg", org: str = "acme") -> str:
        """A person nobody has dealt with yet, perhaps with an account. Their subject id."""
        subject = f"subject-{uuid.uuid4()}"
        self.server.control("add", org=org, subject_id=subject, name=name, code=code, status=status)
        return subject

    def set_status(self, subject_id: str, code: str, status: str, org: str = "acme") -> None:
        self.server.control("status", org=org, subject_id=subject_id, code=code, status=status)


@dataclass
class Browser:
    """A person's browser: cookies, redirects, forms. No JavaScript."""

    url: str
    session: requests.Session = field(default_factory=requests.Session)
    last: requests.Response | None = None
    _parsed: tuple[requests.Response, markup.Element] | None = field(default=None, repr=False)

    def get(self, path: str, *, htmx: bool = False, follow: bool = True, **headers: str) -> requests.Response:
        return self._keep(
            self.session.get(self._at(path), headers=_headers(htmx, headers), allow_redirects=follow, timeout=60)
        )

    def post(
        self, path: str, data: Any, *, htmx: bool = False, follow: bool = True, **headers: str
    ) -> requests.Response:
        return self._keep(
            self.session.post(
                self._at(path), data=data, headers=_headers(htmx, headers), allow_redirects=follow, timeout=60
            )
        )

    def form(self, path: str, action: str | None = None) -> dict[str, str]:
        """The fields of the form on the page at ``path`` whose action contains ``action`` (``path`` unless given)."""
        return form_of(self.get(path), path.split("?")[0] if action is None else action)

    def sign_in(self, person: str) -> requests.Response:
        page = self.get("/signin/")
        if "/pick/" not in page.url:
            return page
        sent = {**form_of(page, "pick"), "person": person}
        return self._keep(self.session.post(page.url.split("?")[0], data=sent, timeout=60))

    @property
    def soup(self) -> markup.Element:
        assert self.last is not None
        if self._parsed is None or self._parsed[0] is not self.last:
            self._parsed = (self.last, markup.parse(self.last.text))
        return self._parsed[1]

    def _at(self, path: str) -> str:
        return path if path.startswith("http") else self.url + path

    def _keep(self, response: requests.Response) -> requests.Response:
        self.last = response
        return response


def form_of(page: requests.Response, action: str) -> dict[str, str]:
    for form in markup.parse(page.text).select("form"):
        if action not in (form.get("action") or ""):
            continue
        fields = {}
        for one in form.select("input:not([form]), textarea:not([form])"):  # one that names a form belongs to that
            if one.get("name") and one.get("type") not in ("radio", "checkbox"):
                fields[one["name"]] = one.get_text() if one.name == "textarea" else one.get("value", "")
        return fields
    raise AssertionError(f"no form for {action!r} on {page.url} ({page.status_code}): {text_of(page)[:500]}")


def text_of(page: requests.Response) -> str:
    return " ".join(markup.parse(page.text).get_text(" ").split())


def csv_text(page: requests.Response) -> str:
    """The text of an export, without the byte-order mark that is for Excel."""
    assert page.content.startswith(codecs.BOM_UTF8), page.content[:100]
    return page.content.decode("utf-8-sig")


def outcome_of(page: requests.Response) -> str:
    """The outcome that a page tells of an operation."""
    found = re.search(r'data-outcome="([a-z_]+)"', page.text)
    return found.group(1) if found else ""


def _headers(htmx: bool, more: dict[str, str]) -> dict[str, str]:
    return {**({"HX-Request": "true"} if htmx else {}), **{name.replace("_", "-"): v for name, v in more.items()}}


__all__ = ["REQUIRED", "Browser", "Console", "DirectoryDouble", "TestDatabase", "processes"]
