"""Operations where something goes wrong: sent twice, at once, on old ground, with an answer that never came."""

import json

import pytest

from tests.servers import Browser, text_of

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


def test_a_directory_that_is_not_there(start_console, sign_in, directory):
    console = start_console("sqlite", DIRECTORY_API_URL="http://127.0.0.1:9")
    page = sign_in(console, "ada").get("/orgs/acme/accounts/")
    assert page.status_code == 502
    assert "refused the connection" in text_of(page)


@pytest.mark.parametrize("name", ["console"])
def test_the_chain_is_whole_after_all_of_it(name, console):
    verified = console.manage("verify_changes")
    assert verified.returncode == 0, verified.stderr
