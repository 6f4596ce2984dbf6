"""Odd networks in a real browser: requests and answers get lost, or a proxy, filter or portal answers. The page stays."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import violations
from tests.browser.gateway import FAILURES, Gateway
from tests.signin.ended_sessions import age

ACCOUNTS = "/orgs/acme/accounts/"
NOTE = "typed by hand, ticket 4711"
FOREIGN = "Foreign words"


@pytest.fixture
def gateway(sqlite_console):
    gateway = Gateway(sqlite_console.url)
    yield gateway
    gateway.shut()


@pytest.fixture
def page(open_page, sqlite_console, gateway):
    """A page that reaches the console through the gateway."""
    page = open_page(sqlite_console)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(gateway.url)
    yield page
    assert errors == []


def fail(page, gateway, kind, method, part):
    """Let the next such requests fail; what takes it back."""
    if kind == "offline":
        page.context.set_offline(True)
        return lambda: page.context.set_offline(False)
    gateway.fault(kind, method, part, times=99)
    return gateway.mend


def open_form(page, gateway, directory, form, subject):
    """Open one of the forms of an account, or the form to assign one, and fill it in. Its button."""
    if form == "assign":
        page.goto(f"{gateway.url}{ACCOUNTS}assign/?subject_id={subject}")
        page.get_by_role("radio", name="gold").check()
    elif form == "panel":
        page.goto(f"{gateway.url}{ACCOUNTS}?q={subject}")
        page.locator(f"tr[data-subject-id='{subject}'][data-code=worker] [data-key=s]").click()
    else:
        page.goto(f"{gateway.url}{ACCOUNTS}{subject}/worker/{form}/")
    scope = page.locator("#panel" if form == "panel" else "main")
    if form in ("status", "panel"):
        scope.get_by_label("expired").check()
    scope.get_by_label("Note (shown in the change log)").fill(NOTE)
    names = {"assign": "Assign", "delete": "Delete the account"}
    return scope.get_by_role("button", name=names.get(form, "Change status"), exact=True)


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        *(("assign", kind) for kind in (*FAILURES, "offline")),
        *(("panel", kind) for kind in ("lost", "portal", "offline")),
        *((form, kind) for form in ("status", "delete") for kind in ("lost", "502")),
    ],
)
def test_a_form_stays_whatever_comes_back(page, gateway, directory, form, kind):
    subject = directory.person("worker")
    button = open_form(page, gateway, directory, form, subject)
    address = page.url
    mend = fail(page, gateway, kind, "POST", ACCOUNTS)
    button.click()
    said = page.locator("form + .answer [role=alert], form .answer [role=alert]")
    expect(said).to_contain_text("may or may not have been done")
    expect(said).to_contain_text("send the same form again")
    expect(button).to_be_focused()
    expect(button).to_have_accessible_name(re.compile("Assign|Change status|Delete the account"))
    assert FOREIGN not in page.content()
    assert page.url == address
    expect(page.get_by_label("Note (shown in the change log)")).to_have_value(NOTE)
    assert violations(page) == []
    mend()
    button.click()
    expect(page.locator("[data-outcome=applied]").first).to_be_visible()
    assert len(directory.writes(subject)) == 1, "the same form twice is done once"
    expect(page.get_by_text("may or may not have been done")).to_have_count(0)


def test_while_a_form_is_sent_its_button_says_so(page, gateway, directory):
    subject = directory.person("worker")
    button = open_form(page, gateway, directory, "status", subject)
    held = gateway.fault("held", "POST", "/status/")
    form = page.locator("main form.form-stack")
    form.get_by_role("button", name="Change status").click()
    sending = form.get_by_role("button", name="Sending…")
    expect(sending).to_be_focused()
    expect(sending).to_have_attribute("aria-disabled", "true")
    expect(form).to_have_attribute("aria-busy", "true")
    expect(page.locator("#announcer")).to_have_text("Sending…")
    assert violations(page) == []
    sending.click(force=True)
    sending.press("Enter")
    form.get_by_label("Note").press("Tab")
    held.go_on.set()
    expect(page.locator("[data-outcome=applied]").first).to_be_visible()
    assert len([line for line in gateway.asked if line.startswith("POST") and "/status/" in line]) == 1
    expect(button).to_have_count(0)


def test_a_second_click_is_not_sent_after_the_first_one_has_failed(page, gateway, directory):
    subject = directory.person("worker")
    button = open_form(page, gateway, directory, "delete", subject)
    held = gateway.fault("held-lost", "POST", "/delete/")
    button.dblclick()
    sending = page.locator("main form.form-stack").get_by_role("button", name="Sending…")
    sending.click(force=True)
    held.go_on.set()
    expect(page.locator("form .answer [role=alert]")).to_contain_text("may or may not have been done")
    page.evaluate("fetch('/healthz')")  # by now, what was queued would have gone out
    assert len([line for line in gateway.asked if line.startswith("POST") and "/delete/" in line]) == 1


def test_a_session_that_ends_while_a_form_is_sent(page, gateway, sqlite_console, provider, directory):
    provider.control(allow=gateway.url)
    subject = directory.person("worker")
    button = open_form(page, gateway, directory, "status", subject)
    held = gateway.fault("held", "POST", "/status/")
    button.click()
    expect(page.get_by_role("button", name="Sending…")).to_be_visible()
    age(sqlite_console, page.context, "last_seen", 31)
    page.context.clear_cookies(name=re.compile("^sandbox-provider"))
    held.go_on.set()
    page.get_by_role("button", name=re.compile("Ada Admin")).click()
    expect(page.get_by_text("so nothing was done")).to_be_visible()
    expect(page.get_by_label("Note (shown in the change log)")).to_have_value(NOTE)
    expect(page.get_by_label("expired")).to_be_checked()
    assert directory.writes(subject) == []


@pytest.mark.parametrize("kind", ["502", "portal", "reset", "offline"])
def test_a_search_keeps_the_old_list(page, gateway, directory, kind):
    subject = directory.person("worker", name="Stella Stale")
    page.goto(f"{gateway.url}{ACCOUNTS}?q={subject}")
    mend = fail(page, gateway, kind, "GET", ACCOUNTS)
    page.locator("#q").fill("nobody at all")
    said = page.locator("#results [role=alert]")
    expect(said).to_contain_text("may be out of date")
    expect(page.locator("#results")).to_have_attribute("data-stale", "")
    expect(page.locator(f"#results tr[data-subject-id='{subject}']").first).to_be_visible()
    assert FOREIGN not in page.content()
    assert page.url.endswith(f"?q={subject}")
    assert violations(page) == []
    mend()
    said.get_by_role("button", name="Try again").click() if kind != "offline" else None
    expect(page.locator("table[data-total='0']")).to_be_visible()
    expect(page.locator("[data-stale]")).to_have_count(0)
    expect(page).to_have_url(re.compile("q=nobody"))


def test_a_reload_that_the_directory_refuses_keeps_the_old_list(page, gateway, directory):
    subject = directory.person("worker", name="Stella Stale")
    page.goto(f"{gateway.url}{ACCOUNTS}?q={subject}")
    directory.fault("status-503", on="list", times=9)
    page.evaluate("document.querySelector('.list-age-reload').click()")
    said = page.locator("#results [role=alert]")
    expect(said).to_contain_text("The directory failed")
    expect(page.locator("#results")).to_have_attribute("data-stale", "")
    expect(page.locator(f"#results tr[data-subject-id='{subject}']").first).to_be_visible()
    assert violations(page) == []
    directory.reset()
    page.evaluate("document.querySelector('.list-age-reload').click()")
    expect(page.locator("table[data-total='0']")).to_be_visible()
    expect(page.locator("[data-stale]")).to_have_count(0)


@pytest.mark.parametrize("kind", ["403", "lost"])
def test_the_picker_keeps_what_it_shows(page, gateway, directory, kind):
    found = directory.person("worker", name="Pia Picker")
    page.goto(f"{gateway.url}{ACCOUNTS}assign/")
    page.get_by_label("Note (shown in the change log)").fill(NOTE)
    page.get_by_label("Find a person").fill("pia picker")
    expect(page.locator(f"li[data-subject-id='{found}']")).to_be_visible()
    mend = fail(page, gateway, kind, "GET", "/assign/")
    page.get_by_label("Find a person").fill("nobody at all")
    expect(page.locator("#matching-people [role=alert]")).to_contain_text("may be out of date")
    page.locator(f"li[data-subject-id='{found}']").get_by_role("link", name="Choose").click()
    expect(page.locator("#picker > .answer [role=alert]")).to_be_visible()
    assert FOREIGN not in page.content()
    mend()
    page.locator("#picker > .answer").get_by_role("button", name="Try again").click()
    expect(page.get_by_text("Choose someone else")).to_be_visible()
    expect(page.get_by_label("Note (shown in the change log)")).to_have_value(NOTE)


@pytest.mark.parametrize("kind", ["407", "reset"])
def test_a_form_over_the_list_that_does_not_come(page, gateway, directory, kind):
    subject = directory.person("worker")
    page.goto(f"{gateway.url}{ACCOUNTS}?q={subject}")
    mend = fail(page, gateway, kind, "GET", "/status/")
    row = page.locator(f"tr[data-subject-id='{subject}'][data-code=worker]")
    row.locator("[data-key=s]").click()
    panel = page.get_by_role("dialog")
    expect(panel.get_by_role("alert")).to_contain_text("Nothing was changed")
    assert violations(page) == []
    mend()
    panel.get_by_role("button", name="Try again").click()
    expect(panel.get_by_role("heading", name="Change status")).to_be_visible()


@pytest.mark.parametrize("kind", ["portal", "reset"])
def test_live_updates_keep_the_log_and_come_back(page, gateway, directory, kind):
    page.goto(f"{gateway.url}/orgs/acme/changes/")
    before = page.locator("#results .result-count").inner_text()
    mend = fail(page, gateway, kind, "GET", "/changes/new/")
    page.evaluate("htmx.trigger('#live', 'shown')")
    said = page.locator("#results > .answer [role=alert]")
    expect(said).to_contain_text("may be out of date")
    assert FOREIGN not in page.content()
    assert page.locator("#results .result-count").inner_text() == before
    mend()
    said.get_by_role("button", name="Try again").click()
    expect(said).to_have_count(0)
    expect(page.locator("#live")).to_have_count(1)


@pytest.mark.parametrize("kind", ["502", "lost"])
def test_verifying_the_log_survives(page, gateway, directory, kind):
    page.goto(f"{gateway.url}/orgs/acme/changes/")
    mend = fail(page, gateway, kind, "POST", "/changes/verify/")
    page.get_by_role("button", name="Verify everything").click()
    expect(page.get_by_text("may or may not have been done")).to_be_visible()
    assert FOREIGN not in page.content()
    mend()
    page.get_by_role("button", name="Verify everything").click()
    expect(page.locator("#chain[data-state=verified]")).to_be_visible()
    expect(page.get_by_text("may or may not have been done")).to_have_count(0)


def test_an_error_of_the_console_leaves_the_form(page, gateway, directory):
    """What the console cannot do at the moment stands at the button, and nothing that was typed is lost."""
    subject = directory.person("visitor")
    button = open_form(page, gateway, directory, "assign", subject)
    directory.fault("status-503", on="list", times=9)
    directory.fault("status-503", on="types", times=9)
    button.click()
    said = page.locator("form .answer [role=alert]")
    expect(said).to_contain_text("The directory failed")
    expect(page.get_by_label("Note (shown in the change log)")).to_have_value(NOTE)
    assert violations(page) == []


@pytest.mark.parametrize("kind", ["502", "lost", "reset"])
def test_a_bulk_run_goes_on(page, gateway, directory, kind):
    """The form stays if its plan gets lost; a run that loses an answer goes on, and does nothing twice."""
    subjects = [directory.person("visitor") for _ in range(3)]
    page.goto(f"{gateway.url}{ACCOUNTS}bulk/")
    pasted = "\n".join(["subject_id,code", *(f"{subject},worker" for subject in subjects)])
    page.get_by_label("paste the list").fill(pasted)
    page.get_by_label("Note (shown in the change log)").fill(NOTE)
    gateway.fault(kind, "POST", "/bulk/")
    page.get_by_role("button", name="Preview changes").click()
    expect(page.locator("form .answer [role=alert]")).to_contain_text("may or may not have been done")
    expect(page.get_by_label("paste the list")).to_have_value(pasted)
    page.get_by_role("button", name="Preview changes").click()
    page.get_by_label("Type 3 to confirm").fill("3")
    gateway.fault(kind, "POST", "/run/")
    page.get_by_role("button", name="Confirm and apply").click()
    said = page.locator("#progress .answer [role=alert]")
    expect(said).to_contain_text("goes on by itself")
    assert violations(page) == []
    said.get_by_role("button", name="Try again").click()
    expect(page.locator("#progress[data-state=done]")).to_be_visible()
    assert [len(directory.writes(subject)) for subject in subjects] == [1, 1, 1]
