"""In a real browser the whole window goes to sign in, and comes back to the form, filled in, one click from done."""

import re
import time

import pytest
from playwright.sync_api import expect

from tests.servers import Browser
from tests.signin.ended_sessions import ENDINGS, FORMS, decision, end, task

BUTTONS = {
    "assign": "Assign",
    "change_status": "Change status",
    "delete": "Delete the account",
    "decide": "Record the decision",
}
CHOSEN = ("status", "decision", "code")  # radio buttons


@pytest.fixture
def sqlite_console(own_consoles, directory):
    return own_consoles("sqlite")


@pytest.fixture
def provider_again(provider):
    """The provider, which refuses to refresh no longer than a test wants it to."""
    yield provider
    provider.control(refuse_refresh=False)


def send_too_late(page, job, form, ending):
    """Fill in the form, end the session, and send it: the window is at the provider then."""
    page.goto(f"{job.page}?subject_id={job.subject}" if form == "assign" else job.page)  # chosen, as by the picker
    for name, text in job.typed.items():
        if name in CHOSEN:
            page.locator(f"[name='{name}'][value='{text}']").check()
        elif name != "subject_id":
            page.locator(f"form[action='{job.action}'] [name='{name}']").fill(text)
    page.context.clear_cookies(name=re.compile("^sandbox-provider"))
    ending()
    page.locator("main").get_by_role("button", name=BUTTONS[form], exact=True).click()
    page.wait_for_url(re.compile("/pick/"))


def pick(page, console, name):
    page.get_by_role("button", name=re.compile(name)).click()
    page.wait_for_url(re.compile(f"^{re.escape(console.url)}/orgs/"))


def expect_filled(page, job):
    for name, text in job.typed.items():
        if name in CHOSEN:
            expect(page.locator(f"[name='{name}'][value='{text}']")).to_be_checked()
        else:
            expect(page.locator(f"form[action='{job.action}'] [name='{name}']")).to_have_value(text)


@pytest.mark.parametrize(("how", "javascript"), [*((how, True) for how in ENDINGS), ("idle", False)])
@pytest.mark.parametrize("form", FORMS)
def test_the_same_person(open_page, sqlite_console, provider_again, directory, form, how, javascript):
    job = task(form, directory)
    page = open_page(sqlite_console, java_script_enabled=javascript)
    send_too_late(page, job, form, lambda: end(how, sqlite_console, page.context, provider_again, directory))
    pick(page, sqlite_console, "Ada Admin")
    expect_filled(page, job)
    assert directory.writes(job.subject) == []
    page.locator("main").get_by_role("button", name=BUTTONS[form], exact=True).click()
    expect(page.locator("[role=status][data-outcome=applied]")).to_be_visible()
    assert len(directory.writes(job.subject)) == 1


@pytest.mark.parametrize("form", FORMS)
def test_another_person(open_page, sqlite_console, provider_again, directory, form):
    job = task(form, directory, org="globex")
    page = open_page(sqlite_console)
    send_too_late(page, job, form, lambda: end("idle", sqlite_console, page.context, provider_again, directory))
    pick(page, sqlite_console, "Gil Globex")
    expect(page.get_by_label("Note (shown in the change log)")).to_have_value("")
    assert job.typed["message"] not in page.content()
    assert directory.writes(job.subject) == []


def test_a_decision(open_page, sqlite_console, provider_again, directory):
    browser = Browser(sqlite_console.url)
    browser.sign_in("ada")
    job = decision(directory, browser)
    time.sleep(4.1)  # two timeouts: until then it is not there to be decided
    page = open_page(sqlite_console)
    send_too_late(page, job, "decide", lambda: end("idle", sqlite_console, page.context, provider_again, directory))
    pick(page, sqlite_console, "Ada Admin")
    expect_filled(page, job)
    page.get_by_role("button", name=BUTTONS["decide"]).click()
    expect(page.locator("[data-change-id][data-outcome=applied]").first).to_be_visible()
