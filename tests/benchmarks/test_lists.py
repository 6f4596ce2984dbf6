"""The list of a hundred thousand rows against the bytes it is made from, an empty view, a thousand rows, and Django's admin.

``LIST_ROWS`` names other sizes, comma-separated; the first one is what the others are held against, and the last one is
what Django's admin gets as well. Everything is measured in turns, ``LIST_ROUNDS`` times, and each answer is looked at.
"""

import contextlib
import os
import re
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from console.sandbox import processes
from tests.benchmarks.rivals.django_admin import DjangoAdmin
from tests.servers import TestDatabase

SIZES = [int(size) for size in os.environ.get("LIST_ROWS", "1000,10000,100000").split(",")]
ROUNDS = int(os.environ.get("LIST_ROUNDS", "9"))
CLIENTS, EACH = 16, 12
LIST, EMPTY = "/orgs/acme/accounts/", "/orgs/acme/empty/"
# name → the console's query, Django admin's, and the goal: times the empty view
PAGES = {
    "warm page": ("", "", 3),
    "search": ("q=jansen", "q=jansen", 5),
    "filter": ("status=disabled", "status__exact=disabled", 3),
    "sort": ("sort=-created", "o=-8", 3),
    "last page": ("page={last}", "p={last}", 3),
}
_TOKEN = (
    "from console.signin.models import Session; from console.signin.session_secrets import decrypt_secrets; "
    "print('token', decrypt_secrets(Session.objects.exclude(secret='').latest('signed_in_at').secret).access_token)"
)


def test_lists(provider, start_console, sign_in, tmp_path):
    with contextlib.ExitStack() as stack:
        sides = {size: Side(size, provider, start_console, sign_in, stack) for size in SIZES}
        largest = sides[SIZES[-1]]
        rivals = {vendor: rival(vendor, largest, tmp_path, stack) for vendor in ("sqlite", "postgresql")}
        took = {}
        for _ in range(ROUNDS):  # in turns, so that a busy minute of the machine slows all of them
            for size, side in sides.items():
                note(took, (size, "floor"), side.floor)
                note(took, (size, "cold page"), side.cold)
                note(took, (size, "first search"), lambda side=side: side.first("q=jansen"))
                note(took, (size, "first sort"), lambda side=side: side.first("sort=-created"))
                note(took, (size, "page with new rows"), side.new_page)
                note(took, (size, "empty view"), side.empty)
                for name in PAGES:
                    total = note(took, (size, name), lambda side=side, name=name: side.page(name))
                    if side is largest:
                        for vendor, admin in rivals.items():
                            seen = note(took, (vendor, name), lambda admin=admin, name=name: admin(name))
                            assert seen == total, (vendor, name)
        print(f"\n\n{tables(took, sides)}")


class Side:
    """A directory with so many rows, a console that keeps its list, and a person signed in."""

    def __init__(self, size, provider, start_console, sign_in, stack):
        self.size = size
        directory = processes.start_directory(provider, people=round(size / 2))
        stack.callback(directory.stop)
        settings = {"DIRECTORY_KEEP_ROWS": "0", "DIRECTORY_KEEP_SECONDS": "600", "DIRECTORY_TIMEOUT": "120"}
        self.console = start_console(
            "sqlite",
            DIRECTORY_API_URL=directory.url,
            DJANGO_SETTINGS_MODULE="tests.benchmarks.rivals.console_settings",
            METRICS_TOKEN="m" * 32,
            **settings,
        )
        self.before = memory(self.console)
        self.browser = sign_in(self.console, "ada")
        self.other = sign_in(self.console, "ada")  # reads anew each time, and has a list of its own for it
        token = re.search(r"^token (\S+)$", self.console.manage("shell", "-v0", "-c", _TOKEN).stdout, re.M).group(1)
        self._raw = (f"{directory.url}/directory/orgs/acme/accounts/users", {"Authorization": f"Bearer {token}"})
        self.bytes = self.floor()
        self.total = self.cold()
        self.get(LIST)
        self.export = self.get(f"{LIST}export.csv")
        assert self.export.count("\r\n") == self.total + 1
        for name in PAGES:  # the first time, orders and the text to search are made
            self.page(name)

    def get(self, path, browser=None, **headers):
        session = (browser or self.browser).session
        answer = session.get(self.console.url + path, headers=headers, timeout=120)
        assert answer.status_code == 200, answer.text[:500]
        return answer.text

    def floor(self):
        url, headers = self._raw
        return len(requests.get(url, headers=headers, timeout=120).content)

    def cold(self):
        return total_of(self.get(LIST, self.other, **{"Cache-Control": "no-cache"}))

    def first(self, query):
        """The first of its kind after a cold page: what it needs is made now."""
        return total_of(self.get(f"{LIST}?{query}", self.other))

    def new_page(self):
        """Rows that were not drawn before."""
        self.turn = getattr(self, "turn", 1) + 1
        return total_of(self.get(f"{LIST}?page={self.turn}&per_page={min(50, self.total // 20)}"))

    def empty(self):
        return self.get(EMPTY)

    def page(self, name):
        query, _, _ = PAGES[name]
        text = self.get(f"{LIST}?{query.format(last=-(-self.total // 50))}")
        assert text.count("<tr") > 10 or name == "last page"
        return total_of(text)

    def metric(self, name):
        headers = {"Authorization": f"Bearer {'m' * 32}"}
        told = requests.get(f"{self.console.url}/metrics", headers=headers, timeout=60).text
        return float(re.search(rf"^{name} (\S+)$", told, re.M).group(1))

    def at_once(self, path):
        """Requests a second that sixteen clients get answered."""

        def client(_):
            session = requests.Session()
            session.cookies.update(self.browser.session.cookies)
            for _ in range(EACH):
                assert session.get(self.console.url + path, timeout=120).status_code == 200

        began = time.perf_counter()
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(client, range(CLIENTS)))
        return CLIENTS * EACH / (time.perf_counter() - began)


