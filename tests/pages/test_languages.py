"""English, German and French: whole pages, plurals, moments, problems; and what is recorded, the same in each."""

import contextlib
import json
import re
import sqlite3
import uuid

import pytest

from tests.servers import Browser, csv_text, outcome_of, text_of

LANGUAGES = ("en", "de", "fr")
GERMAN = {"Accept_Language": "de-AT,de;q=0.9,en;q=0.5"}
FRENCH = {"Accept_Language": "fr"}


@pytest.fixture
def browser(own_consoles, directory, sign_in):
    """On a console where nobody but this module has left names."""
    return sign_in(own_consoles("sqlite"), "ada")


def choose(browser, language):
    """As the footer does: the choice is kept in a cookie."""
    sent = {**browser.form("/orgs/acme/types/", "appearance"), "language": language}
    return browser.post("/appearance/", sent)


def language_of(browser):
    return browser.soup.select_one("html")["lang"]


def test_a_language_comes_from_the_browser_or_is_chosen(browser):
    page = browser.get("/orgs/acme/types/")
    assert language_of(browser) == "en"
    assert page.headers["Content-Language"] == "en"
    assert {"Accept-Language", "Cookie"} <= {one.strip() for one in page.headers["Vary"].split(",")}
    assert page.headers["Cache-Control"] == "no-store"
    browser.get("/orgs/acme/types/", **GERMAN)
    assert (language_of(browser), browser.soup.select_one("h1").get_text()) == ("de", "Kontoarten")
    browser.get("/orgs/acme/types/", Accept_Language="nl, xx;q=0.9")
    assert language_of(browser) == "en", "a language that there is not"
    choose(browser, "fr")
    assert (language_of(browser), browser.soup.select_one("h1").get_text()) == ("fr", "Types de compte")
    browser.get("/orgs/acme/types/", **GERMAN)
    assert language_of(browser) == "fr", "what was chosen goes before what the browser says"
    choose(browser, "xx")
    assert language_of(browser) == "fr", "no choice changes nothing"
    offered = {one["value"]: one.get_text() for one in browser.soup.select("select[name=language] option")}
    assert offered == {"en": "English", "de": "Deutsch", "fr": "Français"}
    assert browser.get("/orgs/acme/types/", htmx=True).text.find("Types de compte") > 0, "fragments as well"


def test_no_english_is_left_on_the_main_pages(browser, directory):
    subject = directory.person("worker", name="Žofie Çelik")
    change = status_change(browser, subject, "expired")
    directory.set_status(subject, "worker", "disabled")
    plan = plan_of(browser, f"subject_id,code\n{subject},worker\nnobody,worker\n{subject},no-such\n")
    person = f"/orgs/acme/users/{subject}/"
    for path in (
        "/",
        f"/orgs/acme/accounts/?q={subject}",
        "/orgs/acme/accounts/?q=nothing-has-this&status=active",
        "/orgs/acme/types/?q=gold",
        f"/orgs/acme/changes/?subject_id={subject}",
        f"/orgs/acme/changes/{change}/",
        person,
        f"{person}?result={change}",
        f"/orgs/acme/accounts/{subject}/worker/delete/",
        f"/orgs/acme/accounts/{subject}/worker/status/",
        f"/orgs/acme/accounts/assign/?subject_id={subject}",
        "/orgs/acme/accounts/assign/?by=id",
        "/orgs/acme/accounts/bulk/",
        plan,
        "/sessions/",
        "/embed/check/",
        "/orgs/acme/users/nobody/",
        "/no/such/page",
        "/signout/",
    ):
        english = set(texts(browser.get(path)))
        for language, headers in (("de", GERMAN), ("fr", FRENCH)):
            left = english & set(texts(browser.get(path, **headers))) - SAME[language]
            assert not {one for one in left if not is_data(one)}, (language, path)


def texts(page):
    """What is read on a page: text, labels, descriptions. Not what stands in ``code``."""
    soup = Browser("", last=page).soup
    soup.remove("code, kbd, select[name=language], .avatar, time, [data-print-summary] strong, #type-options label")
    found = list(soup.strings())
    for name in ("aria-label", "title", "placeholder", "data-label"):
        found += [one[name] for one in soup.select(f"[{name}]")]
    lines = (" ".join(re.sub(r"[^\W\d_]*\d+|[↑↓✕→—“”()]", " ", one).split()).strip(" .,:;·") for one in found)
    return [line for line in lines if re.search(r"[^\W\d_]{2}", line)]


