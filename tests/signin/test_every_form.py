"""Every form of the site comes back after signing in, however its session ended: a walk over all of them."""

import re
import uuid
from dataclasses import dataclass, field

import pytest

from tests import markup
from tests.servers import Browser, form_of, text_of
from tests.signin.ended_sessions import HIDDEN, age, key_hash, rows
from tests.signin.test_returned_forms import sign_in_again

ACCOUNTS = "/orgs/acme/accounts/"
LOG = "/orgs/acme/changes/"

# Forms that do not need to come back: who is not signed in any more may send them all the same, or wants nothing else.
EXEMPT = ("/signout/", "/appearance/", "/session/stay/")


@dataclass
class Form:
    """A form as somebody filled it in: its page, where it is sent, what it sends, and whether there is text in it."""

    page: str
    action: str
    sent: list[tuple[str, str]]
    typed: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return self.action.split("?")[0]


def drawn(form) -> list[tuple[str, str]]:
    """What a browser would send of a form as it is drawn, except what every form has."""
    fields = []
    for one in form.select("input:not([form]), textarea:not([form]), select:not([form])"):
        name, kind = one.get("name"), one.get("type")
        if not name or name in HIDDEN or kind == "file":
            continue
        if kind in ("radio", "checkbox") and not one.has_attr("checked"):
            continue
        if one.name == "select":
            options = one.select("option")
            chosen = next((option for option in options if option.has_attr("selected")), options[0])
            fields.append((name, chosen.get("value", chosen.get_text().strip())))
        else:
            fields.append((name, one.get_text() if one.name == "textarea" else one.get("value", "")))
    return fields


def forms_on(page) -> list:
    soup = markup.parse(page.text)
    return [form for form in soup.select("form") if form.get("method") == "post" and form.get("action") not in EXEMPT]


def merged(fields, typed) -> list[tuple[str, str]]:
    return [*((name, value) for name, value in fields if name not in typed), *typed.items()]


def filled_in(browser, page_path, sent_to, /, *, only=None, **typed) -> Form:
    """The form of the page with this action (and these drawn fields), filled in."""
    for form in forms_on(browser.get(page_path)):
        fields = drawn(form)
        if form["action"].split("?")[0] == sent_to and set((only or {}).items()) <= set(fields):
            return Form(page_path, form["action"], merged(fields, typed), typed)
    raise AssertionError(f"no form for {sent_to} on {page_path}")


def all_forms(browser, directory) -> list[Form]:
    """One of each form, filled in. What they are about is made first."""
    note = f"typed by hand {uuid.uuid4()}"
    subject, other = directory.person("worker", name="Flora Form"), directory.person("visitor")
    status, delete = (f"{ACCOUNTS}{subject}/worker/{word}/" for word in ("status", "delete"))
    undone = browser.post(status, {**browser.form(status), "status": "disabled"}).url.split("result=")[1]
    open_change = unknown_change(browser, directory)
    plan = plan_of(browser, [f"{other},worker"])
    running = plan_of(browser, [f"{directory.person('visitor')},worker"], confirm=True)
    view = {**browser.form(ACCOUNTS, "/views/"), "name": "An old view", "do": "save", "query": "q=x"}
    browser.post("/orgs/acme/views/", view)
    name = f"View {uuid.uuid4()}"
    columns = filled_in(browser, f"{ACCOUNTS}?q=flora", f"{ACCOUNTS}columns/")
    columns.sent = [("query", "q=flora"), *arranged("status", "name", "code"), ("per_page", "25")]
    return [
        filled_in(browser, f"{ACCOUNTS}assign/?subject_id={other}", f"{ACCOUNTS}assign/", code="worker", message=note),
        filled_in(browser, status, status, status="active", message=note),
        filled_in(browser, delete, delete, message=note),
        filled_in(browser, f"{LOG}{undone}/", f"{LOG}{undone}/undo/"),
        filled_in(browser, f"{LOG}{open_change}/", f"{LOG}{open_change}/check/"),
        filled_in(browser, f"{LOG}{open_change}/", f"{LOG}{open_change}/decide/", decision="applied", message=note),
        columns,
        filled_in(browser, f"{ACCOUNTS}?q=flora", "/orgs/acme/views/", only={"do": "save"}, name=name),
        filled_in(browser, f"{ACCOUNTS}?q=flora", "/orgs/acme/views/", only={"do": "delete"}),
        filled_in(browser, f"{ACCOUNTS}?q=flora", f"{ACCOUNTS}export.csv", selected=f"{subject},worker"),
        filled_in(browser, f"{LOG}?q=flora", f"{LOG}verify/", scope="all"),
        filled_in(browser, f"{ACCOUNTS}bulk/", f"{ACCOUNTS}bulk/", **bulk_fields(subject, note)),
        filled_in(browser, plan, f"{plan}confirm/", count="17"),
        filled_in(browser, running, f"{running}run/"),
        filled_in(browser, running, f"{running}stop/"),
        filled_in(browser, "/sessions/", "/sessions/", only={"others": "1"}),
    ]


