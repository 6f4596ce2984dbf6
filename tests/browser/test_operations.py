"""One operation in a real browser: the picker, a form over the list, its result in the row, and undo."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import violations

ACCOUNTS = "/orgs/acme/accounts/"


@pytest.fixture
def watched(open_page, sqlite_console, directory):
    """A page, and what went wrong on it."""

    def go(width, console=sqlite_console, **more):
        page = open_page(console, viewport={"width": width, "height": 900}, **more)
        page.on("pageerror", lambda error: problems.append(str(error)))
        return page

    problems = []
    yield go
    assert problems == []


@pytest.mark.parametrize("width", [1280, 390])
def test_the_result_comes_into_the_row_and_can_be_undone(watched, directory, width):
    subject = directory.person("worker", name="Rosa Row")
    page = watched(width)
    page.goto(f"{ACCOUNTS}?q={subject}&columns=name,code,status")
    row = page.locator("#results tr[data-code=worker]")
    row.get_by_role("link", name="Status of Rosa Row").click()
    panel = page.locator("#panel")
    expect(panel.get_by_role("heading", name="Change status")).to_be_focused()
    assert panel.get_by_role("radio").evaluate_all(
        "all => all.filter(one => one.offsetParent).map(one => one.value)"
    ) == [
        "disabled",
        "expired",
    ], "sensible next steps; the others on demand"
    assert violations(page) == []
    panel.get_by_text("Other statuses").click()
    panel.get_by_label("pending").check()
    panel.get_by_role("button", name="Change status").click()
    expect(panel).to_be_hidden()
    expect(row).to_be_focused()
    expect(row).to_have_attribute("data-status", "pending")
    expect(row.locator("[data-outcome=applied]")).to_be_visible()
    expect(row.get_by_role("link", name="See the change")).to_have_attribute(
        "href", re.compile("/changes/[0-9a-f-]{36}/$")
    )
    expect(page.locator("#announcer")).to_have_text(
        re.compile("changed Rosa Row’s Worker account from active to pending")
    )
    expect(page).to_have_url(re.compile(r"columns=name,code,status$"))
    assert row.locator("td").count() == 5, "the columns of the list: a box, three, the actions"
    assert violations(page) == []
    row.get_by_role("button", name="Undo").click()
    expect(row).to_have_attribute("data-status", "active")
    assert [one["status"] for one in directory.accounts(subject) if one["account_code"] == "worker"] == ["active"]
    assert len(directory.writes(subject)) == 2


def test_what_goes_wrong_is_told_in_the_panel(watched, directory):
    subject = directory.person("worker", name="Petra Panel")
    page = watched(1280)
    page.goto(f"{ACCOUNTS}?q={subject}")
    row, panel = page.locator("#results tr[data-code=worker]"), page.locator("#panel")
    row.get_by_role("link", name="Delete").click()
    expect(panel).to_contain_text("The directory disables the account instead of removing it")
    directory.set_status(subject, "worker", "pending")
    panel.get_by_role("button", name="Delete the account").click()
    expect(panel.get_by_role("alert")).to_contain_text("is pending now; it was active when the form was drawn")
    directory.fault("status-404", on="delete")
    panel.get_by_role("button", name="Delete the account").click()
    expect(panel.get_by_role("heading", name="Not applied")).to_be_focused()
    assert violations(page) == []
    panel.get_by_role("link", name="Set status to deleted").click()
    expect(panel.get_by_label("deleted")).to_be_checked()
    panel.get_by_role("button", name="Change status").click()
    expect(row).to_have_attribute("data-status", "deleted")
    expect(panel).to_be_hidden()
    directory.fault("status-500", on="list", times=9)
    row.get_by_role("link", name="Status of").click()
    expect(panel.get_by_role("heading", name="The directory failed")).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()


@pytest.mark.parametrize(("width", "javascript"), [(1280, True), (390, True), (1280, False)])
def test_the_picker_shows_who_has_the_type(watched, directory, width, javascript):
    greta = f"Greta{width}{javascript}"  # the log remembers those of the other runs
    has = directory.person("gold", name=f"{greta} Gold")
    hasnt = directory.person("", name=f"{greta} Gone")
    page = watched(width, java_script_enabled=javascript)
    page.goto(f"{ACCOUNTS}assign/")
    page.get_by_role("radio", name="gold").check()
    page.get_by_label("Find a person").fill(greta.lower())
    if not javascript:
        page.get_by_role("button", name="Search").click()
    expect(page.locator("[data-subject-id]")).to_have_count(2)
    one = page.locator(f"[data-subject-id={has}]")
    expect(one.locator(".chip")).to_contain_text("gold active")
    if javascript:
        expect(one).to_contain_text("already has it: active")
        assert violations(page) == []
    page.locator(f"[data-subject-id={hasnt}]").get_by_role("link", name="Choose").click()
    expect(page.get_by_text("Choose someone else")).to_be_visible()
    gold = page.get_by_role("radio", name="gold")
    expect(gold).to_be_checked() if javascript else gold.check()
    page.get_by_label("Note (shown in the change log)").fill("as asked")
    page.get_by_role("button", name="Assign", exact=True).click()
    expect(page.locator("[role=status][data-outcome=applied]")).to_contain_text(
        f"assigned {greta} Gone a Gold member account"
    )
    expect(page).to_have_url(re.compile(f"/users/{hasnt}/\\?result="))
    page.goto(f"{ACCOUNTS}assign/?subject_id={hasnt}")
    expect(page.get_by_role("radio", name="gold")).to_be_disabled()
    expect(page.locator("#type-options")).to_contain_text("already has it: active")


def test_ids_can_be_typed(watched, directory):
    page = watched(1280)
    page.goto(f"{ACCOUNTS}assign/")
    page.get_by_role("link", name="Enter the IDs").click()
    page.get_by_label("Subject id").fill("nobody-knows-this-one")
    page.get_by_label("Code of the account type").fill("gold")
    page.get_by_role("button", name="Assign", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("does not list this person")
    expect(page.get_by_label("Subject id")).to_have_value("nobody-knows-this-one")
    page.get_by_label("Yes, I mean exactly").check()
    page.get_by_role("button", name="Assign", exact=True).click()
    expect(page.locator("[role=status][data-outcome=applied]")).to_be_visible()


def test_an_unknown_outcome_marks_its_row_and_the_banner_at_once(watched, start_console, directory):
    """The dialog offers to check, the row and the banner show it; once it is known, all three do.

    On a console of its own, so that no other test's outcomes are on the page, and this one stays unknown long enough.
    """
    subject = directory.person("worker", name="Ulla Unknown")
    page = watched(1280, start_console("sqlite", DIRECTORY_TIMEOUT="60"))
    page.goto(f"{ACCOUNTS}?q={subject}")
    row, panel = page.locator("#results tr[data-code=worker]"), page.locator("#panel")
    row.get_by_role("link", name="Status of Ulla Unknown").click()
    panel.get_by_label("expired").check()
    directory.fault("reset-before", on="change_status")
    panel.get_by_role("button", name="Change status").click()
    expect(panel.get_by_role("heading", name="The outcome is unknown")).to_be_focused()
    banner = page.locator("#open-changes")
    expect(banner.get_by_role("alert")).to_contain_text("1 change without a known outcome")
    expect(banner.get_by_role("link", name=re.compile("Ulla Unknown"))).to_be_visible()
    expect(row.locator("[data-outcome=unknown]")).to_be_visible()
    assert violations(page) == []
    panel.get_by_role("button", name="Check now").click()
    expect(panel.locator(".answer [role=alert]")).to_contain_text("The outcome is still unknown")
    directory.set_status(subject, "worker", "expired")  # it had arrived all the same
    panel.get_by_role("button", name="Check now").click()
    expect(panel).to_be_hidden()
    expect(row).to_have_attribute("data-status", "expired")
    expect(row.locator("[data-outcome=applied]")).to_be_visible()
    expect(row.locator("[data-outcome=unknown]")).to_have_count(0)
    expect(banner.get_by_role("alert")).to_have_count(0)
    assert len(directory.writes(subject)) == 1


@pytest.mark.parametrize("how", ["Escape", "beside"])
def test_a_typed_message_is_thrown_away_on_purpose_only(watched, directory, how):
    subject = directory.person("worker", name="Emma Escape")
    page = watched(1280)
    page.goto(f"{ACCOUNTS}?q={subject}")
    row, panel = page.locator("#results tr[data-code=worker]"), page.locator("#panel")

    def leave():
        if how == "Escape":
            page.keyboard.press("Escape")
        else:
            page.mouse.click(2, 2)

    row.get_by_role("link", name="Delete").click()
    expect(panel).to_be_visible()
    leave()
    expect(panel).to_be_hidden()
    row.get_by_role("link", name="Delete").click()
    note = panel.get_by_label("Note")
    note.fill("typed by hand")
    for _ in range(5):
        leave()
        expect(panel).to_be_visible()
        expect(note).to_have_value("typed by hand")
    asked = panel.get_by_role("alert").filter(has_text="not been sent yet")
    expect(asked.get_by_role("button", name="Go on editing")).to_be_focused()
    assert violations(page) == []
    asked.get_by_role("button", name="Go on editing").click()
    expect(note).to_be_focused()
    leave()
    asked.get_by_role("button", name="Discard it").click()
    expect(panel).to_be_hidden()
    assert directory.writes(subject) == []
