"""Lighthouse (npm): accessibility and best practices, at least 99 each. ``LIGHTHOUSE=all`` looks at all pages in both themes."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import servers
from tests.conftest import unavailable
from tests.pages.test_bulk import plan

HERE = Path(__file__).parent / "lighthouse"
LEAST = 99


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    if shutil.which("npm") is None:
        unavailable("npm")
    if servers.chromium() is None:
        unavailable("Chromium")
    folder = tmp_path_factory.mktemp("lighthouse") / "run"
    shutil.copytree(HERE, folder)
    # Not "ci": it takes the override in package.json for a lock that does not fit.
    command = ["npm", "install", "--no-audit", "--no-fund", "--silent", "--ignore-scripts"]
    subprocess.run(command, cwd=folder, check=True, timeout=300)
    return folder


def pages_of(browser, directory):
    """Each page, the ones with most on them first."""
    subject = directory.person("worker", name="Lina Light")
    account = f"/orgs/acme/accounts/{subject}/worker"
    browser.post(f"{account}/status/", {**browser.form(f"{account}/status/"), "status": "disabled"})
    browser.get(f"/orgs/acme/changes/?subject_id={subject}")
    change = browser.soup.select_one("tr[data-change-id]")["data-change-id"]
    made = plan(browser, f"subject_id,code\n{subject},gold\n{subject},worker\n").url.removeprefix(browser.url)
    busiest = ["/orgs/acme/accounts/", "/orgs/acme/changes/", made, "/orgs/acme/accounts/assign/"]
    others = [
        f"{account}/status/",
        f"{account}/delete/",
        f"/orgs/acme/users/{subject}/",
        f"/orgs/acme/changes/{change}/",
    ]
    return busiest, [*others, "/orgs/acme/types/", "/orgs/acme/accounts/bulk/", "/", "/signout/"]


@pytest.mark.long
def test_lighthouse(installed, sqlite_console, directory, sign_in):
    browser = sign_in(sqlite_console, "ada")
    busiest, others = pages_of(browser, directory)
    every = [(path, theme) for path in [*busiest, *others] for theme in ("light", "dark")]
    some = [(path, ("light", "dark")[at % 2]) for at, path in enumerate(busiest[:2])]
    task = {
        "chromium": servers.chromium(),
        "cookies": [{"name": one.name, "value": one.value, "domain": "127.0.0.1"} for one in browser.session.cookies],
        "pages": [
            {"url": browser.url + path, "theme": theme}
            for path, theme in (every if os.environ.get("LIGHTHOUSE") == "all" else some)
        ],
    }
    ran = subprocess.run(
        ["node", "run.mjs"], cwd=installed, input=json.dumps(task), capture_output=True, text=True, timeout=600
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    found = json.loads(ran.stdout)
    assert [(one["url"], one["error"]) for one in found] == [(one["url"], "") for one in task["pages"]], "no detours"
    assert {tuple(sorted(one["scores"])) for one in found} == {("accessibility", "best-practices")}
    assert [one for one in found if min(one["scores"].values()) < LEAST] == []
    print(*(f"{one['scores']} {one['theme']} {one['url']}" for one in found), sep="\n")
