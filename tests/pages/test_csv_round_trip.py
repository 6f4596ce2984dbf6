"""What the console exports can be uploaded again, and no spreadsheet runs any of it, whichever separator it expects."""

import csv
import io
import uuid

import pytest

from tests.servers import csv_text, text_of

BULK = "/orgs/acme/accounts/bulk/"
SEPARATORS = ",;\t"
FORMULA = "=+-@＝＋－＠"


@pytest.fixture
def browser(sqlite_console, sign_in):
    return sign_in(sqlite_console, "ada")


def upload(browser, data, action):
    status = "disabled" if action == "change_status" else ""
    fields = {**browser.form(BULK), "action": action, "status": status}
    page = browser.session.post(browser.url + BULK, data=fields, files={"file": ("list.csv", data)}, timeout=60)
    assert page.status_code == 200, text_of(page)
    return browser._keep(page)


def subject_ids(browser):
    return [row["data-subject-id"] for row in browser.soup.select("tr[data-line]")]


def check_inert(text):
    assert text.startswith('"')
    assert len(list(csv.reader(io.StringIO(text, newline=""), strict=True))) > 1
    for separator in SEPARATORS:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            for cell in row:
                visible = "".join(character for character in cell if character.isprintable()).lstrip()
                assert not visible or visible[0] not in FORMULA, (separator, cell)


def test_an_export_can_be_uploaded_and_runs_no_formula(browser, directory):
    mark = uuid.uuid4().hex
    expected = [f"{start}{mark}" for start in ("=1+1;", "+a", "＝1;＋1,", "a;=1+1;", 'b,"=1+1,', "c'", "'=d", ";;@")]
    for subject_id in expected:
        name = 'Bo;=HYPERLINK("http://127.0.0.1/")\n－1'
        directory.server.control("add", org="acme", subject_id=subject_id, name=name, code="worker", status="active")
    text = csv_text(browser.get(f"/orgs/acme/accounts/export.csv?q={mark}&code=worker"))
    check_inert(text)
    upload(browser, text.encode(), "change_status")
    assert sorted(set(subject_ids(browser))) == sorted(expected)
    checks = {row["data-subject-id"]: row["data-check"] for row in browser.soup.select("tr[data-check][data-line]")}
    assert checks == dict.fromkeys(expected, "ready")
    rest = csv_text(browser.get(browser.last.url + "rest.csv"))
    check_inert(rest)
    upload(browser, rest.encode(), "change_status")
    assert sorted(subject_ids(browser)) == sorted(expected)


def test_failures_can_be_uploaded_and_run_no_formula(browser):
    written = ["=1+1", "'=2", "''=1", "x;=1;'+2", "＝1", "y\t=1", 'z"=1', "  @a"]
    text = io.StringIO()
    csv.writer(text).writerows([["subject_id", "code"], *([cell, "worker"] for cell in written)])
    upload(browser, text.getvalue().encode(), "assign")
    first = subject_ids(browser)
    assert first == ["=1+1", "=2", "'=1", "x;=1;+2", "＝1", "y\t=1", 'z"=1', "@a"]
    failures = csv_text(browser.get(browser.last.url + "failures.csv"))
    check_inert(failures)
    upload(browser, failures.encode(), "assign")
    assert subject_ids(browser) == first
    second = csv_text(browser.get(browser.last.url + "failures.csv"))
    exported, exported_again = (
        [row[:2] for row in csv.reader(io.StringIO(text, newline=""))] for text in (failures, second)
    )
    assert exported == exported_again, "nothing grows from one round to the next"
