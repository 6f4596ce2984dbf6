"""Control goes down through the layers and does not come back: traced through a real console, and listed in the guide.

``UPDATE_TRACE=1 pytest tests/pages/test_call_trace.py -n 0`` writes the traces of today into the guide.
"""

import json
import os
import sys
import time
from pathlib import Path

import pytest

from tests.call_trace import layer_of
from tests.pages.test_bulk import listing, of, plan, press
from tests.servers import TIMEOUT

ASSIGN = "/orgs/acme/accounts/assign/"
GUIDE = Path(__file__).parents[2] / "console" / "docs" / "architecture.md"
MOST_UPWARD = {"assign": 1, "assign-htmx": 1, "bulk-run": 3}


@pytest.fixture(scope="module")
def traces(tmp_path_factory):
    return tmp_path_factory.mktemp("traces")


@pytest.fixture(scope="module")
def traced_console(start_console, traces):
    command = [sys.executable, "-m", "tests.call_trace"]
    return start_console("sqlite", prefix=command, CALL_TRACE=str(traces))


@pytest.fixture
def ada(traced_console, sign_in, directory):
    return sign_in(traced_console, "ada")


def assign(browser, directory, **more):
    fields = {**browser.form(ASSIGN), "subject_id": directory.person("visitor"), "code": "worker"}
    return browser.post(ASSIGN, fields, follow=False, **more)


def run_chunk(browser, directory, **more):
    people = listing(directory, 12)
    page = plan(browser, of(people))
    press(browser, page, "confirm", count="12")
    fields = {"next": "1", **browser.form(page.url, "/run/")}
    return browser.post(f"{page.url}run/", fields, htmx=True, **more)


def requests_of(name, browser, directory):
    """Send the request once so that everything is imported, and once traced."""
    send = {
        "assign": lambda **more: assign(browser, directory, **more),
        "assign-htmx": lambda **more: assign(browser, directory, htmx=True, **more),
        "bulk-run": lambda **more: run_chunk(browser, directory, **more),
    }[name]
    send()
    if name == "bulk-run":  # it takes about as long as what it requested needs to be due: then it is requested anew
        time.sleep(2 * TIMEOUT + 0.2)
    return send(X_Call_Trace=name)


def section_of(text, name):
    """What the guide says between the marks of a trace."""
    return text.split(f"<!-- trace: {name} -->\n")[1].split("<!-- end -->")[0]


def described(modules, upward):
    """A trace as the guide shows it."""
    lines = [f"{number}. `{module}`" for number, module in enumerate(modules, 1)]
    calls = [f"- `{caller}` calls `{called}`" for caller, called in upward] or ["- none"]
    return "\n".join([*lines, "", "Calls into a higher layer:", "", *calls, ""])


@pytest.mark.parametrize("name", MOST_UPWARD)
def test_control_does_not_come_back_to_a_higher_layer(name, ada, directory, traces):
    answer = requests_of(name, ada, directory)
    assert answer.status_code == (303 if name == "assign" else 200)
    trace = json.loads((traces / f"{name}.json").read_text())
    assert len(trace["upward"]) <= MOST_UPWARD[name], trace["upward"]
    modules = [module for module in trace["modules"] if layer_of(module)]
    assert {layer_of(module) for module in modules} == {1, 2, 3}, "it went all the way down"
    text, section = GUIDE.read_text(), described(modules, trace["upward"])
    if os.environ.get("UPDATE_TRACE"):
        GUIDE.write_text(text.replace(section_of(text, name), section))
    assert section_of(GUIDE.read_text(), name) == section, "the guide lists another trace: see the top of this file"


def test_the_trace_sees_a_call_upward():
    """The counting itself, on modules made for it: a callback from a lower layer is found, a return is not one."""
    from tests.call_trace import Trace

    def module(name, source):
        space = {"__name__": name}
        exec(compile(source, name, "exec"), space)
        return space

    low = module("accounts_ui.changes.made_up", "def read(callback=None):\n    return callback() if callback else 1\n")
    high = module("accounts_ui.services.made_up", "def callback():\n    return 2\n")
    view = module("accounts_ui.views.made_up", "def view(read, callback):\n    return read() + read(callback)\n")
    trace = Trace()
    sys.setprofile(trace)
    try:
        view["view"](low["read"], high["callback"])
        low["read"](high["callback"])  # after the view: does not count
    finally:
        sys.setprofile(None)
    assert trace.upward == [("accounts_ui.changes.made_up.read", "accounts_ui.services.made_up.callback")]
    assert list(trace.modules) == [space["__name__"] for space in (view, low, high)]
