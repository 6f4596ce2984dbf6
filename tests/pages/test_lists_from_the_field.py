"""Lists as people and spreadsheets really make them, uploaded: who is meant, what was read, and what comes back."""

import csv
import io
from pathlib import Path

import pytest

from tests.pages.test_bulk import BULK, checks, press, results
from tests.pages.test_odd_rows import person, send
from tests.servers import text_of

LISTS = Path(__file__).parent / "lists"
MARK = "\ufeff"
FIELD = [
    person("p-1", "Ada", "Admin", "p1@acme.example", "ada"),
    person("p-5", "Işıl", "Østergård", "p5@acme.example", "isil"),
    person("p-7", "José", "Müller", "jose\u0301@acme.example", "jose"),
    person("00123", "Nora", "Null", "nora@acme.example", "0042"),
    person("77", "Kurz", "Zahl", "kurz@acme.example", "kurz"),
    person("0077", "Lang", "Zahl", "lang@acme.example", "lang"),
    person("p-8", "Uma", "Ito", "shared@acme.example", "uma"),
    person("p-9", "Ken", "Ito", "shared@acme.example", "ken"),
]


@pytest.fixture
def browser(sqlite_console, sign_in):
    return sign_in(sqlite_console, "ada")


@pytest.fixture
def field(directory):
    send(directory, FIELD)
    return directory


def upload(browser, data, action="assign", *, language="en", **more):
    fields = {**browser.form(BULK), "action": action, "status": "", "list": "", **more}
    data = data if isinstance(data, bytes) else data.encode()
    page = browser.session.post(
        browser.url + BULK,
        data=fields,
        files={"file": ("list.csv", data)},
        headers={"Accept-Language": language},
        timeout=60,
    )
    assert page.status_code == 200, text_of(page)
    return browser._keep(page)


def people(browser):
    return [row["data-subject-id"] for row in browser.soup.select("tr[data-line]")]


def words(browser, line=2):
    return " ".join(browser.soup.select_one(f"tr[data-line='{line}']").get_text(" ").split())


def rows_of(answer):
    text = answer.content.decode()
    assert text.startswith(MARK + '"'), "a double click in Excel shows UTF-8"
    return list(csv.reader(io.StringIO(text.removeprefix(MARK), newline=""), strict=True))


FOUND = {  # the file, and for each of its lines the person or what is said of the line
    "separator-in-quotes": ["p-5"],
    "sep-line": ["p-5"],
    "blank-after-comma": ["p-5"],
    "invisible": ["p-5", "p-7"],
    "german-headings": ["p-5"],
    "outlook": ["p-5"],
}


@pytest.mark.parametrize("name", FOUND)
def test_a_list_from_the_field_is_planned(browser, field, name):
    upload(browser, (LISTS / f"{name}.csv").read_bytes())
    assert people(browser) == FOUND[name]
    assert set(checks(browser).values()) == {"unknown_type"} or set(checks(browser).values()) == {"ready"}


@pytest.mark.parametrize(
    ("name", "said"), [("two-people", "Line 2 names two people"), ("leading-zeros", "Did you mean 00123?")]
)
def test_a_list_from_the_field_is_not_planned(browser, field, name, said):
    upload(browser, (LISTS / f"{name}.csv").read_bytes())
    assert checks(browser)[2] in ("unreadable", "unknown_person")
    assert said in words(browser)


