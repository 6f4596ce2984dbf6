"""The change log as its readers see it: sentences, filters and their chips, groups, the chart and its numbers, exports."""

import csv
import datetime
import io
import json
from threading import Thread
from urllib.parse import parse_qsl

import pytest

from tests.faults.lost import lose
from tests.servers import text_of

CODE = "worker"


@pytest.fixture
def ada(sqlite_console, sign_in):
    return sign_in(sqlite_console, "ada")


def act(browser, directory, action, subject, fault="", **more):
    """One operation; its change id."""
    path = f"/orgs/acme/accounts/{'assign' if action == 'assign' else f'{subject}/{CODE}/{action}'}/"
    more |= {"subject_id": subject, "code": CODE} if action == "assign" else {}
    fields = {**browser.form(path), **more}
    if fault:
        directory.fault(fault, on={"status": "change_status"}.get(action, action))
    browser.post(path, fields)
    return fields["operation_id"]


def row_of(browser, change):
    browser.get(f"/orgs/acme/changes/?q={change}")
    return browser.soup.select_one(f'tr[data-change-id="{change}"]')


def said(row):
    return " ".join(row.select_one("td:nth-of-type(2)").get_text().split())


def rows_of(browser, query):
    browser.get(f"/orgs/acme/changes/?{query}")
    return [row["data-change-id"] for row in browser.soup.select("tr[data-change-id]")]


def test_each_action_and_outcome_is_a_sentence(ada, directory):
    subject = directory.person("visitor", name="Bo <b>Berg</b> {x} %s")
    whom = "Bo <b>Berg</b> {x} %s"
    told = {
        act(ada, directory, "assign", subject): f"Ada Admin assigned {whom} a Worker account",
        act(ada, directory, "status", subject, status="pending"): (
            f"Ada Admin changed {whom}’s Worker account from active to pending"
        ),
        act(ada, directory, "status", subject, "status-400", status="active"): (
            f"Ada Admin asked to change {whom}’s Worker account from pending to active, and it was not applied"
        ),
        act(ada, directory, "delete", subject): f"Ada Admin deleted {whom}’s Worker account",
        lose(ada, directory, "assign").change: (
            "Ada Admin asked to assign Bo Berg a Worker account, and the outcome is unknown"
        ),
    }
    for change, sentence in reversed(told.items()):  # the lost one first: a later visit resolves it
        row = row_of(ada, change)
        assert said(row) == sentence
        assert row.select_one("td em").get_text() == "Worker", "the type is emphasized"
        assert "<b>Berg" not in ada.last.text
        ada.get(f"/orgs/acme/changes/{change}/")
        assert ada.soup.select_one("h1").get_text() == sentence


def test_one_who_is_still_at_it(ada, directory):
    """A change that runs is told in the present; its outcome is nobody's yet."""
    subject = directory.person("visitor")
    directory.fault("hang-before", on="assign")
    path = "/orgs/acme/accounts/assign/"
    fields = {**ada.form(path), "subject_id": subject, "code": CODE}
    asking = Thread(target=ada.session.post, args=(ada.url + path, fields))
    asking.start()
    try:
        found = next(found for _ in range(500) if (found := rows_of(ada, f"subject_id={subject}")))
        row = ada.soup.select_one(f'tr[data-change-id="{found[0]}"]')
        assert (row["data-outcome"], said(row)) == ("pending", "Ada Admin is assigning Bo Berg a Worker account")
    finally:
        asking.join()


def test_links_lead_to_the_views_of_person_account_and_admin(ada, directory):
    subject, other = directory.person(CODE, name="Pia Person"), directory.person(CODE, name="Otto Other")
    first, second = (act(ada, directory, "status", one, status="disabled") for one in (subject, other))
    act(ada, directory, "status", subject, status="active")
    links = {link.get_text(): link["href"] for link in row_of(ada, first).select("a")}
    assert links["Pia Person"] == f"/orgs/acme/users/{subject}/"
    page = ada.get(links["Worker"])
    assert ada.soup.select_one("h1").get_text() == "Changes of Pia Person’s Worker account"
    assert len(ada.soup.select("tr[data-change-id]")) == 2
    facts = text_of(page)
    assert "2 changes." in facts
    assert "applied: 2" in facts
    ada.get(links["Ada Admin"])
    assert ada.soup.select_one("h1").get_text() == "Changes by Ada Admin"
    assert second in [row["data-change-id"] for row in ada.soup.select("tr[data-change-id]")]
    for path in (f"users/{subject}/", f"accounts/{subject}/{CODE}/status/", f"changes/{first}/"):
        page = ada.get(f"/orgs/acme/{path}")
        assert f"/orgs/acme/changes/?subject_id={subject}" in page.text, path
    ada.get(f"/orgs/acme/changes/?subject_id={subject}")
    assert ada.soup.select_one("h1").get_text() == "Changes of Pia Person"