def bulk_fields(subject, note) -> dict[str, str]:
    return {"action": "delete", "status": "", "list": f"subject_id,code\n{subject},worker", "message": note}


def arranged(*ticked):
    order = [*ticked, "subject_id", "roles", "created", "effective", "expires", "changed"]
    return [pair for name in order for pair in (("order", name), *([("columns", name)] if name in ticked else []))]


def unknown_change(browser, directory) -> str:
    subject = directory.person()
    fields = {**browser.form(f"{ACCOUNTS}assign/"), "subject_id": subject, "code": "worker"}
    directory.fault("reset-before", on="assign")
    directory.fault("status-500", on="list", times=1, skip=1)
    page = browser.post(f"{ACCOUNTS}assign/", fields)
    assert 'data-outcome="unknown"' in page.text, text_of(page)
    return fields["operation_id"]


def plan_of(browser, lines, *, confirm=False) -> str:
    path = f"{ACCOUNTS}bulk/"
    sent = {**browser.form(path), "action": "assign", "status": "", "list": "\n".join(["subject_id,code", *lines])}
    page = browser.post(path, sent)
    address = page.url.removeprefix(browser.url)
    if confirm:
        browser.post(f"{address}confirm/", {**browser.form(address, "confirm"), "count": "1"})
        browser.post(f"{address}pause/", browser.form(address, "stop"))
    return address


def end_elsewhere(console, browser):
    other = Browser(console.url)
    other.sign_in("ada")
    other.post("/sessions/", {**other.form("/sessions/", "/sessions/"), "session": "", "others": "1"})


def lose_cookies(console, browser):
    for cookie in [one for one in browser.session.cookies if one.name.startswith("console-")]:
        browser.session.cookies.clear(cookie.domain, cookie.path, cookie.name)


def clear_away(console, browser):
    """Months later: the row of the session is gone, and with it whose it was."""
    rows(console, "DELETE FROM signin_session WHERE key_hash = ?", key_hash(console, browser))


ENDINGS = {
    "signed out in another tab": lambda console, browser: browser.post(
        "/signout/", form_of(browser.get("/signout/"), "/signout/")
    ),
    "ended elsewhere": end_elsewhere,
    "expired": lambda console, browser: age(console, browser, "last_seen", 31),
    "cookies lost": lose_cookies,
    "cleared away": clear_away,
}


@pytest.fixture
def sqlite_console(own_consoles, directory):
    return own_consoles("sqlite")


@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.parametrize("how", ENDINGS)
def test_every_form_comes_back(sqlite_console, sign_in, directory, how, htmx):
    browser = sign_in(sqlite_console, "ada")
    sign_in(sqlite_console, "ada")  # elsewhere: there is something to end on the page of sessions
    forms = all_forms(browser, directory)
    tokens = [form_of(browser.get(form.page), form.path) for form in forms]
    writes = len(directory.journal())
    ENDINGS[how](sqlite_console, browser)
    ways = [send(browser, form, token, htmx) for form, token in zip(forms, tokens, strict=True)]
    sign_in_again(browser, ways[0], "ada")
    lost = []
    for form, way in zip(forms, ways, strict=True):
        page = browser.get(way)
        assert page.status_code == 200, (form.action, way, text_of(page)[:500])
        lost += what_is_lost(form, page)
    assert lost == []
    sent = [one for one in directory.journal()[writes:] if one["operation"] not in ("list", "types")]
    assert sent == [], "nothing is done before somebody sends it again"


