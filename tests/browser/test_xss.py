"""300 scripts as names, codes, reasons, messages and searches, in a real browser on every page: none runs."""

import base64
import json
import uuid
from urllib.parse import quote

import pytest

from tests.hostile.payloads import MARK, payloads
from tests.hostile.texts import encodable

PAYLOADS = payloads(300)

LIVE = """(mark) => {
  const found = [], attributes = Object.getOwnPropertyDescriptor(Element.prototype, "attributes").get;  // a form may hide its own
  for (const one of document.querySelectorAll("*")) {
    for (const {name, value} of attributes.call(one)) {
      if (/^(data-)?hx-/.test(name) && (value.includes(mark) || value.includes("evil"))
        && !["hx-get", "hx-post", "hx-push-url"].includes(name)) found.push(`${one.tagName} ${name}=${value}`);
      if (/^(data-)?hx-(on|vars|ext|boost|disinherit)/.test(name) || /^hx-/.test(name) && /^ *(js|javascript):/i.test(value)) found.push(`${one.tagName} ${name}`);
      if (/^(on|@|x-|srcdoc)/.test(name)) found.push(`${one.tagName} ${name}=${value}`);
      if (["href", "src", "action", "data", "hx-get", "hx-post"].includes(name) && value
        && !(URL.parse ? URL.parse(value, location.href)?.protocol || "none" : new URL(value, location.href).protocol).startsWith("http")) found.push(`${one.tagName} ${name}=${value}`);
    }
  }
  for (const one of document.querySelectorAll("script:not([src]), iframe, object, embed, base, math, img, style, foreignObject, animate, set, svg svg, svg script, main svg use")) {
    found.push(one.outerHTML.slice(0, 200));
  }
  return found;
}"""


class Watched:
    """A page that notes every script of ours that ran or was about to."""

    def __init__(self, page):
        self.page, self.alarms, self.visited = page, [], 0
        page.expose_function(MARK, lambda *given: self.alarms.append(f"ran with {given}"))
        page.expose_function("__blocked", lambda said: self.alarms.append(said))
        page.add_init_script(
            "addEventListener('securitypolicyviolation', e => __blocked(`blocked: ${e.effectiveDirective} ${e.blockedURI}"
            " ${e.sample}`), true)"
        )
        page.on("dialog", self._dialog)
        page.on("console", lambda one: self.alarms.append(one.text) if "Content Security" in one.text else None)
        page.on("pageerror", lambda error: self.alarms.append(f"error: {error}"))
        page.on("request", lambda one: self.alarms.append(one.url) if "/evil" in one.url.split("?")[0] else None)

    def _dialog(self, dialog):
        self.alarms.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def look(self, where):
        """Move over and focus what is there, as payloads wait for, and see that nothing is alive."""
        self.visited += 1
        self.page.evaluate(
            "for (const one of document.querySelectorAll('main a, main input, main td')) { one.dispatchEvent(new MouseEvent('mouseover', {bubbles: true})); }"
        )
        assert self.page.evaluate(LIVE, MARK) == [], where
        assert self.alarms == [], where

    def visit(self, path):
        self.page.goto(path)
        self.look(path)


def test_a_script_that_runs_is_noticed(chromium):
    """The alarms work: in a page without a policy, with the payloads as HTML, many of them run."""
    context = chromium.new_context()
    watched = Watched(context.new_page())
    watched.page.set_content(
        "".join(f"<div>{one}</div>" for one in PAYLOADS if one.startswith("<img")), wait_until="load"
    )
    for _ in range(50):
        if watched.alarms:
            break
        watched.page.wait_for_timeout(100)
    assert any("ran with" in one for one in watched.alarms)
    assert watched.page.evaluate(LIVE, MARK) != []
    context.close()


def raw(on, status, document):
    body = base64.b64encode(json.dumps(document).encode()).decode()
    return {"name": "raw", "on": on, "times": -1, "status": status, "headers": [], "body": body}


def named(number: int, payload: str) -> dict:
    """A person with a payload in each place."""
    name, family = payload, PAYLOADS[-number]
    return {
        "identity": {
            "id": f"xss-{number}",
            "traits": {
                "name": {"given_name": name, "family_name": family},
                "email": f"{payload}@x.example",
                "username": family,
            },
        },
        "acls": [payload],
        "status": payload,
        "creation_date": payload,
        payload: family,
    }


def id_of(payload: str) -> str:
    """The payload as an id that can be sent: some of it has to go."""
    allowed = payload.replace("/", "").replace("\\", "").replace("%", "").replace("\t", "").strip()
    return allowed[:120] or "x"


