"""Plans while they run: two tabs, a sign-in that ends, a directory that goes away, and their changes in the log."""

import csv
import datetime
import io
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.pages.test_bulk import (
    BULK,
    CHUNK_ROWS,
    checks,
    listing,
    of,
    plan,
    press,
    results,
    run_to_end,
    state,
    writes_to,
)
from tests.servers import TIMEOUT, csv_text, form_of, text_of

LOG = "/orgs/acme/changes/"


@pytest.fixture
def browser(sqlite_console, sign_in):
    return sign_in(sqlite_console, "ada")


@pytest.fixture
def ada(console, sign_in):
    """An admin, on each database."""
    return sign_in(console, "ada")


def confirmed(browser, text, count, **more):
    page = plan(browser, text, **more)
    press(browser, page, "confirm", count=str(count))
    return page


def changes_of(browser, query):
    browser.get(f"{LOG}?{query}")
    return [row["data-change-id"] for row in browser.soup.select("tr[data-change-id]")]


def test_two_tabs_run_the_same_plan_and_no_row_twice(ada, console, directory, sign_in):
    people = listing(directory, 20)
    page = confirmed(ada, of(people), 20)
    tabs = [ada, sign_in(console, "ada"), sign_in(console, "ada")]
    for tab in tabs:
        tab.get(page.url)
    for _ in range(9):
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda tab: press(tab, page, "run"), tabs))
        ada.get(page.url)
        if state(ada) == "done":
            break
    assert state(ada) == "done"
    assert [len(directory.writes(one)) for one in people] == [1] * 20
    assert set(results(ada).values()) == {"applied"}


def test_a_sign_in_that_ends_while_a_plan_runs(browser, sqlite_console, directory):
    people = listing(directory, CHUNK_ROWS + 1)
    page = confirmed(browser, of(people), CHUNK_ROWS + 1)
    press(browser, page, "run")
    ahead = {"next": "1", **browser.form(page.url, "/run/")}
    assert sqlite_console.manage("endsessions", "--subject", "person-ada").returncode == 0
    gone = browser.post(f"{page.url}run/", ahead, htmx=True)
    assert (gone.status_code, len(directory.writes(people[CHUNK_ROWS]))) == (401, 0)
    back = browser.get(gone.headers["HX-Redirect"])
    if "/pick/" in back.url:
        back = browser.session.post(back.url.split("?")[0], {**form_of(back, "pick"), "person": "ada"}, timeout=60)
    browser.get(back.url)
    assert back.url.split("?")[0] == page.url
    assert state(browser) == "running"
    assert browser.soup.select_one("form[hx-trigger^=load] input[name=next]"), "the page goes on by itself"
    run_to_end(browser, page, directory, people)
    assert writes_to(directory, people) == [1] * len(people)


def test_what_could_not_be_sent_is_tried_again_as_another_attempt(ada, directory):
    people = listing(directory, 3)
    page = confirmed(ada, of(people), 3)
    directory.fault("status-429", on="assign")
    press(ada, page, "run")
    assert (state(ada), results(ada)) == ("paused", {2: "retryable", 3: "", 4: ""})
    first = ada.soup.select_one("tr[data-line='2'] a[href*='/changes/']")["href"]
    assert ada.soup.select_one("#retry").get_text(strip=True) == "Try 1 row again"
    press(ada, page, "retry")
    assert state(ada) == "running"
    assert press(ada, page, "retry").status_code == 409, "once"
    press(ada, page, "run")
    assert state(ada) == "done"
    rows = ada.soup.select("tr[data-line='2']")
    assert [(row["data-check"], row["data-result"]) for row in rows] == [("retried", "retryable"), ("ready", "applied")]
    assert rows[0].select_one("a[href*='/changes/']")["href"] == first, "the first attempt stays recorded"
    assert [one["status"] for one in directory.accounts(people[0]) if one.get("account_code") == "worker"] == ["active"]
    assert len(changes_of(ada, f"plan={page.url.rstrip('/').split('/')[-1]}")) == 4
    assert ada.get(page.url + "failures.csv").text.splitlines()[1:] == []


@pytest.mark.parametrize(
    ("rows", "says"), [(1, "Resume"), (2, "Resume: apply the next row"), (3, "Resume: apply up to 2 rows")]
)
def test_the_button_promises_no_more_rows_than_are_left(browser, directory, rows, says):
    page = confirmed(browser, of(listing(directory, rows)), rows)
    directory.fault("status-429", on="assign")
    press(browser, page, "run")
    assert state(browser) == "paused"
    assert " ".join(browser.soup.select_one("#resume").get_text().split()) == says


def test_a_plan_goes_on_past_an_unknown_row_and_resolves_it_later(ada, directory):
    people = listing(directory, 4)
    page = confirmed(ada, of(people), 4)
    directory.fault("status-503", on="assign")
    press(ada, page, "run")
    assert (state(ada), list(results(ada).values())) == ("done", ["unknown", "applied", "applied", "applied"])
    time.sleep(2 * TIMEOUT + 0.3)
    ada.get(page.url)  # an admin's read resolves it: by now the directory cannot be acting any more
    assert list(results(ada).values()) == ["retryable", "applied", "applied", "applied"]
    press(ada, page, "retry")
    press(ada, page, "run")
    assert [one["status"] for one in directory.accounts(people[0]) if one.get("account_code") == "worker"] == ["active"]


