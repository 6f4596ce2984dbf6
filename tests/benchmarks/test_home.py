"""The home page of a person with a thousand organizations, by one pattern, against the same page with three."""

import json
import statistics
import time
from urllib.parse import parse_qs, urlencode, urlsplit

from tests import markup
from tests.servers import Browser, text_of
from tests.signin.hostile_provider import HostileProvider

ROUNDS, FEW, MANY = 25, 3, 1_000
RULES = {"*": {"name": "Unit {organization}", "admins": {"groups": ["org-{organization}-admins"]}}}
PAGES = {"first page": ("/", FEW, 60), "last page": ("/?page=17", FEW, 40), "search": ("/?q=unit+77", 0, 19)}
"""The address, and how many cards it has with few and with many organizations."""


def test_home(start_console, directory):
    sides = {number: Side(number, start_console) for number in (FEW, MANY)}
    took = {(name, number): [] for name in PAGES for number in sides}
    for _ in range(ROUNDS):  # interleaved, so that a busy minute of the machine slows all of them
        for name, (path, *cards) in PAGES.items():
            for (number, side), expected in zip(sides.items(), cards, strict=True):
                took[name, number].append(side.ask(path, expected))
    for side in sides.values():
        side.stop()
    print(f"\n\n{table_of(took)}")


class Side:
    """A console, and a person with so many groups who signed in to it."""

    def __init__(self, number, start_console):
        self.provider = HostileProvider()
        groups = [f"org-unit-{one:04}-admins" for one in range(number)]
        self.provider.answers["/userinfo"] = {"sub": "ada", "name": "Ada", "groups": groups}
        console = start_console("sqlite", OIDC_ISSUER=self.provider.issuer, CONSOLE_ORGANIZATIONS=json.dumps(RULES))
        self.browser = Browser(console.url)
        sent = parse_qs(urlsplit(self.browser.get("/signin/", follow=False).headers["Location"]).query)
        self.provider.nonce = sent["nonce"][0]
        answer = {"code": "c", "state": sent["state"][0], "iss": self.provider.issuer}
        page = self.browser.get(f"/signin/callback/?{urlencode(answer)}")
        assert page.status_code == 200, text_of(page)

    def ask(self, path, expected):
        """How long the page took; it shows as many organizations as it has to."""
        began = time.perf_counter()
        page = self.browser.session.get(self.browser.url + path, timeout=60)
        seconds = time.perf_counter() - began
        cards = markup.parse(page.text).select("main .cards:not([data-recent]) a[data-org]")
        assert (page.status_code, len(cards)) == (200, expected), path
        return seconds

    def stop(self):
        self.provider.server.shutdown()
        self.provider.server.server_close()


def table_of(took) -> str:
    lines = [
        f"The home page, medians of {ROUNDS} interleaved rounds, milliseconds:",
        "",
        f"| Page | {FEW} organizations | {MANY:,} organizations | Ratio | Least and most of the rounds' ratios |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name in PAGES:
        few, many = (took[name, number] for number in (FEW, MANY))
        ratios = sorted(b / a for a, b in zip(few, many, strict=True))
        lines.append(
            f"| {name} | {statistics.median(few) * 1000:.1f} | {statistics.median(many) * 1000:.1f} "
            f"| {statistics.median(ratios):.2f} | {ratios[0]:.2f} to {ratios[-1]:.2f} |"
        )
    return "\n".join(lines)
