"""A list becomes a plan, which is confirmed and run; nothing is sent twice, and bad lists are told by line."""

import csv
import io
from collections import Counter

import pytest

from tests.servers import csv_text, text_of

BULK = "/orgs/acme/accounts/bulk/"
CHUNK_ROWS = 200  # that one request applies at most


@pytest.fixture
def browser(sqlite_console, sign_in):
    return sign_in(sqlite_console, "ada")


def plan(browser, text="", *, data=None, action="assign", **more):
    fields = {**browser.form(BULK), "action": action, "status": "", "list": text, **more}
    if data is None:
        return browser.post(BULK, fields)
    answer = browser.session.post(browser.url + BULK, data=fields, files={"file": ("list.csv", data)}, timeout=60)
    return browser._keep(answer)


def checks(browser):
    return {int(row["data-line"]): row["data-check"] for row in browser.soup.select("tr[data-line]")}


def results(browser):
    return {int(row["data-line"]): row["data-result"] for row in browser.soup.select("tr[data-line]")}


def press(browser, page, what, **more):
    where = page.url.split("?")[0]
    return browser.post(where + what + "/", {**browser.form(where, "bulk/"), **more})


def listing(directory, number, code=""):
    people = [directory.person("visitor") for _ in range(number)]
    for one in people if code else ():
        directory.server.control("add", org="acme", subject_id=one, code=code, status="active")
    return people


def of(people, code="worker"):
    return "subject_id,code\n" + "".join(f"{one},{code}\n" for one in people)


def state(browser):
    return browser.soup.select_one("#progress")["data-state"]


def writes_to(directory, people):
    """How many writes the directory got for each of these people."""
    number = Counter(one["subject_id"] for one in directory.journal())
    return [number[one] for one in people]


def run_to_end(browser, page, directory, people):
    """Run chunk after chunk: how many it takes depends on the machine, since time ends a chunk, too."""
    while state(browser) != "done":
        before = sum(writes_to(directory, people))
        press(browser, page, "run")
        assert sum(writes_to(directory, people)) > before


def test_each_line_gets_its_check_result_and_nothing_is_sent(browser, directory):
    new, held = listing(directory, 2)
    lines = [f"{new},worker", f"{held},visitor", "nobody,worker", f"{new},nothing", f"{new},worker", "=1+1,worker"]
    page = plan(browser, "subject_id,code\n" + "\n".join(lines))
    assert page.status_code == 200
    expected = ["ready", "already", "unknown_person", "unknown_type", "duplicate", "unreadable"]
    assert list(checks(browser).values()) == expected
    assert list(checks(browser)) == [2, 3, 4, 5, 6, 7]
    assert not directory.writes(new)
    assert press(browser, page, "confirm", count="6").status_code == 400
    assert not directory.writes(new)


def test_a_plan_runs_to_its_end_in_chunks_and_each_row_is_a_change(browser, directory):
    people = listing(directory, CHUNK_ROWS + 2)
    page = plan(browser, of(people), message="new badges")
    press(browser, page, "confirm", count=str(CHUNK_ROWS + 2))
    press(browser, page, "run")
    sent = writes_to(directory, people)
    assert sent == sorted(sent, reverse=True), "in the order of the list"
    assert 1 <= sum(sent) <= CHUNK_ROWS
    run_to_end(browser, page, directory, people)
    assert set(results(browser).values()) == {"applied"}
    assert writes_to(directory, people) == [1] * len(people)
    row = browser.soup.select_one("tr[data-line] a[href*='/changes/']")
    assert "new badges" in browser.get(row["href"]).text
    assert browser.soup.select_one("dd a[href*='/bulk/']")["href"] in page.url, "the change leads back to its plan"


def test_a_fault_pauses_and_nothing_is_sent_twice(browser, directory):
    people = listing(directory, 3)
    page = plan(browser, of(people))
    press(browser, page, "confirm", count="3")
    directory.fault("missing-permissions", on="assign")
    press(browser, page, "run")
    assert state(browser) == "paused"
    assert list(results(browser).values()) == ["retryable", "", ""]
    rest = csv_text(browser.get(page.url + "rest.csv"))
    assert [row["subject_id"] for row in csv.DictReader(io.StringIO(rest))] == people[1:]
    failed = browser.get(page.url + "failures.csv").text
    press(browser, page, "run")
    assert state(browser) == "done"
    assert [len(directory.writes(one)) for one in people] == [1, 1, 1]
    again = plan(browser, data=failed.encode())
    assert again.status_code == 200
    assert list(checks(browser).values()) == ["ready"]


