"""What each person keeps of the lists: columns and page size, saved views; and what is posted of selected rows."""

import csv
import io
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.conftest import DATABASES
from tests.servers import csv_text, text_of

ACCOUNTS = "/orgs/acme/accounts/"
ALL = ["name", "subject_id", "code", "status", "roles", "created", "effective", "expires", "changed"]


@pytest.fixture
def sqlite_console(own_consoles, directory):
    return own_consoles("sqlite")


@pytest.fixture(params=DATABASES)
def console(request, own_consoles, directory):
    return own_consoles(request.param)


@pytest.fixture
def ada(sqlite_console, sign_in):
    return sign_in(sqlite_console, "ada")


@pytest.fixture
def otto(sqlite_console, sign_in):
    return sign_in(sqlite_console, "otto")


def heads(browser, query: str = "") -> list[str]:
    browser.get(f"{ACCOUNTS}{query}")
    return [link["id"].removeprefix("sort-") for link in browser.soup.select("th[aria-sort] a")]


def arrange(browser, chosen: list[str], query: str = "", **more: str):
    sent = browser.form(f"{ACCOUNTS}{query}", "/accounts/columns/")
    order = [*chosen, *(name for name in ALL if name not in chosen)]
    fields = {"csrfmiddlewaretoken": sent["csrfmiddlewaretoken"], "query": sent["query"], "per_page": "25", **more}
    return browser.post(f"{ACCOUNTS}columns/", {**fields, "order": order, "columns": chosen})


def test_columns_and_page_size_are_a_persons_own_and_an_address_is_above_them(console, directory, sign_in):
    ada, otto = sign_in(console, "ada"), sign_in(console, "otto")
    before = heads(otto)
    page = arrange(ada, ["status", "name", "expires"], "?q=a&status=active&columns=name,code&page=2")
    assert parse_qs(urlsplit(page.url).query) == {"q": ["a"], "status": ["active"]}, "the address no longer overrides"
    assert heads(ada) == ["status", "name", "expires"]
    assert len(ada.soup.select("tr[data-status]")) == 25
    ada.get("/orgs/globex/accounts/")
    assert ada.soup.select_one("th[aria-sort] a")["id"] == "sort-status", "in each organization"
    assert heads(ada, "?columns=changed,name") == ["changed", "name"]
    assert heads(otto) == before, "another person's are another's"
    assert arrange(otto, ["name", "roles"]).status_code == 200, "an auditor has likes, too"
    assert heads(otto) == ["name", "roles"]
    assert heads(sign_in(console, "ada")) == ["status", "name", "expires"], "and at the next sign-in"
    arrange(ada, ["name"], move="", reset="1")
    assert heads(ada) == before


def test_columns_move_without_scripts(ada, directory):
    arrange(ada, ["name", "code", "status"], move="up:status")
    assert heads(ada) == ["name", "status", "code"]
    arrange(ada, ["name", "status", "code"], move="down:name")
    assert heads(ada) == ["status", "name", "code"]
    arrange(ada, ["status", "name", "code"], move="up:status")
    assert heads(ada) == ["status", "name", "code"], "the first one stays the first"


def test_no_column_that_there_is_not_and_no_other_size(ada, directory):
    assert arrange(ada, ["name", "shoe_size"]).status_code == 400
    assert arrange(ada, ["name"], per_page="7").status_code == 400
    token = ada.form(ACCOUNTS, "/accounts/columns/")
    assert ada.post(f"{ACCOUNTS}columns/", {**token, "csrfmiddlewaretoken": "x"}).status_code == 403


def test_an_address_to_share_shows_the_same_to_everybody(ada, otto, directory):
    arrange(ada, ["status", "name", "changed"])
    page = ada.get(f"{ACCOUNTS}?status=active&sort=-created")
    mine = [row.get_text(" ", strip=True) for row in ada.soup.select("tr[data-status] td[data-label]")]
    address = ada.soup.select_one("a[data-copies]")["href"]
    assert page.status_code == 200
    otto.get(f"{ACCOUNTS}{address}")
    assert [row.get_text(" ", strip=True) for row in otto.soup.select("tr[data-status] td[data-label]")] == mine


def save(browser, name: str, query: str, page: str = "accounts"):
    fields = browser.form(f"/orgs/acme/{page}/{query}", "/orgs/acme/views/")
    return browser.post("/orgs/acme/views/", {**fields, "do": "save", "page": page, "name": name, "query": query[1:]})


def saved(browser, path: str = ACCOUNTS) -> dict[str, str]:
    browser.get(path)
    return {link.get_text(): link["href"] for link in browser.soup.select(".view-list a")}