@pytest.mark.long
def test_none_of_300_runs(open_page, sqlite_console, directory, sign_in):
    assert len(set(PAYLOADS)) == 300
    people = [named(number, one) for number, one in enumerate(PAYLOADS)]
    held = [
        {
            "subject_id": f"{id_of(one)}",
            "account_code": id_of(PAYLOADS[-n]),
            "status": one,
            "expiration_date": one,
            "x": one,
        }
        for n, one in enumerate(PAYLOADS)
    ]
    kinds = [
        {
            "code": id_of(one),
            "name": one,
            "description": one,
            "status": one,
            "requirements": {one: one},
            "roles": [one],
            one: one,
        }
        for one in PAYLOADS
    ]
    chunks = [PAYLOADS[n : n + 5] for n in range(0, 300, 5)]
    changes = record(sqlite_console, directory, sign_in, chunks, kinds)
    directory.server.control("faults", faults=[raw("list", 200, [*people, *held, *PAYLOADS]), raw("types", 200, kinds)])

    page = open_page(sqlite_console)
    watched = Watched(page)
    watched.visit("/orgs/acme/accounts/?per_page=500")
    watched.visit("/orgs/acme/accounts/?per_page=500&page=2&sort=-status")
    watched.visit("/orgs/acme/types/")
    watched.visit("/orgs/acme/accounts/assign/")
    for number in (3, 150):
        watched.visit(f"/orgs/acme/users/xss-{number}/")
        subject, code = quote(held[number]["subject_id"], safe=""), quote(held[number]["account_code"], safe="")
        watched.visit(f"/orgs/acme/users/{subject}/")
        watched.visit(f"/orgs/acme/accounts/{subject}/{code}/status/")
        watched.visit(f"/orgs/acme/accounts/{subject}/{code}/delete/")
    watched.visit("/orgs/acme/changes/")
    watched.visit("/orgs/acme/changes/?page=2")
    for change in (changes[0], changes[30], changes[-1]):
        watched.visit(f"/orgs/acme/changes/{change}/")
    for parameter in (
        "accounts/?q=",
        "changes/?actor=",
        "types/?q=",
        "accounts/?sort=",
        "accounts/assign/?subject_id=",
    ):
        joined = "".join(PAYLOADS[:4])[:480]
        watched.visit(f"/orgs/acme/{parameter}{quote(joined)}")

    # As htmx swaps it in: a search, a form, the forms' refusals.
    page.goto("/orgs/acme/accounts/")
    with page.expect_response(lambda answer: "q=" in answer.url):
        page.get_by_label("Search", exact=True).first.fill("x.example")
    page.wait_for_load_state("networkidle")
    watched.look("swapped in by a search")
    for path in (
        "/orgs/acme/accounts/?per_page=500",
        "/orgs/acme/types/",
        "/orgs/acme/changes/",
        f"/orgs/acme/changes/{changes[0]}/",
        "/orgs/acme/changes/?since=" + quote(PAYLOADS[0]),
    ):
        page.evaluate("path => htmx.ajax('GET', path, '#main')", path)
        watched.look(f"swapped in: {path}")
    directory.server.control("faults", faults=[raw("any", 403, {"message": "".join(chunks[0])})])
    for path in ("/orgs/acme/accounts/", "/orgs/acme/types/", "/orgs/acme/accounts/assign/"):
        watched.visit(path)
        page.goto("/")
        page.evaluate("path => htmx.ajax('GET', path, '#main')", path)
        watched.look(f"a problem, swapped in: {path}")
    assert watched.visited > 25
    page.context.close()


def record(console, directory, sign_in, chunks, kinds) -> list[str]:
    """Changes whose every field is a payload: applied ones and refused ones."""
    browser, made = sign_in(console, "ada"), []
    token = browser.form("/orgs/acme/accounts/assign/")
    for number, chunk in enumerate(chunks):
        refusal = [raw("assign", 409, {"error": {"reason": "".join(chunk)}})] if number % 2 else []
        people = [named(number, chunk[0])]
        directory.server.control("faults", faults=[raw("list", 200, people), raw("types", 200, kinds), *refusal])
        operation = str(uuid.uuid4())
        fields = {
            "subject_id": f"{id_of(chunk[0])}-{number}", "code": id_of(chunk[1]), "message": "".join(chunk).replace("\t", " ")[:1000],
            "operation_id": operation, "confirm_unknown": "yes",
        }  # fmt: skip
        page = browser.post("/orgs/acme/accounts/assign/", {**token, **fields}, follow=False)
        assert page.status_code in (303, 409, 404), page.text
        assert encodable(fields["message"]) == fields["message"]
        made.append(operation)
    return made
