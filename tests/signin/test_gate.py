"""Every route × every kind of person, from the URL resolver itself: a new route without a decision fails."""

import json
import re

import pytest

from tests.servers import Browser

# What each route answers to: nobody, no role, auditor, admin, admin of another organization.
SEEN = "seen"
READ = {"nobody": "sign in", "nora": 404, "otto": SEEN, "ada": SEEN, "gil": 404}
ADMIN = {"nobody": "sign in", "nora": 404, "otto": 403, "ada": SEEN, "gil": 404}
PUBLIC = dict.fromkeys(READ, SEEN)
OWN = {"nobody": "sign in", "nora": SEEN, "otto": SEEN, "ada": SEEN, "gil": SEEN}

EXPECTED = {
    "healthz": PUBLIC,
    "readyz": PUBLIC,
    "metrics": PUBLIC,
    "appearance/": PUBLIC,
    "signin/": PUBLIC,
    "signin/callback/": PUBLIC,
    "signin/backchannel-logout/": PUBLIC,
    "signout/": PUBLIC,
    "embed/window/": PUBLIC,
    "embed/window/alone/": PUBLIC,
    "embed/waiting/": PUBLIC,
    "embed/receive/": PUBLIC,
    "embed/check/": PUBLIC,
    "embed/check/seen/": PUBLIC,
    "embed/check/window/": PUBLIC,
    "session/stay/": OWN,
    "sessions/": OWN,
    "": OWN,
    "orgs/<str:org>/accounts/": READ,
    "orgs/<str:org>/accounts/export.csv": READ,
    "orgs/<str:org>/accounts/matching/": READ,
    "orgs/<str:org>/accounts/columns/": READ,
    "orgs/<str:org>/views/": READ,
    "orgs/<str:org>/accounts/assign/": ADMIN,
    "orgs/<str:org>/accounts/bulk/": ADMIN,
    "orgs/<str:org>/accounts/bulk/template.csv": ADMIN,
    "orgs/<str:org>/accounts/bulk/<uuid:plan_id>/": ADMIN,
    "orgs/<str:org>/accounts/bulk/<uuid:plan_id>/confirm/": ADMIN,
    "orgs/<str:org>/accounts/bulk/<uuid:plan_id>/run/": ADMIN,
    "orgs/<str:org>/accounts/bulk/<uuid:plan_id>/retry/": ADMIN,
    "orgs/<str:org>/accounts/bulk/<uuid:plan_id>/pause/": ADMIN,
    "orgs/<str:org>/accounts/bulk/<uuid:plan_id>/stop/": ADMIN,
    "orgs/<str:org>/accounts/bulk/<uuid:plan_id>/rest.csv": ADMIN,
    "orgs/<str:org>/accounts/bulk/<uuid:plan_id>/failures.csv": ADMIN,
    "orgs/<str:org>/accounts/<str:subject_id>/<str:code>/status/": ADMIN,
    "orgs/<str:org>/accounts/<str:subject_id>/<str:code>/delete/": ADMIN,
    "orgs/<str:org>/types/": READ,
    "orgs/<str:org>/users/<str:subject_id>/": READ,
    "orgs/<str:org>/changes/": READ,
    "orgs/<str:org>/changes/export.csv": READ,
    "orgs/<str:org>/changes/export.jsonl": READ,
    "orgs/<str:org>/changes/evidence.zip": READ,
    "orgs/<str:org>/changes/new/": READ,
    "orgs/<str:org>/changes/verify/": READ,
    "orgs/<str:org>/changes/<str:change_id>/": READ,
    "orgs/<str:org>/changes/<str:change_id>/result/": READ,
    "orgs/<str:org>/changes/<str:change_id>/check/": ADMIN,
    "orgs/<str:org>/changes/<str:change_id>/decide/": ADMIN,
    "orgs/<str:org>/changes/<str:change_id>/undo/": ADMIN,
}
# Answers of the view itself to what does not exist; they are not the gate's.
OF_THE_VIEW = {
    "/bulk/<": (404, "PlanUnknown"),
    "/changes/<": (404, "ChangeUnknown"),
    "signin/callback/": (400, "invalid_state"),
    "embed/window/": (404, "not_found"),
}