def test_a_row_that_is_applied_a_moment_later_is_not_sent_again(ada, directory):
    (one,) = listing(directory, 1)
    page = confirmed(ada, of([one]), 1)
    directory.fault("status-503", on="assign", applied_after=1.0)
    press(ada, page, "run")
    assert list(results(ada).values()) == ["unknown"]
    assert not ada.soup.select_one("#retry"), "nothing that may still happen is tried again"
    assert ada.post(f"{page.url}retry/", ada.form(page.url, "signout")).status_code == 409
    time.sleep(2 * TIMEOUT + 0.3)
    ada.get(page.url)
    assert list(results(ada).values()) == ["applied"]
    assert len(directory.writes(one)) == 1


def test_a_directory_that_does_not_answer_pauses_the_plan(browser, directory):
    people = listing(directory, 5)
    page = confirmed(browser, of(people), 5)
    directory.fault("status-503", on="assign", times=3)
    press(browser, page, "run")
    assert (state(browser), list(results(browser).values())) == ("paused", ["unknown"] * 3 + ["", ""])
    assert "The directory does not answer" in text_of(browser.last)
    press(browser, page, "run")
    assert (state(browser), list(results(browser).values())) == ("done", ["unknown"] * 3 + ["applied"] * 2)
    assert [len(directory.writes(one)) for one in people] == [1] * 5


def test_what_was_made_elsewhere_meanwhile_is_not_made_twice_by_trying_again(browser, directory):
    (one,) = listing(directory, 1)
    page = confirmed(browser, of([one]), 1)
    directory.fault("status-429", on="assign")
    press(browser, page, "run")
    directory.server.control("add", org="acme", subject_id=one, code="worker", status="active")
    sent = len(directory.writes(one))
    press(browser, page, "retry")
    press(browser, page, "run")
    assert list(checks(browser).values()) == ["ready"]
    assert browser.soup.select("tr[data-line='2']")[-1]["data-result"] == "failed"
    assert len(directory.writes(one)) == sent


def test_the_rest_of_a_stopped_plan_is_uploaded_again(browser, directory):
    people = listing(directory, CHUNK_ROWS + 2)
    page = confirmed(browser, of(people), CHUNK_ROWS + 2)
    press(browser, page, "run")
    press(browser, page, "stop")
    rest = browser.get(page.url + "rest.csv")
    assert rest.headers["Content-Disposition"].endswith('filename="rest.csv"')
    again = plan(browser, data=rest.content)
    unsent = writes_to(directory, people).count(0)
    assert unsent >= 2
    assert set(checks(browser).values()) == {"ready"}
    press(browser, again, "confirm", count=str(unsent))  # any other number is refused
    run_to_end(browser, again, directory, people)
    assert writes_to(directory, people) == [1] * len(people)


def test_formulas_and_nul_bytes_are_told_and_never_run(browser):
    cells = ["=1+1", "+1", "-1", "@SUM(A1)", "a\x00b", "'=really"]
    plan(browser, data=("subject_id,code\n" + "".join(f"{cell},worker\n" for cell in cells)).encode())
    assert list(checks(browser).values()) == ["unreadable"] * 5 + ["unknown_person"]
    assert browser.soup.select_one("tr[data-line='7']")["data-subject-id"] == "=really"
    assert "NUL byte" in text_of(browser.last)
    failures = browser.get(browser.last.url + "failures.csv").content
    rows = list(csv.reader(io.StringIO(failures.decode())))[1:]
    assert [row[0][:1] for row in rows] == ["'"] * 4 + ["a", "'"], "no spreadsheet runs it"
    plan(browser, data=failures)
    assert list(checks(browser).values()) == ["unknown_person"] * 6, "our own lists are read as they were meant"


def test_accounts_are_deleted_by_email_and_username(browser, directory):
    one, other, _ = (directory.person("worker", name=name) for name in ("Elma Mail", "Usha Name", "Elma Name"))
    lines = (
        "email,username,code\nELMA.MAIL@acme.example,,worker\n,Usha.Name,worker\n,,worker\nno@acme.example,,worker\n"
    )
    page = confirmed(browser, lines, 2, action="delete", message="left")
    assert list(checks(browser).values()) == ["ready", "ready", "unreadable", "unknown_person"]
    press(browser, page, "run")
    assert list(results(browser).values()) == ["applied", "applied", "", ""]
    assert [one["method"] for subject in (one, other) for one in directory.writes(subject)] == ["DELETE"] * 2