def test_a_row_whose_state_changed_meanwhile_fails_with_its_reason(browser, directory):
    one, other = listing(directory, 2, "worker")
    page = plan(browser, of([one, other]), action="change_status", status="expired")
    press(browser, page, "confirm", count="2")
    directory.set_status(one, "worker", "disabled")
    press(browser, page, "run")
    assert list(results(browser).values()) == ["failed", "applied"]
    assert not directory.writes(one)


def test_another_session_resumes_and_a_stopped_plan_stays_stopped(browser, directory, sqlite_console, sign_in):
    people = listing(directory, CHUNK_ROWS + 1)
    page = plan(browser, of(people))
    press(browser, page, "confirm", count=str(CHUNK_ROWS + 1))
    press(browser, page, "run")
    later = sign_in(sqlite_console, "ada")
    later.get(page.url)
    run_to_end(later, page, directory, people)
    assert writes_to(directory, people) == [1] * len(people)
    second = plan(browser, of(people, "gold"))
    press(browser, second, "stop")
    refused = browser.post(second.url + "run/", browser.form(BULK, "signout"))
    assert refused.status_code == 409


BAD = {
    "empty": (b"", "Line 1"),
    "header only": (b"subject_id,code\n", "no row below"),
    "no header": (b"a,worker\n", "name the columns"),
    "workbook": (b"PK\x03\x04" + b"x" * 50, "save it as"),
    "open quote": (b'subject_id,code\na,worker\n"b,worker\n', "Line 3"),
    "double column": (b"subject_id,code,code\na,b,c\n", "more than once"),
    "bad UTF-16": (b"\xff\xfes\x00u", "Line 1"),
    "too many": (b"subject_id,code\n" + b"a,b\n" * 20_001, "20,000 rows"),
    "too many lines": (b"subject_id,code\na,b\n" + b"\n" * 100_001, "100,000 lines"),
    "carriage returns": (b"subject_id,code\ra,b\r" + b"\r" * 100_001, "100,000 lines"),
    "long line": (b"subject_id,code\na,b\na,b," + b"x" * 50_001, "Line 3: The line has more than 50,000 characters"),
    "many columns": (b"subject_id,code\na,b" + b",x" * 500, "Line 2: The line has more than 500 columns"),
    "too large": (b"subject_id,code\n" + b"a,b\n" * 1_500_000, "5 MB"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_list_is_told_by_line(browser, directory, name):
    data, said = BAD[name]
    page = plan(browser, data=data)
    assert page.status_code == (413 if name == "too large" else 400)
    assert said in text_of(page)
    assert 'role="alert"' in page.text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_encodings_and_separators(browser, directory, encoding, separator):
    (one,) = listing(directory, 1)
    text = f"Subject ID{separator}code{separator}remark\r\n{one}{separator}worker{separator}Ünal\r\n"
    page = plan(browser, data=text.encode(encoding))
    assert checks(browser) == {2: "ready"}
    assert ("Windows-1252" in page.text) is (encoding == "cp1252")


def test_ten_thousand_rows_are_planned(browser, directory):
    known = listing(directory, 1)[0]
    lines = "".join(f"nobody-{number},worker\n" for number in range(9_999))
    page = plan(browser, data=f"subject_id,code\n{known},worker\n{lines}".encode())
    counts = {chip["data-check"]: int(chip["data-count"]) for chip in browser.soup.select("[data-check][data-count]")}
    assert counts == {"ready": 1, "unknown_person": 9_999}, text_of(page)[:300]


def test_what_was_ticked_in_the_list_of_accounts_fills_the_form(browser, directory):
    first, second = directory.person("visitor"), directory.person("worker")
    token = browser.form(BULK)["csrfmiddlewaretoken"]
    ticked = [("selected", f"{first},visitor"), ("selected", f"{second},worker")]
    page = browser.post(BULK, [("csrfmiddlewaretoken", token), *ticked])
    assert page.status_code == 200, text_of(page)
    assert browser.soup.select_one("textarea[name=list]").get_text().split() == [
        "subject_id,code", f"{first},visitor", f"{second},worker",
    ]  # fmt: skip
    assert directory.writes(first) == []
