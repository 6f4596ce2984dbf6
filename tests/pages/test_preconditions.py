"""The same rules for a form and for a row of a plan: may this be assigned, changed, deleted, in the state that is there?

The table is the contract. Each cell asks a real console, with a state of its own in the real directory.
"""

import uuid

import pytest

from tests.faults.lost import lose
from tests.pages.test_bulk import checks, plan
from tests.servers import text_of

FORMS = {
    "assign": ("accounts/assign/", {"subject_id": "{subject}", "code": "{code}"}),
    "change_status": ("accounts/{subject}/{code}/status/", {"status": "{status}", "expected_status": "{expected}"}),
    "delete": ("accounts/{subject}/{code}/delete/", {"expected_status": "{expected}"}),
}

# state of the account → action → what a form is answered, its words, and the check result of a row
STATES = {
    "none": {
        "assign": (303, "", "ready"),
        "change_status": (404, "no worker account of this person", "not_allowed"),
        "delete": (404, "no worker account of this person", "not_allowed"),
    },
    "active": {
        "assign": (409, "has a worker account already, with the status active", "already"),
        "change_status": (303, "", "ready"),
        "delete": (303, "", "ready"),
    },
    "disabled": {
        "assign": (409, "has a worker account already, with the status disabled", "already"),
        "change_status": (303, "", "ready"),
        "delete": (303, "", "ready"),
    },
    "deleted": {
        "assign": (303, "", "ready"),
        "change_status": (303, "", "ready"),
        "delete": (303, "", "already"),
    },
    "wanted": {
        "assign": (409, "already, with the status expired", "already"),
        "change_status": (303, "", "already"),
        "delete": (303, "", "ready"),
    },
    "open": {
        "assign": (409, "has no outcome yet", "not_allowed"),
        "change_status": (409, "has no outcome yet", "not_allowed"),
        "delete": (409, "has no outcome yet", "not_allowed"),
    },
    "unlisted person": {
        "assign": (422, "does not list this person", "unknown_person"),
        "change_status": (404, "does not list this person", "unknown_person"),
        "delete": (404, "does not list this person", "unknown_person"),
    },
    "unknown type": {
        "assign": (422, "does not name this account type", "unknown_type"),
        "change_status": (404, "no unheard-of account of this person", "not_allowed"),
        "delete": (404, "no unheard-of account of this person", "not_allowed"),
    },
    # The directory's list names no account types: what this console recorded is all that is known.
    "not told": {
        "assign": (303, "", "ready"),
        "change_status": (303, "", "ready"),
        "delete": (303, "", "ready"),
    },
    "not told, unknown type": {
        "assign": (422, "does not name this account type", "unknown_type"),
        "change_status": (303, "", "unknown_type"),
        "delete": (303, "", "unknown_type"),
    },
    "not told, recorded": {
        "assign": (422, "assigned the type to this person before", "not_allowed"),
        "change_status": (303, "", "ready"),
        "delete": (303, "", "ready"),
    },
}
CELLS = [(state, action) for state, actions in STATES.items() for action in actions]


@pytest.fixture
def ada(sqlite_console, sign_in):
    return sign_in(sqlite_console, "ada")


def arranged(state, browser, directory):
    """The account in that state: subject, code, and the status that a form would show."""
    if state.startswith("not told"):
        directory.reset("reference")
        subject = directory.person()
        if state != "not told, recorded":
            return subject, "unheard-of" if "unknown" in state else "worker", ""
        assert send(browser, "assign", subject, "worker", "").status_code == 303
        return subject, "worker", "active"
    if state == "unlisted person":
        return f"nobody-{uuid.uuid4()}", "worker", "active"
    if state == "open":
        lost = lose(browser, directory, "change_status")
        return lost.subject, "worker", "active"
    subject = directory.person("visitor")
    status = {"wanted": "expired"}.get(state, state)
    if status in ("active", "disabled", "deleted", "expired"):
        directory.server.control("add", org="acme", subject_id=subject, code="worker", status=status)
        return subject, "worker", status
    return subject, "unheard-of" if state == "unknown type" else "worker", "active"


def send(browser, action, subject, code, expected):
    path, fields = FORMS[action]
    values = {"subject": subject, "code": code, "status": "expired", "expected": expected}
    token = browser.form("/", "/signout/")["csrfmiddlewaretoken"]
    sent = {name: text.format(**values) for name, text in fields.items()}
    own = {"operation_id": str(uuid.uuid4()), "message": "", "csrfmiddlewaretoken": token}
    return browser.post(f"/orgs/acme/{path.format(**values)}", {**sent, **own}, follow=False)


@pytest.mark.parametrize(("situation", "action"), CELLS)
def test_form_and_row_follow_the_same_rules(situation, action, ada, directory):
    status, words, result = STATES[situation][action]
    subject, code, expected = arranged(situation, ada, directory)
    sent = len(directory.writes(subject))
    wanted = "expired" if action == "change_status" else ""
    checked = plan(ada, f"subject_id,code,status\n{subject},{code},{wanted}\n", action=action)
    assert checks(ada) == {2: result}, text_of(checked)
    assert len(directory.writes(subject)) == sent, "a plan sends nothing"
    page = send(ada, action, subject, code, expected)
    # The directory refuses a status that it cannot set; that the call went out is what counts here.
    went_out = len(directory.writes(subject)) == sent + 1
    assert went_out is (status == 303), text_of(page)
    assert page.status_code == status or went_out, text_of(page)
    assert words in text_of(page)
