"""The change log's page with a million changes against the same page with a thousand, and against plain SQL.

``LOG_CHANGES`` is another number than a million. Filling takes minutes on each database.
"""

import datetime
import os
import sqlite3
import statistics
import time

import psycopg
import pytest

from tests.benchmarks.filling import DAYS, PLAN, fill

ROUNDS, FEW, MANY = 9, 1_000, int(os.environ.get("LOG_CHANGES", "1000000"))
LOG = "/orgs/acme/changes/"
SINCE = datetime.datetime.now(datetime.UTC).date() - datetime.timedelta(days=29)
UNTIL = SINCE - datetime.timedelta(days=1)
ASKED = {
    "first page": ("", "TRUE"),
    "last page": ("page=last", "TRUE"),
    "by plan": ("group=plan", "TRUE"),
    "outcome": ("outcome=not_applied", "outcome = 'not_applied'"),
    "person": ("subject_id=person-1000007", "subject_id = 'person-1000007'"),
    "action": ("action=delete", "action = 'delete'"),
    "code": ("code=type-3", "code = 'type-3'"),
    "admin": ("actor=admin-3", "actor_subject = 'admin-3'"),
    "last 30 days": (f"since={SINCE}", f"requested_at >= '{SINCE} 00:00:00{{zone}}'"),
    "until then": (f"until={UNTIL}", f"requested_at < '{SINCE} 00:00:00{{zone}}'"),
    "one plan": (f"plan={PLAN}", "change_id IN (SELECT operation_id FROM plans_planrow WHERE plan_id = '{plan}')"),
    "search, one person": ("q=person-1000007", "{like}"),
    "search, an eighth": ("q=type-3", "code = 'type-3'"),
}
SEARCHED = ("subject_id", "subject_name", "code", "type_name", "message", "detail", "actor_name", "actor_email")


@pytest.mark.parametrize("vendor", ["sqlite", "postgresql"])
def test_log(vendor, migrated, start_console, directory, sign_in):
    sides = {number: Side(vendor, number, migrated, start_console, sign_in) for number in (FEW, MANY)}
    took = {(name, number, what): [] for name in ASKED for number in sides for what in ("page", "sql")}
    for _ in range(ROUNDS):  # interleaved, so that a busy minute of the machine slows all of them
        for name, (query, where) in ASKED.items():
            for number, side in sides.items():
                shown, seconds = side.page(query)
                took[name, number, "page"].append(seconds)
                counted, seconds = side.count(where)
                took[name, number, "sql"].append(seconds)
                assert shown == counted, (name, number)
    for side in sides.values():
        side.database.close()
    print(f"\n\n{table_of(vendor, took)}")


class Side:
    """A console with so many changes, a person signed in, and its database beside it."""

    def __init__(self, vendor, number, migrated, start_console, sign_in):
        address = migrated(vendor)
        fill(address, number)
        self.vendor, self.number = vendor, number
        self.browser = sign_in(start_console(vendor, DATABASE_URL=address), "ada")
        if vendor == "sqlite":
            self.database = sqlite3.connect(address.removeprefix("sqlite:///"))
        else:
            self.database = psycopg.connect(address, autocommit=True)

    def page(self, query):
        """How many the page says that there are, and how long it took."""
        path = f"{LOG}?{query.replace('last', str(-(-self.number // 50)))}"
        began = time.perf_counter()
        answer = self.browser.session.get(self.browser.url + path, timeout=120)
        seconds = time.perf_counter() - began
        assert answer.status_code == 200
        return int(answer.text.partition('class="change-table table-fold" data-total="')[2].partition('"')[0]), seconds

    def count(self, where):
        """The same from plain SQL."""
        like = "LIKE" if self.vendor == "sqlite" else "ILIKE"
        searched = " OR ".join(f"{name} {like} '%person-1000007%'" for name in SEARCHED)
        is_sqlite = self.vendor == "sqlite"
        where = where.format(
            like=searched, zone="" if is_sqlite else "+00", plan=PLAN.replace("-", "") if is_sqlite else PLAN
        )
        statement = f"SELECT count(*) FROM changes_change WHERE organization_id = 'acme' AND ({where})"
        began = time.perf_counter()
        [(number,)] = self.database.execute(statement).fetchall()
        return number, time.perf_counter() - began


def table_of(vendor, took) -> str:
    lines = [
        f"The log's page on {vendor}, {DAYS} days, medians of {ROUNDS} interleaved rounds, milliseconds:",
        "",
        f"| Page | {FEW:,} changes | {MANY:,} changes | Ratio | `SELECT count(*)` of the {MANY:,} | Page : count |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name in ASKED:
        few, many = (took[name, number, "page"] for number in (FEW, MANY))
        ratio = statistics.median(b / a for a, b in zip(few, many, strict=True))
        sql = statistics.median(took[name, MANY, "sql"])
        lines.append(
            f"| {name} | {statistics.median(few) * 1000:.0f} | {statistics.median(many) * 1000:.0f} | {ratio:.2f} "
            f"| {sql * 1000:.0f} | {statistics.median(many) / sql:.1f} |"
        )
    return "\n".join(lines)