DATA = re.compile(
    r"Org Accounts Console|Acme GmbH|Globex AG|UTC|Ada Admin|Bo Berg|ada@acme\.example|Žofie Çelik|žofie\.çelik(@acme\.example)?|Worker|worker|member|manager|Gold member"
    r"|Enters every lounge|\w+_required|subject_id,code|subject-[-\w ]+|nobody|nothing-has-this|python-requests|Plan · "
)
SAME = {
    "de": {
        "Browser",
        "Cookies",
        "Code",
        "Person",
        "Status",
        "Name",
        "E-Mail",
        "Admin",
        "Plan",
        "Auditor",
        "Hash",
        "Details",
    },
    "fr": {
        "Code",
        "Cookies",
        "Mode",
        "E-mail",
        "admin",
        "Action",
        "Actions",
        "Type",
        "Types",
        "Plan",
        "Note",
        "Source",
        "Date",
        "Dates",
        "Hash",
        "Pages",
    },
}


def is_data(text):
    return not re.search(r"[^\W\d_]{2}", DATA.sub("", text))


def status_change(browser, subject, status, **headers):
    path = f"/orgs/acme/accounts/{subject}/worker/status/"
    sent = {**browser.form(path), "status": status}
    browser.post(path, sent, **headers)
    return sent["operation_id"]


def plan_of(browser, lines):
    sent = {**browser.form("/orgs/acme/accounts/bulk/"), "action": "assign", "list": lines}
    return browser.post("/orgs/acme/accounts/bulk/", sent).url.removeprefix(browser.url)


@pytest.mark.parametrize(
    ("language", "forms"),
    [
        ("en", {0: "0 changes.", 1: "1 change.", 2: "2 changes."}),
        ("de", {0: "0 Änderungen.", 1: "1 Änderung.", 2: "2 Änderungen."}),
        ("fr", {0: "0 modification.", 1: "1 modification.", 2: "2 modifications."}),  # in French nought is singular
    ],
)
def test_plurals(browser, directory, language, forms):
    subject = directory.person("worker")
    for number, said in forms.items():
        browser.get(f"/orgs/acme/changes/?subject_id={subject}", Accept_Language=language)
        assert " ".join(browser.soup.select_one("#results p.result-count").get_text().split()) == said
        status_change(browser, subject, "expired" if number % 2 == 0 else "disabled")


@pytest.mark.parametrize(
    ("language", "shown"),
    [("en", "11 Feb 2025, 09:30"), ("de", "11.02.2025, 09:30"), ("fr", "11/02/2025 09:30")],
)
def test_moments_say_the_exact_utc(browser, language, shown):
    page = browser.get("/orgs/acme/accounts/?q=gold&type=gold&sort=created", Accept_Language=language)
    assert shown in page.text
    moment = next(one for one in browser.soup.select("time") if one.get_text() == shown)
    assert (moment["datetime"], moment["data-utc"]) == ("2025-02-11T09:30:00Z", "2025-02-11 09:30:00 UTC")


@pytest.mark.parametrize(("language", "number"), [("en", "1,204"), ("de", "1.204"), ("fr", "1\u202f204")])
def test_numbers_are_grouped_as_the_reader_does(browser, directory, language, number):
    lines = "".join(f"nobody-{at},worker\n" for at in range(1204))
    if "plan" not in KEPT:
        KEPT["plan"] = plan_of(browser, f"subject_id,code\n{lines}")
    browser.get(KEPT["plan"], Accept_Language=language)
    assert f"({number})" in browser.soup.select_one("[data-check=unknown_person]").get_text()


KEPT: dict[str, str] = {}


def test_problems(browser, directory):
    page = browser.get("/orgs/acme/users/nobody/", **GERMAN)
    assert page.status_code == 404
    assert "Person nicht gefunden" in page.text
    assert "Weder das Verzeichnis noch das Änderungsprotokoll dieser Organisation kennt diese Person." in page.text
    assert "<title>Person nicht gefunden" in page.text
    page = browser.get("/orgs/acme/users/a%25b/", **FRENCH)
    assert page.status_code == 400
    assert "La valeur contient un signe pour cent" in page.text
    subject = directory.person("worker", status="active")
    path = f"/orgs/acme/accounts/{subject}/worker/delete/"
    sent = browser.form(path)
    directory.set_status(subject, "worker", "pending")
    page = browser.post(path, sent, **GERMAN)
    assert page.status_code == 409
    assert "Der Status des Kontos ist jetzt ausstehend; als das Formular aufgebaut wurde, war er aktiv." in text_of(
        page
    )
    directory.fault("html-502", on="list", times=3)
    page = browser.get("/orgs/acme/accounts/", **FRENCH)
    assert page.status_code == 502
    assert "L’annuaire a échoué" in page.text
    assert "L’annuaire a répondu 502 sans donner de motif. Réessayez dans une minute." in text_of(page)


