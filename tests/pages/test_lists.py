"""The lists: search, facets with counts, sorting by every column, chosen columns, and their designed states."""

import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.servers import text_of

ACCOUNTS = "/orgs/acme/accounts/"
COLUMNS = ["name", "subject_id", "code", "status", "roles", "created", "effective", "expires", "changed"]


@pytest.fixture
def ada(sqlite_console, sign_in):
    return sign_in(sqlite_console, "ada")


def listed(browser, **query: str) -> list[tuple[str, str]]:
    page = browser.get(f"{ACCOUNTS}?{urlencode({'per_page': 500, **query})}")
    assert page.status_code == 200, text_of(page)
    rows = browser.soup.select("tr[data-status]")
    assert len(rows) == int(browser.soup.select_one("table[data-total]")["data-total"])
    return [(row.get("data-subject-id", ""), row.get("data-code", "")) for row in rows]


def facets(browser) -> dict[str, dict[str, tuple[int, bool, str]]]:
    """Of each facet its values: the count, whether it is chosen, and where the link leads."""
    found: dict[str, dict[str, tuple[int, bool, str]]] = {}
    for nav in browser.soup.select("nav.facet"):
        of = found.setdefault(nav["aria-label"], {})
        for link in nav.select("a"):
            count = int(link.select_one(".facet-count").get_text())
            word = next(link.strings()).strip()
            of[word] = (count, link.get("aria-current") == "true", link["href"])
    return found


def change(browser, subject: str, code: str = "worker", status: str = "disabled") -> str:
    path = f"{ACCOUNTS}{subject}/{code}/status/"
    fields = {**browser.form(path), "status": status}
    assert browser.post(path, fields).status_code == 200
    return fields["operation_id"]


def test_search_finds_every_name_of_a_row(ada, directory):
    subject = directory.person("contractor", name="Žofie Çelik-Østergård")
    rows = [(subject, ""), (subject, "contractor")]
    for q in ("zofie CELIK", subject, subject[:20], "ŽOFIE"):
        assert sorted(listed(ada, q=q)) == rows, q
    assert (subject, "contractor") in listed(ada, q="contractor")
    shown = ada.get(f"{ACCOUNTS}?per_page=1&sort=name")
    known = re.search(r"<small class=\"muted\">([^<]+@[^<]+?) · (\w+)</small>", shown.text)
    email, username = known.groups()
    assert listed(ada, q=email.upper())
    assert listed(ada, q=username) == listed(ada, q=f"{email} {username}")


def test_facets_count_what_the_other_filters_leave(ada, directory):
    directory.person("worker", status="pending", name="Faye Facet")
    everything = len(listed(ada))
    assert everything > 50
    for chosen in ({}, {"status": "active"}, {"type": "worker"}, {"q": "a", "status": "active", "role": "member"}):
        listed(ada, **chosen)
        shown = facets(ada)
        for facet, parameter in (("Status", "status"), ("Type", "type"), ("Role", "role")):
            for word, (count, is_chosen, address) in shown[facet].items():
                if is_chosen:
                    assert parameter not in parse_qs(urlsplit(address).query), "a chosen one leads back"
                    assert count == len(listed(ada, **chosen))
                    continue
                value = parse_qs(urlsplit(address).query)[parameter][0]
                assert count == len(listed(ada, **{**chosen, parameter: value})), (chosen, facet, word)


def test_a_facet_is_in_the_form_too(ada, directory):
    listed(ada, status="active")
    select = ada.soup.select_one("select[name=status][form=filters]")
    assert select.select_one("option[selected]")["value"] == "active"
    assert {option["value"] for option in select.select("option")} >= {"", "active", "pending", "disabled"}
    assert ada.soup.select_one("form#filters[method=get] input[name=q]")


def test_a_value_that_no_row_has_can_be_taken_away(ada, directory):
    assert listed(ada, role="nobody has this") == []
    count, chosen, address = facets(ada)["Role"]["nobody has this"]
    assert (count, chosen) == (0, True)
    assert "role" not in parse_qs(urlsplit(address).query)


def test_every_column_sorts_both_ways_and_what_has_no_value_stands_last(ada, directory):
    change(ada, directory.person("worker", name="Cora Changed"))
    for column in COLUMNS:
        orders = []
        for sort in (column, f"-{column}"):
            listed(ada, sort=sort, type="worker", columns=",".join(COLUMNS))
            assert (
                ada.soup.select_one(f"th[aria-sort={'de' if sort[0] == '-' else 'a'}scending] a")["id"]
                == f"sort-{column}"
            )
            place = COLUMNS.index(column)
            cells = [row.select("td[data-label]")[place] for row in ada.soup.select("tr[data-status]")]
            values = [(one.select_one("time") or {}).get("datetime") or one.get_text(" ", strip=True) for one in cells]
            if column == "name":
                continue
            assert values == sorted(values, key=lambda value: value == ""), "empty cells at the end"
            orders.append([value for value in values if value])
        if column not in ("name", "code", "roles"):  # these are shown with more than what sorts them
            assert orders[0] == sorted(orders[0]), column
            assert orders[1] == sorted(orders[0], reverse=True), column


