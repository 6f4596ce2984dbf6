"""Rows as they really come: sentinel dates, blank names, letters that do not decompose, numbers for ids."""

import base64
import json
import uuid
from urllib.parse import quote, urlencode

import pytest

from tests.servers import outcome_of, text_of

ZONES = ("Pacific/Kiritimati", "Etc/GMT+12", "UTC")
ACCOUNT = {"account_code": "worker", "status": "active", "org_id": "acme"}


def person(subject_id, given, family, email, username=""):
    traits = {"name": {"given_name": given, "family_name": family}, "email": email, "username": username}
    return {"identity": {"id": subject_id, "traits": traits}, "acls": ["members"], "org_id": "acme", "status": "active"}


ROWS = [
    person("p-2", " ", "\u200b", "blank@acme.example", "blank"),
    {**ACCOUNT, "subject_id": "p-2"},
    person("p-3", "می\u200cخواهم", "رضایی", "p3@acme.example"),
    person("p-5", "Işıl", "Østergård", "p5@acme.example"),
    person("p-6", "Bo", "O’Brien", "bo.o'brien@acme.example"),
    person("p-7", "José", "Müller", "jose\u0301@acme.example"),
    {**ACCOUNT, "subject_id": 12345, "account_code": "visitor"},
    {**ACCOUNT, "subject_id": "100%", "account_code": "visitor"},
]

DATES = ("creation_date", "effective_date", "expiration_date", "modified_date")
ODD_DATES = {  # and how a page shows them, if that does not depend on the reader's zone
    "9999-12-31T23:59:59Z": "never",
    "9999-12-31T23:59:59-14:00": "never",
    "+999999999-12-31T23:59:59.999999999": "never",
    "0001-01-01T00:00:00Z": "unknown",
    "0001-01-01": "unknown",
    "0000-00-00": "unknown",
    "1970-01-01T00:00:00Z": "unknown",
    "9998-12-31T23:59:59Z": "",
    "0002-01-01T00:00:00Z": "",
    "2026-02-30": "2026-02-30",
    "2026-W05-6": "",
    "soon": "soon",
    "2026-13-01T00:00:00Z": "2026-13-01T00:00:00Z",
    1769860800: "",
    1769860800000: "",
    1e300: "1e+300",
    0: "unknown",
    True: "true",
}


def send(directory, document, on="list"):
    """Make the directory answer with a document."""
    body = base64.b64encode(json.dumps(document).encode()).decode()
    directory.fault("raw", on=on, times=1000, body=body, headers=[["Content-Type", "application/json"]])


@pytest.fixture
def ada(sqlite_console, sign_in, directory):
    send(directory, ROWS)
    return sign_in(sqlite_console, "ada")


def found(browser, q):
    """The subject ids that a search of the list finds."""
    page = browser.get("/orgs/acme/accounts/?" + urlencode({"q": q}))
    assert page.status_code == 200
    return {row["data-subject-id"] for row in browser.soup.select("tr[data-subject-id]")}


@pytest.mark.parametrize("zone", ZONES)
def test_odd_dates_are_shown_everywhere(sqlite_console, sign_in, directory, zone):
    rows = [
        {**ACCOUNT, "subject_id": "p-1", "account_code": f"t{number}", **dict.fromkeys(DATES, date)}
        for number, date in enumerate(ODD_DATES)
    ]
    types = [{"code": row["account_code"], "name": "Odd", **dict.fromkeys(DATES, row[DATES[0]])} for row in rows]
    send(directory, [*rows, *types])
    ada = sign_in(sqlite_console, "ada")
    ada.session.cookies.set("console-zone", quote(zone, safe=""))
    columns = "name,code,status,created,effective,expires"
    forms = [f"accounts/p-1/t{number}/{form}/" for number in range(len(rows)) for form in ("status", "delete")]
    sorts = [f"accounts/?columns={columns}&sort={sort}" for sort in ("created", "-expires", "effective")]
    for path in (*sorts, "users/p-1/", "types/?sort=created", "accounts/export.csv", *forms):
        page = ada.get(f"/orgs/acme/{path}")
        assert page.status_code == 200, (path, text_of(page))
    ada.get(f"/orgs/acme/accounts/?columns={columns}")
    shown = [row.select_one("td[data-label=Expires]").get_text(strip=True) for row in ada.soup.select("tr[data-code]")]
    assert len(shown) == len(ODD_DATES)
    for (date, word), text in zip(ODD_DATES.items(), shown, strict=True):
        assert text == word if word else text, date


@pytest.mark.parametrize("zone", ZONES)
def test_odd_dates_in_the_answer_to_a_change(sqlite_console, sign_in, directory, zone):
    never = dict.fromkeys(DATES, "9999-12-31T23:59:59-14:00")
    send(directory, [{**ACCOUNT, "subject_id": "p-1", **never}])
    send(directory, {**ACCOUNT, "subject_id": "p-1", "status": "disabled", **never}, on="change_status")
    ada = sign_in(sqlite_console, "ada")
    ada.session.cookies.set("console-zone", quote(zone, safe=""))
    path = "/orgs/acme/accounts/p-1/worker/status/"
    page = ada.post(path, {**ada.form(path), "status": "disabled"})
    assert (page.status_code, outcome_of(page)) == (200, "applied"), text_of(page)