def routes_of(console):
    script = "import json; from console.signin.access.gate import all_routes; print(json.dumps([path for path, _ in all_routes()]))"
    return json.loads(console.manage("shell", "--no-imports", "-v", "0", "-c", script).stdout)


@pytest.fixture
def people(sqlite_console, sign_in):
    named = {person: sign_in(sqlite_console, person) for person in ("nora", "otto", "ada", "gil")}
    return {"nobody": Browser(sqlite_console.url), **named}


def test_every_route_and_person(sqlite_console, directory, people):
    routes = routes_of(sqlite_console)
    assert set(routes) == set(EXPECTED), "a route has no decision in this table, or the other way round"
    subject = directory.person("gold")
    wrong, unmarked = [], []
    for route in routes:
        path = "/" + route.replace("<str:org>", "acme").replace("<str:subject_id>", subject)
        path = path.replace("<str:code>", "gold").replace("<str:change_id>", "0f9c1f3e-5a55-4f5e-9d5e-2b1c8f6f7a11")
        path = path.replace("<uuid:plan_id>", "0f9c1f3e-5a55-4f5e-9d5e-2b1c8f6f7a11")
        for person, expected in EXPECTED[route].items():
            page = people[person].get(path, follow=False)
            if kind_of(page, route, person) != expected:
                wrong.append((route, person, expected, page.status_code))
            others = (people[person].post(path, {}, follow=False), people[person].session.delete(page.url, timeout=60))
            unmarked += [(route, person, one.status_code) for one in (page, *others) if "X-Console" not in one.headers]
    assert not wrong
    assert not unmarked, "by this header the scripts of the pages know that no proxy answered in the console's place"


def kind_of(page, route, person):
    if page.status_code == 302 and "/signin/?next=" in page.headers["Location"]:
        return "sign in"
    if page.status_code == 405:
        return SEEN
    if route == "" and person == "nora":
        return SEEN if page.status_code == 403 and 'data-code="no_role"' in page.text else page.status_code
    for part, (status, code) in OF_THE_VIEW.items():
        if part in route and page.status_code == status and f'data-code="{code}"' in page.text:
            return SEEN
    return page.status_code if page.status_code >= 400 else SEEN


def test_writes_by_those_who_may_not(sqlite_console, directory, people):
    subject = directory.person("gold")
    home = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', people["otto"].get("/orgs/acme/accounts/").text)
    sent = {"csrfmiddlewaretoken": home.group(1), "status": "disabled", "operation_id": "x"}
    page = people["otto"].post(f"/orgs/acme/accounts/{subject}/gold/status/", sent)
    assert page.status_code == 403
    assert directory.writes(subject) == []


def test_a_foreign_organization_looks_like_none(people):
    foreign = people["gil"].get("/orgs/acme/accounts/")
    missing = people["gil"].get("/orgs/nowhere/accounts/")
    assert foreign.status_code == missing.status_code == 404
    strip = re.compile(r'value="[^"]{64}"|nonce="[^"]+"|data-(session-ends|now)="[^"]+"')
    assert strip.sub("", foreign.text) == strip.sub("", missing.text.replace("/orgs/nowhere/", "/orgs/acme/"))


def test_no_role_names_the_claims(people):
    page = people["nora"].get("/")
    assert page.status_code == 403
    assert "groups: []" in page.text
    assert "The claim groups contains no text." in page.text


def test_htmx_goes_to_sign_in_with_the_whole_window(sqlite_console):
    page = Browser(sqlite_console.url).get(
        "/orgs/acme/accounts/?q=x", htmx=True, HX_Current_URL="http://h/orgs/acme/types/"
    )
    assert page.status_code == 401
    assert page.headers["HX-Redirect"] == "/signin/?next=%2Forgs%2Facme%2Ftypes%2F"
