"""The sandbox's first start makes some weeks of changes, and the later ones go on from there."""

import datetime
import json
import re
import signal
import subprocess
from contextlib import contextmanager

import pytest
import requests

from console.sandbox import processes
from console.sandbox.processes import ROOT, free_port
from tests.sandbox.test_sandbox import plain, sandbox
from tests.servers import Browser, DirectoryDouble

PEOPLE = 150


@pytest.fixture(scope="module")
def told(start_console, directory_server):
    """A console whose history was just made."""
    DirectoryDouble(directory_server).reset(people=PEOPLE)
    console = start_console("sqlite")
    processes.make_history(console.server.env)
    return console


@pytest.fixture
def ada(told):
    browser = Browser(told.url)
    browser.sign_in("ada")
    return browser


@pytest.fixture(scope="module")
def events(told):
    exported = []
    for organization in ("acme", "globex"):
        done = told.manage("export_changes", "--organization", organization)
        assert done.returncode == 0, done.stderr
        exported += map(json.loads, done.stdout.splitlines())
    return sorted(exported, key=lambda event: event["at"])


def test_it_is_a_log_like_any_other(told):
    done = told.manage("verify_changes")
    assert done.returncode == 0, done.stderr


def test_it_spans_weeks_and_several_admins(events):
    times = [event["at"] for event in events]
    for organization in ("acme", "globex"):
        assert [event["sequence"] for event in events if event["organization_id"] == organization][:2] == [1, 2]
    span = datetime.datetime.fromisoformat(times[-1]) - datetime.datetime.fromisoformat(times[0])
    assert datetime.timedelta(days=14) < span < datetime.timedelta(days=40)
    assert datetime.datetime.fromisoformat(times[-1]) < datetime.datetime.now(datetime.UTC)
    assert {event["actor"]["name"] for event in events} == {"Ada Admin", "Ben Backup", "Gil Globex"}
    assert {event["organization_id"] for event in events} == {"acme", "globex"}
    assert {event["event"] for event in events} == {"requested", "applied", "not_applied", "unknown", "resolved"}
    assert {event["action"] for event in events} == {"assign", "change_status", "delete"}


def test_each_day_has_its_checkpoint(told):
    code = (
        "from accounts_ui.changes.models import Checkpoint as C; "
        "print(*(c.at.date() for c in C.objects.filter(organization_id='acme')))"
    )
    dates = told.manage("shell", "--no-imports", "-v", "0", "-c", code).stdout.split()
    assert len(dates) == len(set(dates)) > 10


def test_an_unknown_outcome_stays_unknown(ada):
    """The directory lists no codes of this person, so an admin's visit resolves nothing."""
    for _ in range(2):
        page = ada.get("/orgs/acme/changes/?outcome=unknown")
        assert len(re.findall(r'<\w+[^>]* data-outcome="unknown"', page.text)) == 1
        assert "ticket 4377" in page.text


def test_one_account_was_changed_outside(ada, events):
    [subject] = {event["subject_id"] for event in events if event["message"] == "Badge reported lost"}
    marked = [row for row in ada.get("/orgs/acme/accounts/?per_page=200").text.split("<tr")[1:] if "outside" in row]
    assert [subject in row for row in marked] == [True]


def test_a_bulk_run_is_done(told, ada):
    code = "from accounts_ui.plans.models import Plan; print(Plan.objects.get().pk)"
    plan = told.manage("shell", "--no-imports", "-v", "0", "-c", code).stdout.strip()
    page = ada.get(f"/orgs/acme/accounts/bulk/{plan}/")
    assert page.text.count('data-result="applied"') == 14


def test_nobody_elses_directory_gets_a_history(told):
    for name in ("DIRECTORY_API_URL", "OIDC_ISSUER"):
        with pytest.raises(
            processes.ServerDidNotStart, match=r"https://elsewhere.example.org is not a server of the sandbox"
        ):
            processes.make_history({**told.server.env, name: "https://elsewhere.example.org"})


@contextmanager
def running(folder):
    """The sandbox until it is ready: what it printed, and its console's address."""
    ports = [free_port() for _ in range(3)]
    names = ("--port", "--provider-port", "--directory-port")
    options = [text for name, port in zip(names, ports, strict=True) for text in (name, str(port))]
    process = subprocess.Popen(
        sandbox("--state-dir", str(folder), *options, "--people", "60"),
        cwd=ROOT, env=plain(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "Ctrl-C" in line:
            break
    try:
        yield "".join(lines), f"http://127.0.0.1:{ports[0]}"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
        process.stdout.close()


def accounts(url):
    ada = Browser(url)
    ada.sign_in("ada")
    ada.get("/orgs/acme/accounts/?per_page=200")
    rows = ada.soup.select("[data-subject-id][data-code][data-status]")
    return sorted((row["data-subject-id"], row["data-code"], row["data-status"]) for row in rows)


def sequence(url):
    text = requests.get(f"{url}/metrics", timeout=20).text
    return float(re.search(r"^console_change_log_sequence (\S+)$", text, re.MULTILINE)[1])


def test_a_second_start_goes_on_with_the_same_accounts(tmp_path):
    with running(tmp_path / "state") as (text, url):
        assert "Making some weeks of changes" in text
        first, end = accounts(url), sequence(url)
    assert end > 50
    assert first
    with running(tmp_path / "state") as (text, url):
        assert "Making some weeks" not in text
        assert sequence(url) == end
        assert accounts(url) == first