def test_the_log_by_plan(ada, directory, console, sign_in):
    people = listing(directory, 3)
    (alone,) = listing(directory, 1)
    page = confirmed(ada, of(people[:2]), 2)
    press(ada, page, "run")
    path = "/orgs/acme/accounts/assign/"
    ada.post(path, {**ada.form(path), "subject_id": alone, "code": "worker"})
    other = confirmed(ada, of(people[2:]), 1)
    press(ada, other, "run")
    link = ada.get(page.url) and ada.soup.select_one("a[href*='/changes/?plan=']")["href"]
    ada.get(link)
    assert ada.soup.select_one("h1").get_text() == "Changes of a plan"
    rows = [row["data-subject-id"] for row in ada.soup.select("tr[data-change-id]")]
    assert sorted(rows) == sorted(people[:2])
    assert ada.soup.select_one("main a[data-plan]")["href"] in page.url
    chip = ada.soup.select_one("ul.chips a.chip")
    assert "plan=" not in chip["href"]
    assert "Plan: " in chip.get_text()
    for name in ("export.csv", "export.jsonl"):
        shown = ada.soup.select_one(f"#log-head a[href*='{name}']")["href"]
        exported = ada.session.get(ada.url + shown, timeout=60).text
        assert {one for one in [*people, alone] if one in exported} == set(people[:2]), name
    assert [row["subject_id"] for row in csv.DictReader(io.StringIO(csv_text(ada.get(f"{LOG}export.csv{link[link.index('?'):]}"))))] == rows  # fmt: skip

    ada.get(f"{LOG}?group=plan&per_page=50")
    told = [" ".join(one.get_text(" ").split()) for one in ada.soup.select("tr.change-group th")]
    assert told[0].startswith("Plan: assign") and "1 change" in told[0]
    assert told[1].startswith("Not from a plan")
    assert told[2].startswith("Plan: assign") and "2 changes" in told[2]
    heads = ada.soup.select("tr.change-group a[data-plan]")
    assert [one["href"] in at.url for one, at in zip(heads, (other, page), strict=False)] == [True, True]

    otto = sign_in(console, "otto")
    otto.get(f"{LOG}?group=plan")
    assert otto.soup.select_one("tr.change-group [data-plan]").name == "span", "an auditor cannot open the plan"
    assert changes_of(ada, "plan=01234567-89ab-cdef-0123-456789abcdef") == []
    assert "This plan has been deleted: plans are kept for 30 days." in text_of(ada.last)
    assert ada.get(f"{LOG}?plan=1").status_code == 400


def test_old_plans_are_deleted_and_their_changes_stay(browser, directory, sqlite_console):
    (one,) = listing(directory, 1)
    page = confirmed(browser, of([one]), 1)
    press(browser, page, "run")
    number = page.url.rstrip("/").split("/")[-1]
    (change,) = changes_of(browser, f"plan={number}")
    assert sqlite_console.manage("purge_plans").stdout == "0 plans deleted.\n"
    old = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=31)
    script = f"from accounts_ui.plans.models import Plan; Plan.objects.filter(pk='{number}').update(created_at='{old}')"
    sqlite_console.manage("shell", "--no-imports", "-v", "0", "-c", script)
    assert sqlite_console.manage("purge_plans").stdout == "1 plans deleted.\n"
    assert browser.get(page.url).status_code == 404
    assert "Plans are kept for 30 days." in text_of(browser.last)
    assert browser.get(f"{LOG}{change}/").status_code == 200


def test_text_that_is_too_long_to_paste_is_to_be_uploaded(browser):
    pasted = plan(browser, "subject_id,code\n" + "somebody,worker\n" * 80_000)
    assert pasted.status_code == 413
    assert "upload a long list as a file" in text_of(pasted)
    fragment = browser.post(BULK, {**browser.form(BULK), "list": "x" * 2_000_000}, htmx=True)
    assert (fragment.status_code, "<html" in fragment.text) == (413, False)
    assert plan(browser, data=b"subject_id,code\n" + b"somebody,worker\n" * 80_000).status_code == 400, "20,000 rows"


class Endless:
    """A form with a file of that many bytes, made while it is sent."""

    def __init__(self, fields, size):
        lines = [f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{fields[name]}' for name in fields]
        lines.append('--b\r\nContent-Disposition: form-data; name="file"; filename="list.csv"\r\n\r\nsubject_id,code\n')
        self.start, self.end = "\r\n".join(lines).encode(), b"\r\n--b--\r\n"
        self.left = size
        self.length = len(self.start) + size + len(self.end)

    def __len__(self):
        return self.length

    def read(self, most):
        start, self.start = self.start, b""
        if start:
            return start
        rows, self.left = b"a,b\n" * (min(most, self.left) // 4), self.left - min(most, self.left) // 4 * 4
        if rows:
            return rows
        end, self.end = self.end, b""
        return end


def peak(pid):
    """The most memory that a process and its children ever had, in kB."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    own = int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()).group(1))
    return own + sum(peak(child) for child in children)


def test_a_hundred_megabytes_are_refused_and_never_in_memory(browser, sqlite_console):
    body = Endless({**browser.form(BULK), "action": "assign"}, 100 * 1024 * 1024)
    before = peak(sqlite_console.server.process.pid)
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = browser.session.post(browser.url + BULK, data=body, headers=kind, timeout=120)
    assert answer.status_code == 413
    assert "A file may have 5 MB at most" in text_of(answer)
    assert peak(sqlite_console.server.process.pid) - before < 40 * 1024