def test_a_blank_name_is_no_name(ada):
    ada.get("/orgs/acme/accounts/")
    [row, account] = ada.soup.select("tr[data-subject-id=p-2]")
    for shown in (row, account):
        assert shown.select_one(".person a").get_text(strip=True) == "blank@acme.example"
    assert ada.get("/orgs/acme/users/p-2/").status_code == 200
    assert ada.soup.select_one("h1").get_text(" ", strip=True).endswith("blank@acme.example")


@pytest.mark.parametrize(
    ("traits", "label"),
    [
        (("\u200b", " ", "blank@acme.example", "blank"), "blank@acme.example"),
        (("\u2800", "\u3164", "\u00a0", "only.username"), "only.username"),
        (("\ufe0f", "\u202e\u202c", "\u2060", " "), ""),
        (("", "-", "dash@acme.example", ""), "-"),
    ],
)
def test_a_name_that_shows_nothing_is_no_name_anywhere(sqlite_console, sign_in, directory, traits, label):
    subject = f"subject-{uuid.uuid4()}"  # the log knows no name of it yet
    account = {**ACCOUNT, "subject_id": subject, "status": "disabled"}
    label = label or subject
    send(directory, [person(subject, *traits), {**account, "status": "active"}])
    send(directory, account, on="change_status")
    ada = sign_in(sqlite_console, "ada")
    path = f"/orgs/acme/accounts/{subject}/worker/status/"
    assert ada.get(path) and ada.soup.select_one("dl.facts a").get_text(strip=True) == label
    page = ada.post(path, {**ada.form(path), "status": "disabled"})
    assert (page.status_code, outcome_of(page)) == (200, "applied")
    assert ada.soup.select_one("h1").get_text(" ", strip=True) == label
    assert ada.soup.select_one("title").get_text().startswith(label)
    change = ada.soup.select_one("[data-change-id]")["data-change-id"]
    for path in (f"changes/?subject_id={subject}", f"changes/{change}/"):
        ada.get(f"/orgs/acme/{path}")
        assert f"changed {label}’s" in ada.soup.select_one("main").get_text()
    ada.get(f"/orgs/acme/accounts/assign/?subject_id={subject}")
    assert label in ada.soup.select_one("main").get_text()


def test_a_name_is_shown_letter_for_letter(ada):
    assert "می\u200cخواهم رضایی" in ada.get("/orgs/acme/accounts/").text


LETTERS = [
    "می\u200cخواهم رضایی",
    "Kim 👩\u200d🚒 Feuer",
    "Nia ❤\ufe0f 🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f",
    "\u200fמשה כהן\u200e",
    "Jose\u0301 Mu\u0308ller",
]


@pytest.mark.parametrize("name", LETTERS)
def test_names_and_notes_are_recorded_and_shown_letter_for_letter(sqlite_console, sign_in, directory, name):
    subject = directory.person("worker", name=name)
    ada = sign_in(sqlite_console, "ada")
    path = f"/orgs/acme/accounts/{subject}/worker/status/"
    sent = {**ada.form(path), "status": "disabled", "message": f"\ufeffasked by\u00ad {name}\u2028twice"}
    assert outcome_of(ada.post(path, sent)) == "applied"
    log = f"/orgs/acme/changes/?subject_id={subject}"
    change = ada.get(log) and ada.soup.select_one("tr[data-change-id]")["data-change-id"]
    pages = (log, f"/orgs/acme/changes/{change}/", "/orgs/acme/accounts/?" + urlencode({"q": name}), path)
    for page in (*pages, f"/orgs/acme/users/{subject}/", f"/orgs/acme/changes/export.csv?subject_id={subject}"):
        assert name in ada.get(page).text, page
    events = ada.get(f"/orgs/acme/changes/export.jsonl?subject_id={subject}").text.splitlines()
    requested = json.loads(events[0])
    assert requested["subject_name"] == name
    assert requested["message"] == f"asked by {name}\ntwice"


def test_an_override_that_is_never_closed_is_left_out_of_the_log(sqlite_console, sign_in, directory):
    subject = directory.person("worker", name="Bo \u202egreB")
    ada = sign_in(sqlite_console, "ada")
    path = f"/orgs/acme/accounts/{subject}/worker/delete/"
    assert outcome_of(ada.post(path, ada.form(path))) == "applied"
    [requested, *_] = ada.get(f"/orgs/acme/changes/export.jsonl?subject_id={subject}").text.splitlines()
    assert json.loads(requested)["subject_name"] == "Bo greB"


