"""The modules that a request passes are those of ``architecture.md``, and calls go down the layers."""

import json
import re

import pytest

from tests import servers
from tests.docs import call_trace, pages
from tests.pages.test_bulk import listing, of, plan, press, state

TEXT = (pages.DOCS / "architecture.md").read_text()
MAY_CLIMB = {"assign": 1, "bulk run": 3}
UNDOCUMENTED = 0.1  # share of the modules that may be missing in the list, so that a helper more does not break it


@pytest.fixture(scope="module")
def traced(start_console, tmp_path_factory):
    """A console whose requests are traced, and a function that returns the calls of the first view after it."""
    folder = tmp_path_factory.mktemp("trace")
    call_trace.sitecustomize(folder)
    file = folder / "calls.jsonl"
    path = f"{folder}:{call_trace.ROOT}"
    console = start_console("sqlite", CALL_TRACE_FILE=str(file), PYTHONPATH=path)

    def calls_of(request):
        file.unlink(missing_ok=True)
        answer = request()
        first = file.read_text().splitlines()[0]
        return answer, [tuple(call) for call in json.loads(first)]

    return console, calls_of


def passed(calls):
    """The modules, in the order in which they are first called."""
    return list(dict.fromkeys(module for call in calls for module in call))


def documented(heading):
    """The modules that the page lists under a heading."""
    section = TEXT.split(f"### {heading}\n")[1].split("\n#")[0]
    return re.findall(r"^\| \d+ \| `([\w/.]+)` \|", section, re.MULTILINE)


def check(calls, heading):
    assert len(set(call_trace.climbs(calls))) <= MAY_CLIMB[heading], call_trace.climbs(calls)
    modules, listed = passed(calls), documented(f"Modules of {heading}")
    to_paste = "\n".join(f"| {number} | `{module}` |" for number, module in enumerate(modules, start=1))
    assert set(listed) <= set(modules), f"the page lists what is not passed; all of them:\n{to_paste}"
    missing = set(modules) - set(listed)
    assert len(missing) <= UNDOCUMENTED * len(modules), f"{missing} are missing; all of them:\n{to_paste}"


def test_one_assignment(traced, directory):
    console, calls_of = traced
    ada = servers.Browser(console.url)
    ada.sign_in("ada")
    path = "/orgs/acme/accounts/assign/"
    person = directory.person("worker")
    form = ada.form(f"{path}?subject_id={person}")
    page, calls = calls_of(lambda: ada.post(path, {**form, "subject_id": person, "code": "gold"}))
    assert servers.outcome_of(page) == "applied"
    check(calls, "assign")


def test_one_chunk_of_a_bulk_run(traced, directory):
    console, calls_of = traced
    ada = servers.Browser(console.url)
    ada.sign_in("ada")
    page = plan(ada, of(listing(directory, 3)))
    press(ada, page, "confirm", count="3")
    form = ada.form(page.url, "bulk/")
    _, calls = calls_of(lambda: ada.post(f"{page.url.split('?')[0]}run/", form))
    ada.get(page.url)
    assert state(ada) == "done"
    check(calls, "bulk run")
