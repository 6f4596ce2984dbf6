"""Faults × operations × databases: writes counted, outcome true, the admin told, the chain whole."""

import json

import pytest

from tests.servers import Browser, outcome_of, text_of

ACTIONS = ("assign", "change_status", "delete")


class Job:
    """One operation on a person of its own."""

    def __init__(self, console, directory, browser: Browser, action: str) -> None:
        self.console, self.directory, self.browser, self.action = console, directory, browser, action
        self.code = "worker"
        # Another account of the person, so that the list tells which types they hold.
        self.subject = directory.person("visitor")
        directory.server.control(
            "add", org="acme", subject_id=self.subject, code="" if action == "assign" else self.code, status="active"
        )
        self.path = {
            "assign": "/orgs/acme/accounts/assign/",
            "change_status": f"/orgs/acme/accounts/{self.subject}/{self.code}/status/",
            "delete": f"/orgs/acme/accounts/{self.subject}/{self.code}/delete/",
        }[action]
        more = {"subject_id": self.subject, "code": self.code} if action == "assign" else {}
        self.fields = {
            **browser.form(self.path),
            **more,
            **({"status": "expired"} if action == "change_status" else {}),
        }

    def send(self, browser: Browser | None = None, **changed):
        return (browser or self.browser).post(self.path, {**self.fields, **changed})

    @property
    def writes(self) -> int:
        return len([one for one in self.directory.writes(self.subject) if one["code"] == self.code])

    @property
    def took_effect(self) -> bool:
        status = [one["status"] for one in self.directory.accounts(self.subject) if one["account_code"] == self.code]
        return status == {"assign": ["active"], "change_status": ["expired"], "delete": ["disabled"]}[self.action]

    def logged(self) -> list[dict]:
        page = self.browser.get(f"/orgs/acme/changes/export.jsonl?subject_id={self.subject}")
        return [json.loads(line) for line in page.text.splitlines()]


@pytest.fixture
def browser(console, sign_in):
    return sign_in(console, "ada")


@pytest.fixture
def job(console, directory, browser):
    return lambda action: Job(console, directory, browser, action)


# fault → outcome, HTTP status, whether the directory made the change, how often it was called
OUTCOMES = {
    "empty-200": ("applied", 200, True, 1),
    "html-200": ("applied", 200, True, 1),
    "invalid-json": ("applied", 200, True, 1),
    "wrong-type": ("applied", 200, True, 1),
    "deep": ("applied", 200, True, 1),
    "nan": ("applied", 200, True, 1),
    "204": ("applied", 200, True, 1),
    "duplicate-keys": ("applied", 200, True, 1),
    "redirect": ("not_applied", 502, False, 1),
    "status-400": ("not_applied", 400, False, 1),
    "status-403": ("not_applied", 403, False, 1),
    "status-404": ("not_applied", 404, False, 1),
    "status-405": ("not_applied", 405, False, 1),
    "status-409": ("not_applied", 409, False, 1),
    "status-413": ("not_applied", 413, False, 1),
    "status-429": ("not_applied", 429, False, 1),
    "missing-permissions": ("not_applied", 403, False, 1),
    "status-500": ("not_applied", 502, False, 1),
    "spring-500": ("not_applied", 502, False, 1),
    "html-502": ("not_applied", 502, False, 1),
    "status-503": ("not_applied", 502, False, 1),
    "status-500-after": ("applied", 200, True, 1),
    "status-502-after": ("applied", 200, True, 1),
    "reset-before": ("not_applied", 502, False, 1),
    "reset-after": ("applied", 200, True, 1),
    "truncated": ("applied", 200, True, 1),
    "too-large": ("applied", 200, True, 1),
    "gzip-bomb": ("applied", 200, True, 1),
    "hang-before": ("unknown", 504, False, 1),
    "hang-after": ("applied", 200, True, 1),
    "drip-headers": ("applied", 200, True, 1),
    "drip-body": ("applied", 200, True, 1),
    "status-504": ("unknown", 504, False, 1),
    "status-504-after": ("applied", 200, True, 1),
    "token-expired": ("applied", 200, True, 2),
}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("fault", OUTCOMES)
def test_matrix(job, directory, action, fault):
    outcome, status, effect, writes = OUTCOMES[fault]
    one = job(action)
    directory.fault(fault, on=action)
    page = one.send()
    assert page.status_code == status, text_of(page)
    assert outcome_of(page) == outcome
    assert one.took_effect is effect
    assert one.writes == writes
    events = one.logged()
    assert [event["event"] for event in events] == ["requested", outcome]
    assert events[-1]["outcome"] == outcome


@pytest.mark.parametrize("action", ACTIONS)
def test_the_same_form_again_calls_nothing(job, action):
    one = job(action)
    first, second = one.send(), one.send()
    assert first.url == second.url
    assert "result=" in first.url
    assert one.writes == 1
    assert one.send(message="other data").status_code == 409
    assert one.writes == 1


def test_the_state_has_changed_meanwhile(job, directory):
    one = job("change_status")
    directory.set_status(one.subject, one.code, "pending")
    page = one.send()
    assert page.status_code == 409
    assert "pending now; it was active" in text_of(page)
    assert one.writes == 0
    fields = {**one.browser.form(one.path), "status": "expired"}
    assert fields["expected_status"] == "pending"
    assert "result=" in one.browser.post(one.path, fields).url


def test_reads_are_tried_again_and_writes_are_not(job, directory):
    directory.fault("status-503", on="list", times=2)
    one = job("change_status")
    assert one.browser.get("/orgs/acme/accounts/").status_code == 200
    directory.fault("status-429", on="list", times=1, retry_after=1)
    assert one.browser.get("/orgs/acme/accounts/").status_code == 200


READS = {
    "hang-before": 504,
    "drip-headers": 504,
    "drip-body": 504,
    "truncated": 502,
    "wrong-length": 502,
    "html-200": 502,
    "invalid-json": 502,
    "wrong-type": 502,
    "deep": 502,
    "redirect": 502,
    "status-500": 502,
    "status-504": 504,
    "status-403": 403,
    "status-404": 404,
    "missing-permissions": 403,
}


@pytest.mark.parametrize("fault", READS)
def test_lists_that_fail(browser, directory, fault):
    directory.fault(fault, on="list", times=9)
    for htmx in (False, True):
        page = browser.get("/orgs/acme/accounts/", htmx=htmx)
        assert page.status_code == READS[fault], text_of(page)
        assert 'role="alert"' in page.text


def test_a_directory_that_is_not_there(start_console, sign_in, directory):
    console = start_console("sqlite", DIRECTORY_API_URL="http://127.0.0.1:9")
    page = sign_in(console, "ada").get("/orgs/acme/accounts/")
    assert page.status_code == 502
    assert "refused the connection" in text_of(page)


@pytest.mark.parametrize("name", ["console"])
def test_the_chain_is_whole_after_all_of_it(name, console):
    verified = console.manage("verify_changes")
    assert verified.returncode == 0, verified.stderr