def test_active_filters_are_chips_that_remove_one_each(ada, directory):
    subject = directory.person(CODE, name="Carla Chip")
    act(ada, directory, "status", subject, status="disabled")
    query = f"q=Carla&action=change_status&outcome=applied&subject_id={subject}&since=2026-01-01"
    ada.get(f"/orgs/acme/changes/?{query}")
    chips = {chip.get_text(" ", strip=True): chip["href"] for chip in ada.soup.select("#results .chips a.chip")}
    for label, name in (
        ("Search: Carla", "q"),
        ("Action: change status", "action"),
        ("Outcome: applied", "outcome"),
        (f"Subject id: {subject}", "subject_id"),
        ("Since: 1 Jan 2026", "since"),
    ):
        [href] = [href for text, href in chips.items() if text.startswith(label)]
        kept = {part.split("=")[0] for part in query.split("&")} - {name}
        assert {part.split("=")[0] for part in href.lstrip("?").split("&")} == kept
    assert chips["Show all"] == "/orgs/acme/changes/"


def test_the_presets_are_the_readers_days(ada, directory):
    subject = directory.person(CODE)
    change = act(ada, directory, "status", subject, status="disabled")
    for zone in ("Pacific/Kiritimati", "Pacific/Niue"):  # 25 hours apart: never the same day
        ada.session.cookies.set("console-zone", zone)
        ada.get("/orgs/acme/changes/")
        today = ada.soup.link("Today")["href"]
        assert rows_of(ada, f"{today.lstrip('?')}&subject_id={subject}") == [change], zone
        day = datetime.date.fromisoformat(today[-10:])
        assert ada.soup.link("Today")["aria-current"] == "true"
        assert rows_of(ada, f"until={day}&subject_id={subject}") == [change]
        assert rows_of(ada, f"until={day - datetime.timedelta(days=1)}&subject_id={subject}") == []
        assert rows_of(ada, f"since={day + datetime.timedelta(days=1)}&subject_id={subject}") == []
    for day in ("0001-01-01", "9999-12-31"):
        for field in ("since", "until"):
            assert ada.get(f"/orgs/acme/changes/?{field}={day}").status_code in (200, 400)


def test_grouped_by_day_or_one_list(ada, directory):
    subject = directory.person(CODE)
    act(ada, directory, "status", subject, status="disabled")
    act(ada, directory, "status", subject, status="active")
    rows_of(ada, f"subject_id={subject}")
    [group] = ada.soup.select("tr.change-group")
    assert "2 changes" in group.get_text(" ")
    assert len(rows_of(ada, f"subject_id={subject}&group=none")) == 2
    assert ada.soup.select("tr.change-group") == []
    assert ada.get("/orgs/acme/changes/?group=moon").status_code == 400


def test_the_chart_says_what_its_table_says(console, directory, sign_in):
    """Once on each database: one query counts by the reader's day."""
    ada = sign_in(console, "ada")
    ada.session.cookies.set("console-zone", "Asia/Kathmandu")
    subject = directory.person(CODE)
    act(ada, directory, "status", subject, status="disabled")
    act(ada, directory, "status", subject, status="active")
    act(ada, directory, "status", subject, "status-400", status="expired")
    rows_of(ada, f"subject_id={subject}")
    figure = ada.soup.select_one("figure.chart")
    drawing = figure.select_one("svg[role=img]")
    assert drawing.select_one("title").get_text() == "Changes by day"
    assert drawing.select_one("desc").get_text().startswith("3 changes in all; most of them, 3, in: ")
    assert {bar["data-tone"]: bar["height"] for bar in drawing.select("rect.chart-segment")} == {
        "applied": "80.00",
        "not_applied": "40.00",
    }
    table = figure.select_one("details table")
    assert [head.get_text() for head in table.select("th[scope=col]")] == ["From", "applied", "not applied", "all"]
    assert [cell.get_text() for cell in table.select("tbody td")] == ["2", "1", "3"]
    assert "style=" not in ada.last.text
    rows_of(ada, f"subject_id={subject}&since=2020-01-01")
    assert len(rows_of(ada, table.select_one("tbody a")["href"].lstrip("?"))) == 3


def test_exports_are_exactly_what_is_filtered(ada, directory):
    subject = directory.person(CODE)
    changes = [act(ada, directory, "status", subject, status=status) for status in ("disabled", "active")]
    act(ada, directory, "delete", subject)
    ada.get(f"/orgs/acme/changes/?subject_id={subject}&action=change_status&group=none&page=1")
    links = [link["href"] for link in ada.soup.select("#log-head .actions a")]
    assert len(links) == 4
    for link in links:  # one has another separator, for spreadsheets that expect semicolons
        query = [(name, value) for name, value in parse_qsl(link.split("?")[1]) if name != "separator"]
        assert query == [("subject_id", subject), ("action", "change_status")]
    exported = ada.get(next(x for x in links if "csv" in x)).content
    table = list(csv.DictReader(io.StringIO(exported.decode("utf-8-sig"))))
    assert {row["change_id"] for row in table} == set(changes)
    lines = ada.get(next(x for x in links if "jsonl" in x)).text.splitlines()
    assert {json.loads(line)["change_id"] for line in lines} == set(changes)
