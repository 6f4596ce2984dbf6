"""A directory that hangs takes neither every thread nor everybody's time."""

import threading
import time

import pytest

from tests.servers import Browser, text_of

TABS = 50
NEED_NO_DIRECTORY = ("/healthz", "/readyz", "/signin/", "/orgs/acme/changes/", "/sessions/")


@pytest.fixture(scope="module")
def slow_console(start_console):
    """One process. A call may take long: in this module a test says when the directory answers again."""
    return start_console("sqlite", DIRECTORY_TIMEOUT="25", **LIMITS)


LIMITS = {
    "DIRECTORY_READS_AT_ONCE": "5",
    "DIRECTORY_READS_PER_ORGANIZATION": "4",
    "DIRECTORY_READS_PER_PERSON": "3",
    "DIRECTORY_FAILURES_BEFORE_PAUSE": "0",
}


def open_tabs(browser, number=TABS, path="/orgs/acme/accounts/"):
    """``number`` tabs of one browser begin to load at once. The threads, and where their answers will be."""
    answers = []

    def load():
        tab = Browser(browser.url)
        tab.session.cookies.update(browser.session.cookies)
        # An answer that is kept keeps its connection open, and a source may have so many only.
        answers.append(tab.get(path, Connection="close"))

    threads = [threading.Thread(target=load, daemon=True) for _ in range(number)]
    for thread in threads:
        thread.start()
    return threads, answers


def wait_for(condition):
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_pages_that_need_no_directory_are_answered_beside_fifty_that_hang(slow_console, sign_in, directory):
    ada = sign_in(slow_console, "ada")
    directory.fault("hang-before", on="list", times=TABS)
    threads, answers = open_tabs(ada)
    wait_for(lambda: len(answers) >= TABS - 3)  # everybody but the three who read has an answer
    for path in NEED_NO_DIRECTORY:
        assert ada.get(path).status_code == 200, path
    rejected = list(answers)
    assert {page.status_code for page in rejected} == {503}
    assert {page.headers["Retry-After"] for page in rejected} == {"2"}
    assert "Try again" in text_of(rejected[0])
    assert len(answers) < TABS, "the others still read"
    for thread in threads:
        thread.join()
    assert len(answers) == TABS


def test_one_person_leaves_room_for_another(slow_console, sign_in, directory):
    ada, otto = sign_in(slow_console, "ada"), sign_in(slow_console, "otto")
    directory.fault("hang-before", on="list", times=3)
    threads, answers = open_tabs(ada, 8)
    wait_for(lambda: len(answers) >= 5)
    assert otto.get("/orgs/acme/accounts/").status_code == 200
    for thread in threads:
        thread.join()


def test_after_calls_without_an_answer_everybody_is_told_at_once(start_console, sign_in, directory):
    console = start_console(
        "sqlite", **(LIMITS | {"DIRECTORY_FAILURES_BEFORE_PAUSE": "2", "DIRECTORY_PAUSE_SECONDS": "3"})
    )
    ada = sign_in(console, "ada")
    directory.fault("reset-before", on="list", times=100)
    while "in a row" not in text_of(page := ada.get("/orgs/acme/accounts/")):
        assert page.status_code == 502
    assert page.status_code == 503
    assert int(page.headers["Retry-After"]) <= 3
    asked = len(directory.journal())
    assert ada.get("/orgs/acme/types/").status_code == 503
    assert len(directory.journal()) == asked, "no call is made"
    assert ada.get("/orgs/acme/changes/").status_code == 200
    directory.reset()
    wait_for(lambda: ada.get("/orgs/acme/accounts/").status_code == 200)
