"""What an upload costs, beside parsing the same bytes with Python's CSV parser in the same run.

``test_reading`` measures the processor time of reading a list, without the server. ``test_uploading`` measures the
whole request: the form, the list, the check of each row, and storing the plan. ``test_planning`` measures the
processor time of reading, checking and storing 20,000 rows, beside that of storing the cells without any check.
"""

import json
import re
import time

import pytest

from tests.benchmarks.parsing import LISTS, parse
from tests.servers import text_of

BULK = "/orgs/acme/accounts/bulk/"
LARGE = 4  # times parsing: a list of 5 MB
PLANNING = 12  # times parsing 20,000 rows and inserting their cells as they are
SECONDS_OF_ROWS = 0.5  # 20,000 rows are 300 kB: Python parses them in milliseconds, and each one becomes an object


def test_reading(sqlite_console):
    code = "from tests.benchmarks.parsing import print_times; print_times()"
    output = sqlite_console.manage("shell", "-v0", "-c", code).stdout
    times = json.loads(re.search(r"^times (.+)$", output, re.M).group(1))
    lines = ["| List | size | parsing alone | reading | times |", "| --- | --- | --- | --- | --- |"]
    for name, (data, expected) in LISTS.items():
        measured = times[name]
        result, ratio = measured["result"], measured["reading"] / measured["parsing"]
        assert result == expected if isinstance(expected, int) else expected in result, (name, result)
        lines.append(
            f"| {name} | {len(data) / 1e6:.1f} MB | {measured['parsing'] * 1000:.1f} ms "
            f"| {measured['reading'] * 1000:.1f} ms | {ratio:.1f} |"
        )
        if len(data) > 4_000_000:
            assert ratio < LARGE, (name, ratio)
        else:
            assert measured["reading"] < SECONDS_OF_ROWS, (name, measured)
    print("\n\n" + "\n".join(lines))


def test_planning(sqlite_console):
    code = "from tests.benchmarks.parsing import print_planning_times; print_planning_times()"
    output = sqlite_console.manage("shell", "-v0", "-c", code).stdout
    times = json.loads(re.search(r"^times (.+)$", output, re.M).group(1))
    lines = ["| 20,000 rows | parsing alone | parsed and inserted | planned and stored | times |"]
    lines.append("| --- | --- | --- | --- | --- |")
    for name, measured in times.items():
        assert measured["ready"] == (0 if "nobody" in name else 20_000), (name, measured)
        parsing, floor, planning = (measured[what] * 1000 for what in ("parsing", "floor", "planning"))
        lines.append(f"| {name} | {parsing:.0f} ms | {floor:.0f} ms | {planning:.0f} ms | {planning / floor:.1f} |")
    print("\n\n" + "\n".join(lines))
    assert all(measured["planning"] < PLANNING * measured["floor"] for measured in times.values())


@pytest.mark.long
def test_uploading(sqlite_console, sign_in):
    browser = sign_in(sqlite_console, "ada")
    lines = ["| Upload | parsing alone | the whole request | rows a second |", "| --- | --- | --- | --- |"]
    for name, (data, expected) in LISTS.items():
        fields = {**browser.form(BULK), "action": "assign", "status": ""}
        begin = time.perf_counter()
        parse(data)
        parsed = time.perf_counter() - begin
        page = browser.session.post(
            browser.url + BULK, data=fields, files={"file": ("list.csv", data)}, timeout=120, allow_redirects=False
        )
        took = time.perf_counter() - begin - parsed
        rows = expected if isinstance(expected, int) else 0
        if rows:
            assert page.status_code == 303, text_of(page)
            assert f"{rows:,}" in text_of(browser.get(page.headers["Location"])), name
        else:
            assert page.status_code == 400
            assert expected in text_of(page), name
        speed = f"{rows / took:,.0f}" if rows else "–"
        lines.append(f"| {name} | {parsed * 1000:.0f} ms | {took * 1000:.0f} ms | {speed} |")
    print("\n\n" + "\n".join(lines))