def send(browser, form, token, htmx) -> str:
    """Send it too late: where the console leads."""
    hidden = [(name, token[name]) for name in HIDDEN]
    headers = {"Origin": browser.url, "Referer": browser.url + form.page}
    if htmx:
        headers |= {"HX_Request": "true", "HX_Current_URL": browser.url + form.page}
    answer = browser.post(form.action, [*hidden, *form.sent], follow=False, **headers)
    location = answer.headers.get("HX-Redirect") or answer.headers.get("Location", "")
    assert location.startswith("/signin/?next="), (form.action, answer.status_code, text_of(answer)[:300])
    return location


def what_is_lost(form, page) -> list[str]:
    """What the page does not show of a form that was sent too late."""
    if "so nothing was done" not in text_of(page):
        return [f"{form.action}: {page.url} does not say that nothing was done"]
    if "q=flora" in form.page and "q=flora" not in page.url:
        return [f"{form.action}: the search is gone"]
    shown = [drawn(one) for one in forms_on(page) if one["action"].split("?")[0] == form.path]
    # The name of a button is not among what is drawn, and a query may be written in another order.
    wanted = {pair for pair in form.sent if pair[0] not in ("scope", "query")}
    if any(wanted <= set(fields) for fields in shown):
        return []
    return [f"{form.action}: {sorted(wanted)} is not in {shown}"]


def test_the_walk_knows_every_form(sqlite_console, sign_in, directory):
    """Whoever adds a form to a page finds here that it has to come back, too."""
    browser = sign_in(sqlite_console, "ada")
    sign_in(sqlite_console, "ada")
    known = all_forms(browser, directory)
    pages = {form.page for form in known} | {"/orgs/acme/types/", "/"}
    person = next(form.path.split("/")[4] for form in known if form.path.endswith("/status/"))
    pages.add(f"/orgs/acme/users/{person}/")
    on_pages = {kind_of(form["action"].split("?")[0]) for page in pages for form in forms_on(browser.get(page))}
    assert on_pages - {kind_of(form.path) for form in known} <= {f"{ACCOUNTS}bulk/ID/retry/"}


def kind_of(path: str) -> str:
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|subject-ID", "ID", path)


def test_every_form_of_a_page_goes_by_htmx(sqlite_console, sign_in, directory):
    """Only then does it stay if the network fails. A download is no page; the others carry nothing that was typed."""
    browser = sign_in(sqlite_console, "ada")
    sign_in(sqlite_console, "ada")
    pages = {form.page for form in all_forms(browser, directory)} | {"/orgs/acme/types/"}
    native = {
        kind_of(form["action"].split("?")[0])
        for page in pages
        for form in forms_on(browser.get(page))
        if not form.has_attr("hx-post")
    }
    assert native == {f"{ACCOUNTS}export.csv"}


def test_a_file_and_a_selection_come_back_to_the_form_of_bulk_changes(sqlite_console, sign_in, directory):
    """The action that was chosen stays; a file has to be chosen again, and the page says which one."""
    browser = sign_in(sqlite_console, "ada")
    path = f"{ACCOUNTS}bulk/"
    fields = {**browser.form(path), "action": "change_status", "status": "expired", "list": "", "message": "typed"}
    age(sqlite_console, browser, "last_seen", 31)
    upload = {"file": ("people.csv", b"subject_id,code\nx,worker\n", "text/csv")}
    answer = browser.session.post(browser.url + path, data=fields, files=upload, allow_redirects=False, timeout=60)
    page = sign_in_again(browser, answer.headers["Location"], "ada")
    assert "Choose the file “people.csv” again" in text_of(page)
    [shown] = [dict(drawn(form)) for form in forms_on(page) if form["action"] == path]
    assert (shown["action"], shown["status"], shown["message"]) == ("change_status", "expired", "typed")

    hidden = {name: value for name, value in browser.form(path).items() if name in HIDDEN}
    age(sqlite_console, browser, "last_seen", 31)
    answer = browser.post(path, {**hidden, "selected": "one,worker\ntwo,gold"}, follow=False)
    page = sign_in_again(browser, answer.headers["Location"], "ada")
    [shown] = [dict(drawn(form)) for form in forms_on(page) if form["action"] == path]
    assert shown["list"].split() == ["subject_id,code", "one,worker", "two,gold"]
    assert shown["action"] == "", "nobody has chosen one yet"
