"""Rows as they really come: sentinel dates, blank names, letters that do not decompose, numbers for ids."""

import base64
import json
from urllib.parse import quote, urlencode

import pytest

from tests.servers import text_of

ZONES = ("Pacific/Kiritimati", "Etc/GMT+12", "UTC")
ACCOUNT = {"account_code": "worker", "status": "active", "org_id": "acme"}


def person(subject_id, given, family, email, username=""):
    traits = {"name": {"given_name": given, "family_name": family}, "email": email, "username": username}
    return {"identity": {"id": subject_id, "traits": traits}, "acls": ["members"], "org_id": "acme", "status": "active"}


ROWS = [
    {
        **ACCOUNT,
        "subject_id": "p-1",
        "creation_date": "0001-01-01T00:00:00Z",
        "expiration_date": "9999-12-31T23:59:59Z",
    },
    person("p-2", " ", "\u200b", "blank@acme.example", "blank"),
    {**ACCOUNT, "subject_id": "p-2"},
    person("p-3", "می\u200cخواهم", "رضایی", "p3@acme.example"),
    person("p-5", "Işıl", "Østergård", "p5@acme.example"),
    person("p-6", "Bo", "O’Brien", "bo.o'brien@acme.example"),
    person("p-7", "José", "Müller", "jose\u0301@acme.example"),
    {**ACCOUNT, "subject_id": 12345, "account_code": "visitor"},
    {**ACCOUNT, "subject_id": "100%", "account_code": "visitor"},
]


@pytest.fixture
def ada(sqlite_console, sign_in, directory):
    body = base64.b64encode(json.dumps(ROWS).encode()).decode()
    directory.fault("raw", on="list", times=1000, body=body, headers=[["Content-Type", "application/json"]])
    return sign_in(sqlite_console, "ada")


def found(browser, q):
    """The subject ids that a search of the list finds."""
    page = browser.get("/orgs/acme/accounts/?" + urlencode({"q": q}))
    assert page.status_code == 200
    return {row["data-subject-id"] for row in browser.soup.select("tr[data-subject-id]")}


@pytest.mark.parametrize("zone", ZONES)
def test_sentinel_dates_are_shown_everywhere(ada, sqlite_console, zone):
    ada.session.cookies.set("console-zone", quote(zone, safe=""))
    columns = "name,code,status,created,effective,expires"
    for path in (f"accounts/?columns={columns}", "users/p-1/", "accounts/p-1/worker/status/", "accounts/export.csv"):
        page = ada.get(f"/orgs/acme/{path}")
        assert page.status_code == 200, (path, text_of(page))
        assert "9999" in page.text


def test_a_blank_name_is_no_name(ada):
    ada.get("/orgs/acme/accounts/")
    [row, account] = ada.soup.select("tr[data-subject-id=p-2]")
    for shown in (row, account):
        assert shown.select_one(".person a").get_text(strip=True) == "blank@acme.example"
    assert ada.get("/orgs/acme/users/p-2/").status_code == 200
    assert ada.soup.select_one("h1").get_text(" ", strip=True).endswith("blank@acme.example")


def test_a_name_is_shown_letter_for_letter(ada):
    assert "می\u200cخواهم رضایی" in ada.get("/orgs/acme/accounts/").text


@pytest.mark.parametrize(
    ("q", "subject_id"),
    [
        ("isil", "p-5"),
        ("ışıl", "p-5"),
        ("ISIL ostergard", "p-5"),
        ("ØSTERGÅRD, Işıl", "p-5"),
        ("O'Brien", "p-6"),
        ("obrien", "p-6"),
        ("bo.o’brien@acme.example", "p-6"),
        ("josé@acme.example", "p-7"),
        ("jose\u0301 MULLER", "p-7"),
        ("José Müller <josé@acme.example>", "p-7"),
        ("mailto:josé@acme.example", "p-7"),
        ("میخواهم", "p-3"),
        ("12345", "12345"),
    ],
)
def test_searches_of_list_and_person_picker(ada, q, subject_id):
    assert found(ada, q) == {subject_id}
    ada.get("/orgs/acme/accounts/assign/?" + urlencode({"who": q}))
    assert [person["data-subject-id"] for person in ada.soup.select("li[data-subject-id]")] == [subject_id]


def test_a_number_for_an_id_is_text(ada):
    ada.get("/orgs/acme/accounts/")
    assert ada.soup.select_one("tr[data-subject-id='12345']")["data-code"] == "visitor"
    assert ada.get("/orgs/acme/users/12345/").status_code == 200


def test_an_id_that_can_have_no_page_is_listed_without_links(ada):
    ada.get("/orgs/acme/accounts/")
    row = ada.soup.select_one("tr[data-subject-id='100%']")
    assert not row.select("a[href*='100']")