def rival(vendor, side, folder, stack):
    """Django's admin over the same rows: a page of it, by its name among ``PAGES``."""
    if vendor == "postgresql":
        database = TestDatabase()
        stack.callback(database.drop)
    url = database.url if vendor == "postgresql" else f"sqlite:///{folder / 'admin.sqlite3'}"
    admin = DjangoAdmin(url, side.export)
    stack.callback(admin.server.stop)

    def page(name):
        _, query, _ = PAGES[name]
        text = admin.list(query.format(last=-(-side.total // 50)))
        return int(re.findall(r"([\d,]+) rows?\b", text)[-1].replace(",", ""))

    return page


def note(took, key, act):
    began = time.perf_counter()
    found = act()
    took.setdefault(key, []).append(time.perf_counter() - began)
    return found


def total_of(text):
    return int(re.search(r'data-total="(\d+)"', text).group(1))


def memory(console):
    """Of the process that serves: resident bytes now, and at most so far."""
    parent = console.server.process.pid
    [child] = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    status = Path(f"/proc/{child}/status").read_text()
    return [int(re.search(rf"{name}:\s+(\d+)", status).group(1)) * 1024 for name in ("VmRSS", "VmHWM")]


def ratio(took, above, below):
    return statistics.median(a / b for a, b in zip(took[above], took[below], strict=True))


def milliseconds(took, key):
    return f"{statistics.median(took[key]) * 1000:,.1f}"


def tables(took, sides):
    small, large = SIZES[0], SIZES[-1]
    sizes = "".join(f" {size:,} rows |" for size in SIZES)
    lines = [f"Lists, medians of {ROUNDS} rounds in turns, one process of the console, milliseconds:", ""]
    lines += [f"| |{sizes} {large:,} ÷ {small:,} |", f"| --- |{' --- |' * (len(SIZES) + 1)}"]
    for name in ("floor", "cold page", "first search", "first sort", "empty view", "page with new rows", *PAGES):
        cells = "".join(f" {milliseconds(took, (size, name))} |" for size in SIZES)
        lines.append(f"| {name} |{cells} {ratio(took, (large, name), (small, name)):.2f} |")
    lines += ["", f"| Ratio |{sizes} Goal |", f"| --- |{' --- |' * (len(SIZES) + 1)}"]
    cells = "".join(f" {ratio(took, (size, 'cold page'), (size, 'floor')):.2f} |" for size in SIZES)
    lines.append(f"| cold page ÷ the same bytes read with `requests` |{cells} 1.6 |")
    goals = {"page with new rows": "", **{name: goal for name, (_, _, goal) in PAGES.items()}}
    for name, goal in goals.items():
        cells = "".join(f" {ratio(took, (size, name), (size, 'empty view')):.2f} |" for size in SIZES)
        lines.append(f"| {name} ÷ empty view |{cells} {goal} |")
    lines += [
        "",
        f"| {large:,} rows | Django's admin on SQLite ÷ console | on PostgreSQL ÷ console |",
        "| --- | --- | --- |",
    ]
    for name in PAGES:
        cells = "".join(f" {ratio(took, (one, name), (large, name)):.1f} |" for one in ("sqlite", "postgresql"))
        lines.append(f"| {name} |{cells}")
    lines += ["", f"| |{sizes}", f"| --- |{' --- |' * len(SIZES)}"]
    for what, of in FIGURES.items():
        lines.append(f"| {what} |{''.join(f' {of(side):,.0f} |' for side in sides.values())}")
    return "\n".join(lines)


FIGURES = {
    "rows": lambda side: side.total,
    "bytes of the answer": lambda side: side.bytes,
    "bytes kept a row": lambda side: (
        side.metric("console_cached_lists_bytes") / side.metric("console_cached_lists") / side.total
    ),
    "resident bytes more than at rest, a row": lambda side: (memory(side.console)[0] - side.before[0]) / side.total,
    "resident bytes at most while reading, a row": lambda side: (memory(side.console)[1] - side.before[0]) / side.total,
    f"warm pages a second, {CLIENTS} clients": lambda side: side.at_once(LIST),
    f"searches a second, {CLIENTS} clients": lambda side: side.at_once(f"{LIST}?q=jansen"),
    f"empty views a second, {CLIENTS} clients": lambda side: side.at_once(EMPTY),
}