def test_columns_are_those_of_the_address(ada, directory):
    ada.get(f"{ACCOUNTS}?columns=status,name,expires")
    assert [one.get_text(strip=True) for one in ada.soup.select("th[aria-sort]")] == ["Status", "Person", "Expires"]
    for link in ada.soup.select("nav.facet a, th a"):
        assert parse_qs(urlsplit(link["href"]).query)["columns"] == ["status,name,expires"], "kept on the way"
    ada.get(f"{ACCOUNTS}?columns=status")
    assert [one.get_text(strip=True) for one in ada.soup.select("th[aria-sort]")] == ["Person", "Status"]
    for wrong in ("columns=nothing", "columns=name,name"):
        assert ada.get(f"{ACCOUNTS}?{wrong}").status_code == 400


def test_when_and_by_whom_it_last_changed_and_where_it_changed_elsewhere(ada, directory):
    subject = directory.person("worker", name="Wanda When")
    operation = change(ada, subject)
    directory.set_status(subject, "worker", "pending")
    ada.get(f"{ACCOUNTS}?q={subject}&sort=-changed")
    row = ada.soup.select_one('tr[data-code="worker"]')
    link = row.select_one(f'a[href="/orgs/acme/changes/{operation}/"] time')
    assert link, "linked to the change"
    assert "by Ada Admin" in text_of_tag(row)
    assert row["data-outside"] == "changed"
    assert "changed outside this console" in text_of_tag(row).casefold()


def text_of_tag(tag) -> str:
    return " ".join(tag.get_text(" ").split())


def test_nothing_matches_and_the_way_back(ada, directory):
    page = ada.get(f"{ACCOUNTS}?q=nobody-has-this&status=active&sort=-name")
    assert page.status_code == 200
    empty = ada.soup.select_one("tr.table-empty")
    assert "No matches" in text_of_tag(empty)
    ways = [parse_qs(urlsplit(link["href"]).query) for link in empty.select("a")]
    assert ways == [
        {"status": ["active"], "sort": ["-name"]},
        {"q": ["nobody-has-this"], "sort": ["-name"]},
        {"sort": ["-name"]},
    ]


def test_an_organization_without_anybody(ada, directory):
    directory.reset("type")
    page = ada.get(ACCOUNTS)
    assert page.status_code == 200
    assert ada.soup.select_one("table")["data-total"] == "0"
    assert "No accounts yet" in text_of_tag(ada.soup.select_one("tr.table-empty"))


def test_the_directory_is_down_and_the_form_stays(ada, directory):
    for path, status in ((f"{ACCOUNTS}?q=ada&status=active", 502), ("/orgs/acme/types/?q=gold", 502)):
        for htmx in (False, True):
            directory.fault("status-503", on="any", times=6)
            page = ada.get(path, htmx=htmx)
            assert page.status_code == status, text_of(page)
            problem = ada.soup.select_one("#results [role=alert]")
            assert problem["data-status"] == str(status)
            assert problem.link("Try again")["href"] == path
            assert ada.soup.select_one("form#filters input[name=q]")["value"] in ("ada", "gold")
            directory.server.control("reset", shape="mixed", people=40, catalogue=True)


def test_what_cannot_be_right_is_told_in_the_results(ada, directory):
    page = ada.get(f"{ACCOUNTS}?sort=shoe-size", htmx=True, HX_Target="results")
    assert page.status_code == 400
    assert page.headers["HX-Reselect"] == ".problem"
    assert page.headers["HX-Reswap"] == "innerHTML"


def test_how_old_the_list_is(ada, directory):
    ada.get(f"{ACCOUNTS}?status=active")
    age = ada.soup.select_one(".list-age")
    assert int(age["data-age"]) >= 0
    assert age.select_one("time[datetime]"), "the server's own time, where no script counts"
    assert age.select_one("a.list-age-reload")["href"] == "?status=active"


def test_types_have_facets_and_sort_by_every_column(ada, directory):
    ada.get("/orgs/acme/types/?status=published")
    assert facets(ada)["Status"]["published"][1]
    assert {row["data-status"] for row in ada.soup.select("tr[data-code]")} == {"published"}
    names = [link["id"].removeprefix("sort-") for link in ada.soup.select("th a")]
    for name in names:
        for sort in (name, f"-{name}"):
            assert ada.get(f"/orgs/acme/types/?sort={sort}").status_code == 200
    ada.get("/orgs/acme/types/?q=no-such-type")
    assert "No matches" in text_of_tag(ada.soup.select_one("tr.table-empty"))
