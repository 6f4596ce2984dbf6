"""Measured: what a page weighs, how many requests an interaction takes, and that nothing moves under a reader's eyes."""

import re

import pytest
from playwright.sync_api import expect

ACCOUNTS, TYPES, LOG = "/orgs/acme/accounts/", "/orgs/acme/types/", "/orgs/acme/changes/"
ARRIVING = 0.05  # of movement while a page arrives: on a busy machine a table is shown before its last rows are there
MOST = 80_000  # bytes over the wire for a first visit, with everything

# A footer that rises because a page became shorter is not what somebody was reading.
OBSERVE = """
window.shifts = [];
const words = (one) => `${one.node.nodeName} ${(one.node.outerHTML || one.node.data || '').slice(0, 80)} ${Math.round(one.previousRect.y)} to ${Math.round(one.currentRect.y)}`;
const keep = (entries) => {
  for (const entry of entries) {
    const sources = entry.sources.filter((one) => one.node && !(one.node.closest ? one.node : one.node.parentElement)?.closest('footer'));
    if (sources.length) window.shifts.push([entry.value, ...sources.map(words)]);
  }
};
window.observer = new PerformanceObserver((list) => keep(list.getEntries()));
window.observer.observe({type: 'layout-shift', buffered: true});
window.taken = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
  keep(window.observer.takeRecords());
  done(window.shifts.splice(0));
})));
"""


class Measured:
    """A page that counts. What a browser keeps (the static files, and the icon it asks for after each new address) is free."""

    def __init__(self, page):
        self.page, self.bytes, self.requests = page, 0, []
        page.add_init_script(OBSERVE)
        self.wire = page.context.new_cdp_session(page)
        self.wire.send("Network.enable")
        self.wire.on("Network.loadingFinished", lambda event: self._count(event["encodedDataLength"]))
        page.on("request", lambda request: self.requests.append((request.method, request.url)))

    def _count(self, number):
        self.bytes += number

    def visit(self, path):
        """The first visit ever: what it weighs, and what moved."""
        self.page.goto("about:blank")  # nothing that still arrives is of the page before
        self.wire.send("Network.clearBrowserCache")
        self.bytes = 0
        self.page.goto(path, wait_until="networkidle")
        return self.bytes, self.moved()

    def moved(self):
        expect(self.page.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)
        return self.page.evaluate("taken()")

    def act(self, what, shows):
        """One interaction: how many round trips it took, and what moved."""
        self.moved()
        self.requests.clear()
        what()
        expect(shows).to_be_visible()
        moved = self.moved()
        return [(method, url) for method, url in self.requests if "/static/" not in url], moved


@pytest.fixture(params=[1280, 390])
def measured(request, open_page, sqlite_console, directory):
    return Measured(open_page(sqlite_console, viewport={"width": request.param, "height": 900}))


def test_pages_and_what_is_done_on_them(measured, directory):
    page = measured.page
    people = [directory.person("worker", name=f"Mia Measure {name}") for name in ("One", "Two")]
    plan = "subject_id,code\n" + "".join(f"{one},gold\n" for one in people)
    wrong = []

    def cold(path):
        weight, moved = measured.visit(path)
        wrong.extend([(path, weight)] if weight > MOST else [])
        wrong.extend((path, *one) for one in moved if sum(each[0] for each in moved) > ARRIVING)

    def once(name, what, shows, *, grows=False):
        requests, moved = measured.act(what, shows)
        wrong.extend([(name, requests)] if len(requests) != 1 else [])
        wrong.extend((name, *one) for one in moved if not grows)

    def total(number):
        return page.locator(f"table[data-total='{number}']")

    link = page.get_by_role
    cold(ACCOUNTS)
    once("search", lambda: page.locator("#q").fill("mia measure"), total(4))
    once("filter", lambda: page.locator("nav.facet a.chip", has_text="Worker").click(), total(2))
    if page.viewport_size["width"] > 640:
        once("sort", lambda: page.locator("#sort-status").click(), page.locator("th[aria-sort=ascending] #sort-status"))
    once("search on", lambda: page.locator("#q").fill(people[0]), total(1))
    panel, row = page.locator("#panel"), page.locator("#results tr[data-code=worker]")
    once("open a form", row.locator("[data-key=s]").click, panel.get_by_role("heading", name="Change status"))
    panel.get_by_label("expired").check()
    send = panel.get_by_role("button", name="Change status")
    # The row that somebody acts on grows by what came of it.
    once("send a form", send.click, row.locator("[data-outcome=applied]"), grows=True)
    once(
        "undo",
        row.get_by_role("button", name="Undo").click,
        row.locator("[data-status=active], .status[data-tone=active]"),
        grows=True,
    )
    cold(f"{ACCOUNTS}?per_page=5")
    once("next page", lambda: link("link", name="Next").click(), page.get_by_text("Page 2 of"))
    cold(TYPES)
    once("search types", lambda: page.locator("#q").fill("worker"), total(1))
    cold(f"/orgs/acme/users/{people[0]}/")
    for form in ("status", "delete"):
        cold(f"{ACCOUNTS}{people[0]}/worker/{form}/")
    cold(f"{ACCOUNTS}assign/")
    cold(f"{ACCOUNTS}bulk/")
    page.get_by_label("Or paste the list").fill(plan)
    once("plan", lambda: link("button", name="Preview changes").click(), page.get_by_text("2 rows will change"))
    assert re.search(r"/bulk/[0-9a-f-]{36}/$", page.url)
    cold(page.url)
    page.locator("[name=count]").fill("2")
    requests, moved = measured.act(
        link("button", name="Confirm and apply").click, page.locator("#progress[data-state=done]")
    )
    wrong += moved
    assert [method for method, _ in requests] == ["POST", "POST"], "confirm, and one chunk"
    cold(LOG)
    once("search the log", lambda: page.locator("#q").fill(people[1]), total(1))
    once(
        "filter the log", lambda: page.locator("#outcome").select_option("applied"), total(1).filter(has_text="applied")
    )
    once(
        "a range", lambda: link("link", name="7 days").click(), page.locator("a.chip[aria-current]", has_text="7 days")
    )
    once(
        "verify", lambda: link("button", name="Verify everything").click(), page.locator("#chain[data-state=verified]")
    )
    once("open a change", lambda: page.locator("a[data-open]").first.click(), link("heading", name="Events"))
    cold(page.url)
    assert wrong == []