REFUSED = {
    "id and e-mail": ("subject_id,email,code\np-1,p5@acme.example,visitor\n", "Line 2 names two people"),
    "e-mail and username": ("email,username,code\np1@acme.example,isil,visitor\n", "Line 2 names two people"),
    "id and username": ("subject_id,username,code\np-1,isil,visitor\n", "Line 2 names two people"),
    "id and name": ("subject_id,name,code\np-1,Işıl Østergård,visitor\n", "Line 2 names two people"),
    "e-mail and name": ("email;Vorname;Nachname;code\np1@acme.example;Uma;Ito;visitor\n", "Line 2 names two people"),
    "family name alone": ("subject_id,name,code\np-8,Ken Ito,visitor\n", "is called Uma Ito"),
    "id beside an e-mail that nobody has": ("subject_id,email,code\np-1,x@acme.example,visitor\n", "nobody has x@"),
    "e-mail beside an id that nobody has": ("subject_id,email,code\nq,p1@acme.example,visitor\n", "nobody has q"),
    "zeros and another person": ("subject_id,email,code\n123,p1@acme.example,visitor\n", "names two people"),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("action", ["assign", "delete"])
def test_a_line_that_names_two_people_is_not_planned(browser, field, name, action):
    text, said = REFUSED[name]
    upload(browser, text, action)
    assert checks(browser) == {2: "unreadable"}
    assert said in words(browser)


AGREEING = {
    "id, e-mail, username and name": (
        "subject_id,email,username,name,code\np-1,P1@ACME.example,ADA,Ada Admin,v\n",
        "p-1",
    ),
    "last name first": ("subject_id,name,code\np-1,'Admin; Ada',v\n", "p-1"),
    "an initial": ("subject_id,name,code\np-1,A. Admin,v\n", "p-1"),
    "without accents": ("subject_id,name,code\np-5,Isil Ostergard,v\n", "p-5"),
    "a shared e-mail and an id": ("subject_id,email,code\np-9,shared@acme.example,v\n", "p-9"),
    "a shared e-mail and a username": ("email,username,code\nshared@acme.example,uma,v\n", "p-8"),
    "mailto": ("email,code\nmailto:p5@acme.example,v\n", "p-5"),
    "an e-mail that says which zeros": ("subject_id,email,code\n77,kurz@acme.example,v\n", "77"),
}


@pytest.mark.parametrize("name", AGREEING)
def test_a_line_whose_cells_agree_names_its_person(browser, field, name):
    text, subject_id = AGREEING[name]
    upload(browser, text)
    assert people(browser) == [subject_id], words(browser)


MARKED = {  # never planned for the person that was perhaps meant; the mark names the near match
    "zeros instead": ("subject_id,code\n123,visitor\n", "Did you mean 00123?"),
    "zeros as well": ("subject_id,code\n77,visitor\n", "There is 0077 as well"),
    "a username with zeros": ("username,code\n42,visitor\n", "Did you mean 0042?"),
    "the case of an id": ("subject_id,code\nP-5,visitor\n", "Did you mean p-5?"),
    "an accent of an e-mail": ("email,code\njose@acme.example,visitor\n", "Did you mean jose\u0301@acme.example?"),
    "a shared e-mail": ("email,code\nshared@acme.example,visitor\n", "2 people have"),
}


@pytest.mark.parametrize("name", MARKED)
@pytest.mark.parametrize("action", ["assign", "delete"])
def test_a_near_match_is_a_hint_and_never_planned(browser, field, name, action):
    text, said = MARKED[name]
    upload(browser, text, action)
    assert checks(browser)[2] in ("unknown_person", "not_allowed")
    assert said in words(browser)
    assert people(browser)[0] not in {"00123", "0077", "p-5", "p-7"}


@pytest.fixture
def on_each_database(console, sign_in):
    return sign_in(console, "ada")


def test_what_no_database_stores_is_no_error(on_each_database, directory):
    odd = [
        person("n\x00l", "A\x00", "Odd", "odd\x00\u200b@acme.example", "0\x001"),
        person("p-1", "Ada", "Admin", "p1@acme.example", "ada"),
    ]
    send(directory, odd)
    lines = [
        "odd@acme.example,,Ada",
        "odd@acme.example,ada,",
        ",ada,O\u0301dd\x00",
        "o\u0301dd@acme.example,,",
        "\u200b,,",
    ]
    text = "email,username,name,code\n" + "".join(f"{line},visitor\n" for line in lines)
    upload(on_each_database, text)
    assert set(checks(on_each_database).values()) <= {"unreadable", "unknown_person"}, checks(on_each_database)
    assert on_each_database.get(f"{on_each_database.last.url}failures.csv").status_code == 200


def test_an_id_with_zeros_beside_one_without_is_marked(browser, field):
    upload(browser, "subject_id,code\n0077,visitor\n")
    assert people(browser) == ["0077"]
    assert "Another person has 77" in words(browser)


SHAPES = {
    "a tab after sep=": "sep=\t\nemail\tcode\np5@acme.example\tvisitor\n",
    "sep= saved by another program": '"sep=;",\nemail,code\np5@acme.example,visitor\n',
    "sep= that is wrong": "sep=;\nemail,code\np5@acme.example,visitor\n",
    "sep= with a bar": "sep=|\nemail|code\np5@acme.example|visitor\n",
    "blanks before commas": '"email" ,"code" \n"p5@acme.example" , "visitor"\t\n',
    "more separators in quotes": '"a;b;c;d;e","email",code\n"1;2",p5@acme.example,visitor\n',
    "a line break in a heading": '"more\nthan one; two; three",email,code\nx,p5@acme.example,visitor\n',
    "quotes inside of cells": 'remark,email,code\n5" disk " ,p5@acme.example,visitor\n',
}


@pytest.mark.parametrize("name", SHAPES)
def test_separators_and_blanks(browser, field, name):
    upload(browser, SHAPES[name])
    assert people(browser) == ["p-5"]


HEADINGS = {
    "en": "Subject id,Account type,Status,Note",
    "de": "Subjekt-ID;Kontoart;Status;Notiz",
    "fr": "ID du sujet;Type de compte;Statut;Note",
    "other words": "Identifiant;Type de compte;Nouveau statut;Motif",
    "more words": "USER-ID\tKontotyp\tneuer Status\tBegründung",
}


@pytest.mark.parametrize("name", HEADINGS)
def test_headings_of_each_language(browser, field, name):
    separator = next(mark for mark in ",;\t" if mark in HEADINGS[name])
    upload(browser, f"{HEADINGS[name]}\n" + separator.join(["p-5", "visitor", "Disabled", "moved"]), "change_status")
    assert people(browser) == ["p-5"]
    assert "→ disabled" in words(browser)
    assert "Note: moved" in words(browser)


@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_a_template_in_the_language_of_the_page(browser, directory, language):
    one = directory.person("visitor")
    answer = browser.get(f"{BULK}template.csv", **{"Accept-Language": language})
    (headings,) = rows_of(answer) if language == "en" else [answer.content.decode().strip().split(";")]
    separator = "," if language == "en" else ";"
    assert len(headings) == 6
    line = separator.join([one, "", "", "worker", "", "new"])
    upload(browser, answer.content + line.encode(), language=language)
    assert checks(browser) == {2: "ready"}


def test_the_plan_names_the_columns(browser, directory):
    one = directory.person("visitor")
    upload(browser, f"E-Mail,Subject id,Kontotyp,Raum,Reason,id\n,{one},worker,B 12,because,7\n")
    said = " ".join(browser.soup.select_one("#columns").get_text(" ").split())
    assert said == (
        "Columns read: “E-Mail” (E-mail), “Subject id” (Subject id), “Kontotyp” (Account type), “Reason” (Note). "
        "Not read: “Raum”, “id”."
    )


def test_a_note_of_a_row_is_recorded_with_its_change(browser, directory):
    first, second = directory.person("visitor"), directory.person("visitor")
    page = upload(
        browser, f"subject_id;code;Grund\n{first};worker;Neu im Team\n{second};worker;\n", message="all of them"
    )
    press(browser, page, "confirm", count="2")
    press(browser, page, "run")
    assert results(browser) == {2: "applied", 3: "applied"}
    links = [row.select_one("a[href*='/changes/']")["href"] for row in browser.soup.select("tr[data-line]")]
    assert ["Neu im Team" in browser.get(link).text for link in links] == [True, False]
    assert ["all of them" in browser.get(link).text for link in links] == [False, True]


@pytest.mark.parametrize(
    ("action", "status", "said"),
    [
        ("assign", "", "The status column is not used: the directory decides"),
        ("delete", "", "The status column is not used: the accounts are deleted."),
        ("change_status", "expired", "The status column is not used: all accounts get the status expired."),
        ("change_status", "", ""),
    ],
)
def test_what_happens_to_a_status_column(browser, directory, action, status, said):
    one = directory.person("worker")
    page = upload(browser, f"subject_id,code,status\n{one},worker,disabled\n", action, status=status)
    assert said in text_of(page)
    assert ("The status column is not used" in text_of(page)) is bool(said)


@pytest.mark.parametrize("other", [{"list": "subject_id,code\na,b\n"}, {"selected": "a,b"}])
def test_a_file_and_another_list_together_are_refused(browser, directory, other):
    fields = {**browser.form(BULK), "action": "assign", "status": "", "list": "", **other}
    files = {"file": ("list.csv", b"subject_id,code\na,b\n")}
    page = browser.session.post(browser.url + BULK, data=fields, files=files, timeout=60)
    assert page.status_code == 400
    assert "Choose a file or paste a list, not both." in text_of(page)


def test_failed_rows_go_round_with_all_their_cells(browser, directory):
    fine, held, gone = directory.person("visitor"), directory.person("worker"), directory.person("worker", "disabled")
    lines = [
        "Raum;Personen-ID;Kontotyp;Grund",
        f"A 1;{fine};worker;new",
        f"A 2;{fine};worker;twice",
        f"A 3;{held};worker;has it",
        f"A 4;{gone};worker;has it, disabled",
        '\'=B5;nobody;worker;"a; b"',
        f"A 6;{fine};nothing;typing error;one cell too many",
        "A 7;;worker",
    ]
    page = upload(browser, "\n".join(lines))
    press(browser, page, "confirm", count="1")
    press(browser, page, "run")
    header, *rows = rows_of(browser.get(f"{page.url}failures.csv"))
    assert header == ["Raum", "Personen-ID", "Kontotyp", "Grund", "", "failure_detail"]
    assert [row[0] for row in rows] == ["A 2", "A 4", "'=B5", "A 6", "A 7"]
    assert [row[3] for row in rows] == ["twice", "has it, disabled", "a; b", "typing error", ""]
    assert all(row[-1] for row in rows), "each row says why"
    assert rows[0][-1] == "The same account as in line 2."
    again = upload(browser, browser.last.content)
    assert header[:-1] == [*rows_of(browser.get(f"{again.url}rest.csv"))[0]], "the reason is no column of the list"
    second = rows_of(browser.get(f"{again.url}failures.csv"))
    # The second line of the same account needs no change any more.
    assert [row[:-1] for row in second] == [header[:-1], *(row[:-1] for row in rows[1:])], "nothing grows or gets lost"


def test_failed_rows_keep_the_status_that_the_form_chose(browser, directory):
    upload(browser, "subject_id,code\nnobody,worker\n", "change_status", status="expired")
    answer = browser.get(f"{browser.last.url}failures.csv")
    assert [row[:3] for row in rows_of(answer)] == [["subject_id", "code", "status"], ["nobody", "worker", "expired"]]


def test_the_reasons_are_in_the_language_of_the_page(browser, directory):
    page = upload(browser, "subject_id,code\np,worker\np,worker\n")
    german = browser.get(f"{page.url}failures.csv", **{"Accept-Language": "de"}).text
    assert "Dasselbe Konto wie in Zeile 2" in german


EXPORTS = ("accounts/export.csv", "changes/export.csv", "accounts/bulk/template.csv")


@pytest.mark.parametrize("path", EXPORTS)
def test_exports_open_in_a_spreadsheet_of_the_reader(browser, directory, path):
    path = f"/orgs/acme/{path}"
    for language, separator in (("en", ","), ("de", ";"), ("fr", ";")):
        text = browser.get(path, **{"Accept-Language": language}).content.decode()
        assert text.startswith(MARK + '"')
        assert separator.join(['"', '"']) in text.splitlines()[0]
    for name, separator in (("comma", ","), ("semicolon", ";")):
        first = browser.get(f"{path}?separator={name}", **{"Accept-Language": "de"}).content.decode().splitlines()[0]
        assert f'"{separator}"' in first
    assert browser.get(f"{path}?separator=bar").status_code == 400


@pytest.mark.parametrize(("language", "first", "other"), [("en", "comma", "semicolon"), ("de", "semicolon", "comma")])
def test_pages_link_to_both_variants(browser, directory, language, first, other):
    page = upload(browser, "subject_id,code\nnobody,worker\n")
    for path, name in (
        ("/orgs/acme/accounts/?q=a", "export.csv"),
        ("/orgs/acme/changes/?q=a", "export.csv"),
        (page.url, "failures.csv"),
    ):
        browser.get(path, **{"Accept-Language": language})
        links = [link["href"] for link in browser.soup.select(f"a[href*='{name}?']")]
        assert [link.split("separator=")[1] for link in links] == [first, other], path
        assert all(browser.get(link).status_code == 200 for link in links)