def test_an_error_before_a_language_was_set_has_the_language_of_its_request(own_consoles, sign_in):
    """Not that of whoever was served before by the same thread."""
    console = own_consoles("sqlite")
    browser = sign_in(console, "ada")
    with contextlib.closing(sqlite3.connect(console.server.env["DATABASE_URL"].removeprefix("sqlite:///"))) as database:
        for language, title in (("de", "Die Datenbank antwortet nicht"), ("en", "The database does not answer")):
            for _ in range(4):
                browser.get("/orgs/acme/types/", **GERMAN)
            database.execute("ALTER TABLE signin_session RENAME TO gone")
            page = browser.get("/orgs/acme/types/", Accept_Language=language)
            database.execute("ALTER TABLE gone RENAME TO signin_session")
            assert (page.status_code, language_of(browser), browser.soup.select_one("h1").get_text()) == (
                503,
                language,
                title,
            )


def test_signing_in_and_out(sqlite_console):
    browser = Browser(sqlite_console.url)
    page = browser.get("/signin/callback/?state=none&code=x", **GERMAN)
    assert page.status_code == 400
    assert "Die Anmeldung wurde abgelehnt" in page.text
    assert "Diese Anmeldung wurde nicht in diesem Browser begonnen" in page.text
    assert "Wieder anmelden" in page.text
    assert "Sign-in refused: invalid_state: This sign-in was not started in this browser" in sqlite_console.log()
    page = browser.get("/signout/", **FRENCH)
    assert "Vous êtes déconnecté" in page.text
    page = browser.post("/appearance/", {"theme": "dark"}, **FRENCH)
    assert page.status_code == 403
    assert "Ce formulaire a expiré" in page.text


def test_what_is_recorded_is_the_same_in_each_language(browser, directory):
    """An answer that is lost: the reason is put together from all that the console says of its own."""
    recorded, shown = {}, {}
    for language in LANGUAGES:
        subject = directory.person("worker", status="active")
        choose(browser, language)
        sent = {**browser.form(f"/orgs/acme/accounts/{subject}/worker/status/"), "status": "expired"}
        directory.fault("reset-after", on="change_status")
        page = browser.post(f"/orgs/acme/accounts/{subject}/worker/status/", sent)
        assert outcome_of(page) == "applied"
        page = browser.get(f"/orgs/acme/changes/{sent['operation_id']}/")
        shown[language] = " ".join(browser.soup.select_one("article > p[role=status]").get_text().split())
        reasons = [one.get_text() for one in browser.soup.select("td small[lang=en]")]
        lines = browser.get(f"/orgs/acme/changes/export.jsonl?subject_id={subject}").text.splitlines()
        recorded[language] = [json.loads(line)["detail"] for line in lines]
        assert reasons == ([] if language == "en" else recorded[language][-1:]), "as recorded, beside what it means"
        header = csv_text(browser.get(f"/orgs/acme/changes/export.csv?subject_id={subject}&separator=comma")).split(
            "\r\n"
        )[0]
        assert header.startswith('"change_id","requested_at","resolved_at"'), language
    assert recorded["de"] == recorded["fr"] == recorded["en"]
    assert recorded["en"][-1].endswith("The directory shows the change: the account is listed as expired.")
    assert shown["en"].endswith("The directory shows the change: the account is listed as expired.")
    assert shown["de"].endswith("Das Verzeichnis zeigt die Änderung: das Konto ist als abgelaufen aufgeführt.")
    assert shown["fr"].endswith("L’annuaire montre la modification : le compte est listé comme expiré.")
    assert "The connection to the directory broke" not in shown["de"]


def test_a_plan_is_kept_in_english_and_told_in_the_readers_language(browser, directory):
    subject = directory.person("worker", status="active")
    choose(browser, "de")
    plan = plan_of(browser, f"subject_id,code\n{subject},worker\n{uuid.uuid4()},worker\n")
    page = browser.get(plan)
    assert "Die Person hat schon ein Konto der Art worker mit dem Status aktiv." in text_of(page)
    assert "Das Verzeichnis führt diese Person nicht in der Organisation" in text_of(page)
    assert "Das Verzeichnis führt diese Person nicht in der Organisation" in csv_text(
        browser.get(plan + "failures.csv")
    )
