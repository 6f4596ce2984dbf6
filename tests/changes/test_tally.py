"""The tallies: the log's page counts no change and still says how many, by the reader's days; what moves them is found."""

import collections
import csv
import datetime
import io
import sqlite3
import zoneinfo
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from tests.benchmarks.filling import fill
from tests.servers import csv_text

LOG = "/orgs/acme/changes/"
# Summer time by an hour; half an hour from UTC; summer time by half an hour; a quarter of an hour off.
ZONES = ("Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu")


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def filled_console(request, migrated, start_console):
    address = migrated(request.param)
    fill(address, 700)
    return start_console(request.param, DATABASE_URL=address)


@pytest.fixture
def filled(filled_console, directory, sign_in):
    return sign_in(filled_console, "ada")


def charted(browser, query):
    browser.get(f"{LOG}?{query}")
    rows = browser.soup.select("table.number-table tbody tr")
    days = {
        parse_qs(urlsplit(row.select_one("a")["href"]).query)["since"][0]: int(row.select("td")[-1].get_text())
        for row in rows
    }
    return days, int(browser.soup.select_one("table.change-table")["data-total"])


def last_move(zone):
    """A day on which the clocks were changed lately, or some day."""
    noon = datetime.datetime.now(zone).replace(hour=12)
    days = [noon - datetime.timedelta(days=back) for back in range(15, 340)]
    moved = [day for day in days if day.utcoffset() != (day - datetime.timedelta(days=1)).utcoffset()]
    return (moved or days)[0].date()


def test_days_are_counted_as_the_changes_themselves_count_them(filled):
    exported = csv.DictReader(io.StringIO(csv_text(filled.get(f"{LOG}export.csv"))))
    times = [datetime.datetime.fromisoformat(row["requested_at"]) for row in exported]
    assert len(times) == 700
    assert charted(filled, "")[1] == 700
    for name in ZONES:
        zone = zoneinfo.ZoneInfo(name)
        filled.session.cookies.set("console-zone", name)
        day = last_move(zone)
        since, until = (day + datetime.timedelta(days=days) for days in (-10, 10))
        local = [time.astimezone(zone).date() for time in times]
        there = collections.Counter(one.isoformat() for one in local if since <= one <= until)
        expected = dict(sorted(there.items())), there.total()
        assert expected[1] > 20
        assert charted(filled, f"since={since}&until={until}") == expected, name
        assert charted(filled, f"since={since}&until={until}&q=measured") == expected, f"{name}, counted one by one"
        shown = [charted(filled, f"since={since}&until={until}&outcome={one}")[1] for one in ("applied", "not_applied")]
        assert sum(shown) == expected[1], name


def test_each_page_is_its_part_of_the_log(filled):
    exported = list(csv.DictReader(io.StringIO(csv_text(filled.get(f"{LOG}export.csv")))))
    for code, pages in (("", (1, 7, 8, 14)), ("type-3", (1, 2))):
        rows = [row["change_id"] for row in exported if code in ("", row["code"])]
        for page in pages:
            filled.get(f"{LOG}?page={page}&code={code}&group=none")
            shown = [row["data-change-id"] for row in filled.soup.select("tr[data-change-id]")]
            assert shown == rows[50 * (page - 1) : 50 * page], (code, page)


# What is asked for, and whether a row of the export is it. The last ones ask for more than one tally knows.
ASKED = {
    "action=delete": lambda row: row["action"] == "delete",
    "code=type-3": lambda row: row["code"] == "type-3",
    "code=type-": lambda row: False,
    "actor=admin-3": lambda row: row["actor_subject"] == "admin-3",
    "actor=ADMIN3@acme.example": lambda row: row["actor_subject"] == "admin-3",
    "actor=admin 1": lambda row: row["actor_name"].startswith("Admin 1"),
    "actor=nobody": lambda row: False,
    "code=type-3&outcome=not_applied": lambda row: (row["code"], row["outcome"]) == ("type-3", "not_applied"),
    "actor=admin-3&action=delete": lambda row: (row["actor_subject"], row["action"]) == ("admin-3", "delete"),
    "code=type-3&q=measured": lambda row: row["code"] == "type-3",
}


def test_each_filter_counts_what_it_exports(filled):
    rows = list(csv.DictReader(io.StringIO(csv_text(filled.get(f"{LOG}export.csv")))))
    today = datetime.date.today()
    since, until = today - datetime.timedelta(days=200), today - datetime.timedelta(days=100)
    some = [row for row in rows if since <= datetime.datetime.fromisoformat(row["requested_at"]).date() <= until]
    for query, is_asked in ASKED.items():
        assert charted(filled, query)[1] == sum(map(is_asked, rows)), query
        assert charted(filled, f"{query}&since={since}&until={until}")[1] == sum(map(is_asked, some)), query


def test_a_tally_that_says_other_than_the_changes_is_found(console, directory, sign_in):
    browser = sign_in(console, "ada")
    subject = directory.person("worker")
    path = f"/orgs/acme/accounts/{subject}/worker/status/"
    browser.post(path, {**browser.form(path), "status": "disabled"})
    browser.get(LOG)  # which counts the change
    for table in ("changes_tally", "changes_share"):
        newest = f"id = (SELECT MAX(id) FROM {table})"
        run(console, f"UPDATE {table} SET applied = applied + 1 WHERE {newest}")
        try:
            verified = console.manage("verify_changes")
        finally:
            run(console, f"UPDATE {table} SET applied = applied - 1 WHERE {newest}")
        assert verified.returncode == 1, table
        assert "the tally " in verified.stderr
    assert console.manage("verify_changes").returncode == 0


def run(console, statement):
    address = console.server.env["DATABASE_URL"]
    if console.database == "sqlite":
        with sqlite3.connect(address.removeprefix("sqlite:///"), timeout=20) as database:
            database.execute(statement)
        database.close()
        return
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(statement)