@pytest.mark.parametrize(
    ("q", "subject_id"),
    [
        ("isil", "p-5"),
        ("ışıl", "p-5"),
        ("ISIL ostergard", "p-5"),
        ("ØSTERGÅRD, Işıl", "p-5"),
        ("O'Brien", "p-6"),
        ("obrien", "p-6"),
        ("bo.o’brien@acme.example", "p-6"),
        ("josé@acme.example", "p-7"),
        ("jose\u0301 MULLER", "p-7"),
        ("José Müller <josé@acme.example>", "p-7"),
        ("mailto:josé@acme.example", "p-7"),
        ("میخواهم", "p-3"),
        ("12345", "12345"),
    ],
)
def test_searches_of_list_and_person_picker(ada, q, subject_id):
    assert found(ada, q) == {subject_id}
    ada.get("/orgs/acme/accounts/assign/?" + urlencode({"who": q}))
    shown = [person["data-subject-id"] for person in ada.soup.select("li[data-subject-id]")]
    assert shown[0] == subject_id  # people whom only the log knows may follow


@pytest.mark.parametrize("who", ["uma ito", "Ito, Uma", "UMA  ito-"])
def test_the_person_picker_ranks_and_counts_identity_only(sqlite_console, sign_in, directory, who):
    others = [person(f"p-{number}", "Kuma", f"Visitor{number}", f"v{number}@acme.example") for number in range(45)]
    visitors = [{**ACCOUNT, "subject_id": row["identity"]["id"], "account_code": "visitor-uma"} for row in others]
    wanted = person("p-uma", "Uma", "Ito", "u.i@acme.example")
    send(directory, [*others, *visitors, wanted, person("p-zoe", "Zoe", "Uma Ito", "z@acme.example")])
    ada = sign_in(sqlite_console, "ada")
    ada.get("/orgs/acme/accounts/assign/?" + urlencode({"who": who}))
    shown = [row["data-subject-id"] for row in ada.soup.select("li[data-subject-id]")]
    assert shown[:2] == ["p-uma", "p-zoe"]
    ada.get("/orgs/acme/accounts/assign/?who=visitor-uma")
    assert not ada.soup.select("li[data-subject-id]"), "the code of a type names nobody"


def test_a_number_for_an_id_is_text(ada):
    ada.get("/orgs/acme/accounts/")
    assert ada.soup.select_one("tr[data-subject-id='12345']")["data-code"] == "visitor"
    assert ada.get("/orgs/acme/users/12345/").status_code == 200


@pytest.mark.parametrize("shape", ["person", "account", "type"])
def test_numbers_are_text_in_every_shape(sqlite_console, sign_in, directory, shape):
    rows = {
        "person": [person(4711, "Num", "Ber", "n@acme.example", 5)],
        "account": [{**ACCOUNT, "subject_id": 4711, "account_code": 42}],
        "type": [{"code": 42, "name": "Forty-two", "status": "published"}, {**ACCOUNT, "subject_id": "4711"}],
    }[shape]
    send(directory, rows)
    ada = sign_in(sqlite_console, "ada")
    assert found(ada, "4711") == {"4711"}
    assert ada.get("/orgs/acme/users/4711/").status_code == 200
    if shape == "account":
        assert ada.get("/orgs/acme/accounts/4711/42/status/").status_code == 200
    if shape == "type":
        directory.fault("status-404", on="types", times=1000)
        ada.get("/orgs/acme/accounts/assign/?subject_id=4711")
        assert ada.soup.select_one("input[name=code][value='42']"), text_of(ada.last)


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        ("100%", "percent sign"),
        ("a/b", "slash"),
        ("a\\b", "backslash"),
        ("..", "A path such as"),
        ("x" * 300, "300 characters"),
        (" p-1", "begins or ends with a space"),
        ("p\u200b1", "U+200B ZERO WIDTH SPACE at position 2"),
    ],
)
def test_a_row_that_can_have_no_page_says_why(sqlite_console, sign_in, directory, odd, why):
    send(directory, [{**ACCOUNT, "subject_id": odd}, {**ACCOUNT, "subject_id": "p-9", "account_code": odd}])
    ada = sign_in(sqlite_console, "ada")
    ada.get("/orgs/acme/accounts/")
    of_subject, of_code = sorted(ada.soup.select("tr[data-code]"), key=lambda row: row["data-subject-id"] == "p-9")
    for row in (of_subject, of_code):
        assert why in row.select_one("[data-problem=id]").get_text()
        assert not row.select(".cell-actions a, input")
    assert not of_subject.select("a")
    assert ada.get("/orgs/acme/users/p-9/").status_code == 200
    assert why in ada.soup.select_one("[data-problem=id]").get_text()


@pytest.mark.parametrize("odd", ["100%", "a/b", ".."])
def test_the_person_picker_says_whom_nobody_can_choose(sqlite_console, sign_in, directory, odd):
    send(directory, [person("p-8", "Olga", "Ott", "o@acme.example"), person(odd, "Olga", "Odd", "odd@acme.example")])
    ada = sign_in(sqlite_console, "ada")
    ada.get("/orgs/acme/accounts/assign/?who=olga")
    assert "1 more person matches, but cannot be chosen" in text_of(ada.last)
    link = ada.soup.select_one("#matching-people p a")
    assert ada.get(link["href"]).status_code == 200
    assert "Olga Odd" in text_of(ada.last)
    ada.get("/orgs/acme/accounts/assign/?who=ott")
    assert "cannot be chosen" not in text_of(ada.last)