def test_saved_views(ada, otto, directory):
    page = save(ada, "  Pending   people ", "?status=pending&sort=-created&page=3&evil=1")
    assert page.status_code == 200
    views = saved(ada)
    assert parse_qs(urlsplit(views["Pending people"]).query) == {"status": ["pending"], "sort": ["-created"]}
    assert ada.get(views["Pending people"]).status_code == 200
    assert {row["data-status"] for row in ada.soup.select("tr[data-status]")} == {"pending"}
    save(ada, "Pending people", "?status=disabled")
    assert saved(ada)["Pending people"].endswith("?status=disabled"), "the name means the new one from now on"
    assert saved(otto) == {}
    assert saved(ada, "/orgs/globex/accounts/") == {}
    save(ada, "Drafts", "?status=draft", page="types")
    assert list(saved(ada, "/orgs/acme/types/")) == ["Drafts"]
    fields = ada.form(ACCOUNTS, "/orgs/acme/views/")
    assert (fields["do"], fields["name"]) == ("delete", "Pending people")
    assert ada.post("/orgs/acme/views/", fields).status_code == 200
    assert saved(ada) == {}


@pytest.mark.parametrize("name", ["", " ", "x" * 81, "a\u202eb"])
def test_names_that_no_view_has(ada, directory, name):
    assert save(ada, name, "?q=a").status_code == 400
    assert name not in saved(ada)


def test_views_have_a_limit(ada, directory):
    fields = ada.form(ACCOUNTS, "/orgs/acme/views/")
    for number in range(50):
        sent = {**fields, "do": "save", "name": f"view {number}", "query": "q=a"}
        assert ada.post("/orgs/acme/views/", sent, follow=False).status_code == 303
    assert ada.post("/orgs/acme/views/", {**fields, "do": "save", "name": "one more"}).status_code == 400
    assert ada.post("/orgs/acme/views/", {**fields, "do": "save", "name": "view 7", "query": "q=b"}).status_code == 200
    for number in range(50):
        ada.post("/orgs/acme/views/", {**fields, "do": "delete", "name": f"view {number}"}, follow=False)


def test_the_forms_lead_to_lists_only(ada, directory):
    fields = ada.form(ACCOUNTS, "/orgs/acme/views/")
    for query in ("//evil.example/", "next=//evil.example", "q=%0d%0aSet-Cookie:x"):
        answer = ada.post("/orgs/acme/views/", {**fields, "do": "delete", "query": query}, follow=False)
        assert answer.status_code == 303
        assert answer.headers["Location"].split("?")[0] == ACCOUNTS
    assert ada.get("/orgs/acme/views/").url.endswith(ACCOUNTS), "as after signing in again"


def test_the_selected_rows_as_csv(ada, otto, directory):
    first, second = directory.person("worker", name="Sela One"), directory.person("gold", name="Sela Two")
    for browser in (ada, otto):
        page = browser.get(f"{ACCOUNTS}?q=sela")
        values = [box["value"] for box in browser.soup.select("tbody input[name=selected][form=selection]")]
        assert sorted(values) == sorted([f"{first},", f"{first},worker", f"{second},", f"{second},gold"])
        token = browser.form(ACCOUNTS, "/accounts/export.csv")["csrfmiddlewaretoken"]
        for selected in ([f"{first},worker", f"{second},"], f"{first},worker\r\n{second},\r\nnobody,gold"):
            page = browser.post(f"{ACCOUNTS}export.csv", {"csrfmiddlewaretoken": token, "selected": selected})
            rows = list(csv.DictReader(io.StringIO(csv_text(page))))
            assert [(row["subject_id"], row["code"]) for row in rows] == [(first, "worker"), (second, "")]
        for wrong in ("no pair", ",worker", "\n".join(f"s{n},worker" for n in range(5001))):
            page = browser.post(f"{ACCOUNTS}export.csv", {"csrfmiddlewaretoken": token, "selected": wrong})
            assert page.status_code == 400, text_of(page)


def test_what_can_be_selected_of_all_that_match(ada, directory):
    subject = directory.person("worker", name="Mara Match")
    page = ada.get(f"{ACCOUNTS}matching/?q=mara")
    assert page.headers["Content-Type"].startswith("text/plain")
    assert page.text.split("\n") == [f"{subject},", f"{subject},worker"]
    everything = ada.get(f"{ACCOUNTS}matching/").text.split("\n")
    ada.get(f"{ACCOUNTS}?per_page=500")
    assert everything == [box["value"] for box in ada.soup.select("tbody input[name=selected]")]
