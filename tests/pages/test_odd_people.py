"""People of the whole world, from the list to the log: shown and recorded letter for letter, found as they are typed."""

import base64
import json
import unicodedata
from urllib.parse import urlencode

import pytest

from console.identifiers import without_invisible
from tests.servers import outcome_of, text_of

NAMES = [
    "Işıl Østergård",
    "İstanbul Iğdır",
    "Łukasz Żółć-Ñandú",
    "Þórður Æðelred",
    "Đặng Thị Hồng",
    "Jose\u0301 Mu\u0308ller",
    "Élodie d’Ormesson",
    "Siobhán O'Brien",
    "Kaʻahumanu Hawaiʻi",
    "Straße GROẞMANN",
    "Ǆemal Ǉubić",
    "Ｆｕｌｌ Ｗｉｄｔｈ",
    "ﬁona Oﬃce",
    "Σωκράτης ΟΔΥΣΣΕΎΣ",
    "Ёлка Йогурт",
    "Қайрат Әлиев",
    "Ґалаґан Їжак",
    "می\u200cخواهم رضایی",
    "علي الشيخ",
    "محـــمد عبدالله",
    "\u200fמשה כהן\u200e",
    "בֶּן־גּוּרְיוֹן דָּוִד",
    "สมชาย น้ำใจ",
    "김민준",
    "\u1100\u1175\u11b7 \u1106\u1175\u11ab",
    "渡邊\U000e0101 花子",
    "がくと ｶﾞｸﾄ",
    "हिन्दी क्ष",
    "ক্ষ ত্র",
    "አበበ ቢቂላ",
    "Kim 👩\u200d🚒",
    "👨\u200d👩\u200d👧\u200d👦 Family",
    "🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f Wales",
    "❤\ufe0f Love",
    "👍🏽 Tone",
    "Nobel\u00ad\u200bpreis",
    "X Æ A-12",
    "Robert'); DROP TABLE",
    "<b>Bold</b> & Co",
    "{{ 7*7 }} %s %(x)s",
    "=HYPERLINK(1)",
    "Null None undefined",
    "a" * 200,
    "\u2067isolated\u2069 Name",
    "O\u0337\u0322\u0321\u0354z Zalgo\u0489\u0315",
]


@pytest.fixture
def ada(sqlite_console, sign_in):
    return sign_in(sqlite_console, "ada")


@pytest.mark.parametrize("name", NAMES)
def test_from_the_list_to_the_log(ada, directory, name):
    subject = directory.person("worker", name=name)
    for typed in (name, unicodedata.normalize("NFD", without_invisible(name).upper())):
        query = urlencode({"q": typed, "who": typed})
        ada.get(f"/orgs/acme/accounts/?{query}")
        shown = ada.soup.select(f"tr[data-subject-id='{subject}'] .person a")
        assert shown, (typed, text_of(ada.last)[:300])
        assert shown[0].get_text() == name
        ada.get(f"/orgs/acme/accounts/assign/?{query}")
        assert ada.soup.select(f"li[data-subject-id='{subject}']"), (typed, text_of(ada.last)[:1000])
    assert ada.get(f"/orgs/acme/users/{subject}/").status_code == 200
    assert ada.soup.select_one("h1").get_text() == name
    path = f"/orgs/acme/accounts/{subject}/worker/status/"
    note = f"for {name}".replace("\u00ad", "")  # soft hyphens of notes vanish
    sent = {**ada.form(path), "status": "disabled", "message": note}
    page = ada.post(path, sent)
    assert outcome_of(page) == "applied", text_of(page)
    ada.get(f"/orgs/acme/changes/?subject_id={subject}")
    assert name in ada.soup.select_one("table.change-table").get_text()
    change = ada.soup.select_one("tr[data-change-id]")["data-change-id"]
    assert ada.get(f"/orgs/acme/changes/{change}/").status_code == 200
    assert note in ada.soup.select_one("main").get_text()
    requested = json.loads(ada.get(f"/orgs/acme/changes/export.jsonl?subject_id={subject}").text.splitlines()[0])
    assert (requested["subject_name"], requested["message"]) == (name, note)
    assert ada.get(f"/orgs/acme/changes/export.csv?subject_id={subject}").status_code == 200
    assert ada.get(f"/orgs/acme/accounts/export.csv?{urlencode({'q': name})}").status_code == 200


IDS = [
    "0",
    "-1",
    "null",
    "...",
    "a b",
    "a?b=c&d",
    "a#b",
    "a+b",
    "a;b,c",
    "a'b",
    'a"b',
    "<i>",
    "{{id}}",
    "ä",
    "a\u0308",
    "Ä",
    "渡邊",
    "علي",
    "👍🏽",
    "mailto:x@acme.example",
    "urn:uuid:5f",
    "x" * 255,
    "~a",
    "a:b",
    "a@b",
    "00123",
    "1e5",
]


@pytest.mark.parametrize("odd", IDS)
def test_odd_ids_and_codes_have_pages_forms_and_changes(ada, directory, odd):
    account = {"subject_id": odd, "account_code": odd, "org_id": "acme", "status": "active"}
    others = [{**account, "subject_id": f"other {odd}"[:255]}, {"code": odd, "name": "Odd", "status": "published"}]
    answers = {"list": [account, *others], "change_status": {**account, "status": "disabled"}}
    for operation, document in answers.items():
        body = base64.b64encode(json.dumps(document).encode()).decode()
        directory.fault("raw", on=operation, times=1000, body=body, headers=[["Content-Type", "application/json"]])
    ada.get("/orgs/acme/accounts/")
    [row] = [row for row in ada.soup.select("tr[data-code]") if row["data-subject-id"] == odd]
    person, status = row.select_one(".person a")["href"], row.select_one(".cell-actions a")["href"]
    assert ada.get(person).status_code == 200
    assert ada.soup.select_one("h1").get_text() == odd
    page = ada.post(status, {**ada.form(status, "/status/"), "status": "disabled"})
    assert outcome_of(page) == "applied", text_of(page)
    ada.get("/orgs/acme/changes/?" + urlencode({"subject_id": odd, "code": odd}))
    [change] = ada.soup.select("tr[data-change-id]")
    assert ada.get(f"/orgs/acme/changes/{change['data-change-id']}/").status_code == 200
    for path in ("types/", "accounts/export.csv", "accounts/?" + urlencode({"type": odd, "q": odd})):
        assert ada.get(f"/orgs/acme/{path}").status_code == 200
    ada.get("/orgs/acme/accounts/assign/?" + urlencode({"who": odd}))
    assert odd in [one["data-subject-id"] for one in ada.soup.select("li[data-subject-id]")]
