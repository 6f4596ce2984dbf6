"""Pages say what and whom they are about: titles, people of one name, filters that contradict each other, paper."""

import base64
import json

import pytest

from tests.servers import outcome_of, text_of

NAMESAKES = [("p-kim-1", "kim.lee@acme.example"), ("p-kim-2", "k.lee@acme.example")]


def rows():
    """Return the people and their type, named: else its name is what the log of other tests says."""
    made = [{"code": "worker", "name": "Worker", "status": "published"}]
    for subject_id, email in NAMESAKES:
        traits = {"name": {"given_name": "Kim", "family_name": "Lee"}, "email": email}
        made.append({"identity": {"id": subject_id, "traits": traits}, "acls": ["members"], "status": "active"})
        made.append({"subject_id": subject_id, "account_code": "worker", "status": "active"})
    return made


@pytest.fixture
def ada(sqlite_console, sign_in, directory):
    body = base64.b64encode(json.dumps(rows()).encode()).decode()
    directory.fault("raw", on="list", times=1000, body=body, headers=[["Content-Type", "application/json"]])
    return sign_in(sqlite_console, "ada")


@pytest.mark.parametrize(("subject_id", "email"), NAMESAKES)
def test_people_of_one_name_are_told_apart(ada, directory, subject_id, email):
    for form in ("status", "delete"):
        ada.get(f"/orgs/acme/accounts/{subject_id}/worker/{form}/")
        facts = ada.soup.select_one("dl.facts").get_text()
        assert email in facts
        assert subject_id in facts
    directory.fault("status-403", on="delete", times=1)
    path = f"/orgs/acme/accounts/{subject_id}/worker/delete/"
    page = ada.post(path, ada.form(path))
    assert outcome_of(page) == "not_applied"
    result = ada.soup.select_one("[data-outcome]").get_text()
    assert email in result
    assert subject_id in result


def test_people_of_one_name_are_told_apart_in_a_plan(ada):
    form = ada.form("/orgs/acme/accounts/bulk/", "/bulk/")
    listed = "subject_id,code\n" + "".join(f"{subject_id},worker\n" for subject_id, _ in NAMESAKES)
    page = ada.post("/orgs/acme/accounts/bulk/", {**form, "action": "delete", "list": listed})
    assert page.status_code == 200, text_of(page)
    shown = [row.select_one("td:nth-of-type(2)").get_text() for row in ada.soup.select("tr[data-line]")]
    assert len(shown) == 2
    for text, (subject_id, email) in zip(shown, NAMESAKES, strict=True):
        assert email in text
        assert subject_id in text


TITLES = {
    "accounts/": "Accounts",
    "types/": "Account types",
    "changes/": "Change log",
    "accounts/bulk/": "Bulk changes",
    "users/p-kim-1/": "Kim Lee",
    "accounts/p-kim-1/worker/status/": "Change status: Kim Lee",
    "accounts/p-kim-1/worker/delete/": "Delete account: Kim Lee",
    "accounts/assign/": "Assign an account",
    "accounts/assign/?subject_id=p-kim-2": "Assign an account: Kim Lee",
}


@pytest.mark.parametrize("path", TITLES)
def test_titles_name_page_person_and_organization(ada, path):
    ada.get(f"/orgs/acme/{path}")
    title = " ".join(ada.soup.select_one("title").get_text().split())
    assert title.startswith(f"{TITLES[path]} · Acme GmbH · ")
    fragment = ada.get(f"/orgs/acme/{path}", htmx=True)
    assert fragment.headers["X-Page-Title"].startswith(f"{TITLES[path].split(':')[0].replace(' ', '%20')}")


def test_the_title_of_a_missing_person_names_the_organization(ada):
    assert ada.get("/orgs/acme/users/nobody/").status_code == 404
    assert " · Acme GmbH · " in ada.soup.select_one("title").get_text()


@pytest.mark.parametrize(
    "dates",
    [
        "since=2026-02-01&until=2026-01-31",
        "since=2026-02-01T12:00:00Z&until=2026-02-01T12:00:00Z",
        "since=9999-12-31&until=0001-01-01",
    ],
)
def test_dates_that_contradict_each_other_say_so(ada, dates):
    page = ada.get(f"/orgs/acme/changes/?{dates}")
    assert page.status_code == 400
    assert "“Since” is later than “Until”" in ada.soup.select_one("#results [role=alert]").get_text()
    assert ada.soup.select_one("input[name=since]")["value"], "the filters stay, to be changed"
    for export in ("export.csv", "export.jsonl", "evidence.zip"):
        page = ada.get(f"/orgs/acme/changes/{export}?{dates}")
        assert page.status_code == 400
        assert "“Since” is later than “Until”" in text_of(page)


@pytest.mark.parametrize("dates", ["since=2026-01-31&until=2026-01-31", "since=0001-01-01", "until=9999-12-31"])
def test_other_dates_are_filters(ada, dates):
    for zone in ("Pacific/Kiritimati", "Etc/GMT+12"):
        ada.session.cookies.set("console-zone", zone.replace("/", "%2F").replace("+", "%2B"))
        assert ada.get(f"/orgs/acme/changes/?{dates}").status_code == 200
        assert not ada.soup.select("#results [role=alert]")


def test_paper_names_organization_filters_and_time(ada):
    for path, said in {
        "accounts/?q=kim&status=active&type=worker": ["Search: kim", "Status: active", "Type: Worker"],
        "types/?q=work": ["Search: work"],
        "changes/": [],
        "users/p-kim-1/": [],
    }.items():
        ada.get(f"/orgs/acme/{path}")
        summary = ada.soup.select_one("[data-print-summary]")
        text = " ".join(summary.get_text(" ").split())
        assert text.startswith("Acme GmbH")
        assert summary.select_one("time")
        for each in said:
            assert each in text
