"""Rows of a plan that share their commits: each is sent at most once, and what stops the plan leaves the rest unsent."""

import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.fleet import wait_until
from tests.pages.test_bulk import listing, of, plan, press, results, state
from tests.signin.ended_sessions import age


@pytest.fixture
def ada(console, sign_in):
    return sign_in(console, "ada")


def confirmed(browser, people):
    page = plan(browser, of(people))
    press(browser, page, "confirm", count=str(len(people)))
    return page


def events_of(browser, page):
    """The events of the plan's changes, in the order of the log."""
    name = re.search(r"/bulk/([0-9a-f-]{36})/", page.url)[1]
    return [json.loads(line) for line in browser.get(f"/orgs/acme/changes/export.jsonl?plan={name}").text.splitlines()]


def test_rows_are_recorded_together_before_they_are_sent(ada, directory):
    """Groups of 1, 2, 4 and so on: all requests of a group, then all outcomes."""
    people = listing(directory, 15)
    page = confirmed(ada, people)
    press(ada, page, "run")
    assert state(ada) == "done"
    kinds = "".join("r" if event["event"] == "requested" else "a" for event in events_of(ada, page))
    groups = [len(one) for one in re.findall(r"r+", kinds)]
    assert kinds == "".join("r" * size + "a" * size for size in groups)
    assert groups[:2] == [1, 2]
    assert sum(groups) == 15
    assert max(groups) > 2


def test_what_stops_the_plan_leaves_the_rest_of_its_group_unsent(ada, directory):
    """The fifth row, one of a group of four, gets an answer that concerns the next ones, too."""
    people = listing(directory, 12)
    page = confirmed(ada, people)
    directory.fault("stale", on="assign", times=4, seconds=0)  # as usual
    directory.fault("status-429", on="assign")
    press(ada, page, "run")
    found = list(results(ada).values())
    assert state(ada) == "paused"
    assert found[:5] == ["applied"] * 4 + ["retryable"]
    assert set(found[5:]) <= {"retryable", ""}
    assert [len(directory.writes(one)) for one in people] == [1] * 5 + [0] * 7
    unsent = [event for event in events_of(ada, page) if "It was not sent, because" in event["detail"]]
    assert len(unsent) == found[5:].count("retryable") >= 1
    press(ada, page, "retry")
    press(ada, page, "run")
    assert state(ada) == "done"
    assert [len([one for one in directory.writes(subject) if one["applied"]]) for subject in people] == [1] * 12


@pytest.mark.parametrize("way", ["sign out", "end other sessions", "the provider still takes the token"])
def test_a_sign_in_that_ends_meanwhile_leaves_the_rest_of_its_group_unsent(sqlite_console, directory, sign_in, way):
    ada, elsewhere = sign_in(sqlite_console, "ada"), sign_in(sqlite_console, "ada")
    people = listing(directory, 15)
    page = confirmed(ada, people)
    run = {"next": "1", **ada.form(page.url, "/run/")}
    signing_out = ada.form("/", "/signout/")
    ending = {**elsewhere.form("/sessions/", "/sessions/"), "others": "1"}
    end = {
        "sign out": lambda: ada.session.post(f"{ada.url}/signout/", data=signing_out, timeout=60),
        "end other sessions": lambda: elsewhere.post("/sessions/", ending),
        "the provider still takes the token": lambda: age(sqlite_console, ada, "ended_at", 0),
    }[way]
    directory.fault("stale", on="assign", times=7, seconds=0)  # groups of 1, 2 and 4, as usual
    directory.fault("stale", on="assign", times=-1, seconds=0.4)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(ada.session.post, f"{page.url}run/", data=run, timeout=60)
        wait_until(lambda: sum(len(directory.writes(one)) for one in people) > 7, "a row of the fourth group is sent")
        end()
        sent = sum(len(directory.writes(one)) for one in people)
        running.result()
    applied = sum(one["applied"] for subject in people for one in directory.writes(subject))
    assert applied <= sent + 1, "but for a row whose token was read before"
    back = sign_in(sqlite_console, "ada")
    back.get(page.url)
    assert list(results(back).values()).count("applied") == applied
    assert not [event for event in events_of(back, page) if event["outcome"] == "unknown"]
