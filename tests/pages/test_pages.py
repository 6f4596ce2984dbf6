"""The pages: rows as the directory gives them, in every shape; search, sort, paging; exports; headers."""

import csv
import io
import re

import pytest

from tests.servers import csv_text


@pytest.fixture
def browser(sqlite_console, sign_in):
    return sign_in(sqlite_console, "ada")


def total(browser):
    return int(browser.soup.select_one("table[data-total]")["data-total"])


@pytest.mark.parametrize(
    ("shape", "rows"), [("reference", "people"), ("account", "accounts"), ("type", None), ("mixed", "both")]
)
def test_every_shape(browser, directory, shape, rows):
    directory.reset(shape)
    people = len(directory.server.control("people", org="acme"))
    accounts = len(directory.server.control("accounts", org="acme"))
    expected = {"people": people, "accounts": accounts, "both": people + accounts + 1, None: 0}[rows]
    page = browser.get("/orgs/acme/accounts/?per_page=500")
    assert page.status_code == 200
    assert total(browser) == expected
    assert len(browser.soup.select("tbody tr[data-status]")) == expected
    browser.get("/orgs/acme/types/")
    assert total(browser) >= 8


def test_what_nobody_described_survives(browser, directory):
    directory.person("worker", status="suspended-by-hr")
    page = browser.get("/orgs/acme/accounts/?per_page=500")
    assert "robot" in page.text, "an unknown row is shown as it came"
    assert 'data-status="suspended-by-hr"' in page.text
    assert "person no longer exists" in page.text
    assert "1990-01-01" not in page.text
    assert "pictures.example" not in page.text


def test_no_catalogue(browser, directory):
    directory.reset("account", catalogue=False)
    page = browser.get("/orgs/acme/types/")
    assert page.status_code == 200
    assert "cannot be read" in page.text
    assert total(browser) >= 4


def test_search_folds_accents_and_case(browser, directory):
    subject = directory.person(name="Žofie Çelik")
    browser.get("/orgs/acme/accounts/?q=zofie+CELIK")
    assert [row["data-subject-id"] for row in browser.soup.select("tr[data-subject-id]")] == [subject]


def test_filters_sort_and_paging(browser, directory):
    browser.get("/orgs/acme/accounts/?status=active&type=worker&per_page=500")
    rows = browser.soup.select("tbody tr[data-status]")
    assert rows
    assert {(row["data-status"], row["data-code"]) for row in rows} == {("active", "worker")}
    browser.get("/orgs/acme/accounts/?sort=code&per_page=500")
    codes = [row["data-code"] for row in browser.soup.select("tr[data-code]")]
    assert codes == sorted(codes)
    browser.get("/orgs/acme/accounts/?sort=-code&per_page=500")
    assert [row["data-code"] for row in browser.soup.select("tr[data-code]")] == sorted(codes, reverse=True)
    whole = [row.get_text() for row in _all(browser, "/orgs/acme/accounts/?per_page=500")]
    paged = [row.get_text() for n in range(1, 20) for row in _page(browser, n)]
    assert [re.sub(r"\s+", " ", text) for text in paged] == [re.sub(r"\s+", " ", text) for text in whole]


def _all(browser, path):
    browser.get(path)
    return browser.soup.select("tbody tr[data-status]")


def _page(browser, number):
    browser.get(f"/orgs/acme/accounts/?per_page=7&page={number}")
    pages = int(re.search(r"Page \d+ of (\d+)", browser.last.text).group(1))
    return browser.soup.select("tbody tr[data-status]") if number <= pages else []


def test_export_is_what_is_seen_and_runs_no_formula(browser, directory):
    subject = directory.person("worker", name="=HYPERLINK(1)")
    page = browser.get(f"/orgs/acme/accounts/export.csv?q={subject}")
    rows = list(csv.DictReader(io.StringIO(csv_text(page))))
    assert [row["subject_id"] for row in rows] == [subject, subject]
    assert {row["name"] for row in rows} == {"'=HYPERLINK(1)"}


def test_markup_in_names_is_text(browser, directory):
    subject = directory.person("worker", name="<img src=x onerror=alert(1)>")
    for path in (f"/orgs/acme/accounts/?q={subject}", f"/orgs/acme/users/{subject}/", "/orgs/acme/accounts/assign/"):
        page = browser.get(path)
        assert "<img" not in page.text
        assert "&lt;img" in page.text


def test_fragments(browser):
    page = browser.get("/orgs/acme/accounts/", htmx=True)
    assert "<html" not in page.text
    assert "HX-Request" in page.headers["Vary"]
    assert "HX-Request" in browser.get("/orgs/acme/accounts/").headers["Vary"]


def test_headers(browser):
    page = browser.get("/orgs/acme/accounts/")
    policy = page.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Referrer-Policy"] == "same-origin"


def test_the_token_is_the_admins_own_and_the_request_id_goes_along(browser, directory):
    page = browser.get("/orgs/acme/accounts/", X_Request_ID="trace-7")
    assert page.headers["X-Request-ID"] == "trace-7"
    assert {one["request_id"] for one in directory.journal() if one["operation"] == "list"} >= {"trace-7"}


def test_the_log_page(browser, directory):
    subject = directory.person("worker", name="Lena Log")
    path = f"/orgs/acme/accounts/{subject}/worker/status/"
    sent = {**browser.form(path), "status": "expired", "message": "on leave"}
    browser.post(path, sent)
    for query in (
        "q=Lena",
        f"subject_id={subject}",
        "q=on+leave&action=change_status&outcome=applied&code=worker&actor=Ada",
    ):
        browser.get(f"/orgs/acme/changes/?{query}")
        row = browser.soup.select_one(f'tr[data-change-id="{sent["operation_id"]}"]')
        assert row is not None, query
        assert (row["data-action"], row["data-outcome"], row["data-code"]) == ("change_status", "applied", "worker")
        assert "Ada Admin changed Lena Log’s Worker account from active to expired" in row.get_text()
        assert "active → expired" in row.get_text()
    browser.get("/orgs/acme/changes/?q=Lena&until=2020-01-01")
    assert total(browser) == 0
    assert browser.get("/orgs/globex/changes/?q=Lena").status_code == 200
    assert total(browser) == 0, "another organization's log"
    assert browser.get(f"/orgs/globex/changes/{sent['operation_id']}/").status_code == 404
    rows = list(
        csv.DictReader(io.StringIO(csv_text(browser.get(f"/orgs/acme/changes/export.csv?subject_id={subject}"))))
    )
    assert [row["outcome"] for row in rows] == ["applied"]


def test_every_error_has_an_explanation(sqlite_console):
    script = (
        "from accounts_ui.views.error_map import EXPLANATIONS as known\n"
        "from accounts_ui.directory import errors as d; from accounts_ui.services import errors as s\n"
        "def leaves(c): return [c] + [x for k in c.__subclasses__() for x in leaves(k)]\n"
        "names = [c for r in (d.DirectoryError, s.ServiceError) for c in leaves(r)[1:] if not c.__name__.startswith('_')]\n"
        "print([c.__name__ for c in names if c not in known])"
    )
    done = sqlite_console.manage("shell", "--no-imports", "-v", "0", "-c", script)
    assert done.stdout.strip() == "[]", done.stderr
