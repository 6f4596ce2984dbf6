"""One idea of "the same" for searches and sorting; times at the edges."""

import datetime

import pytest

from accounts_ui.services.text_folding import as_time, fold, search_words


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("Işıl Østergård", "isil ostergard"),
        ("Işıl Østergård", "ışıl ØSTERGÅRD"),
        ("ISIL", "ısıl"),
        ("O’Brien", "O'Brien"),
        ("O’Brien", "obrien"),
        ("O`Brien", "O´Brien"),
        ("José Müller", "jose\u0301 MU\u0308LLER"),
        ("Straße", "STRASSE"),
        ("Łukasz Đorđević", "lukasz dordevic"),
        ("Æsa Þór Œuvre", "aesa thor oeuvre"),
        ("İstanbul", "istanbul"),
        ("Anna‐Lena", "anna-lena"),
        ("Anna–Lena", "Anna\u2011Lena"),
        ("می\u200cخواهم", "میخواهم"),
        ("Kim 👩\u200d🚒", "kim 👩🚒"),
        ("❤\ufe0f", "❤"),
        ("soft\xadhyphen", "softhyphen"),
        ("\ufeffAda\u200b", "ada"),
        ("Ｆｕｌｌ ﬁt ℡", "full fit tel"),
    ],
)
def test_two_spellings_of_one_name_are_the_same(text: str, typed: str) -> None:
    assert fold(text) == fold(typed)


@pytest.mark.parametrize(("one", "other"), [("a b", "ab"), ("Müller", "Mueller"), ("हिन्दी", "हन्दी"), ("p-1", "p1")])
def test_other_names_stay_different(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@pytest.mark.parametrize("text", ["", "Ada", "Işıl Østergård", "❤\ufe0f O’Brien", "\ud800"])
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("q", "words"),
    [
        ("  ", []),
        ("Admin, Ada", ["admin", "ada"]),
        ("Ada Admin <Ada@Acme.Example>", ["ada", "admin", "ada@acme.example"]),
        ("mailto:ada@acme.example;", ["ada@acme.example"]),
        ("a,b", ["a,b"]),
        ("<>", []),
    ],
)
def test_words_of_a_search(q: str, words: list[str]) -> None:
    assert search_words(q) == words


UTC = datetime.UTC


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-01-31T12:00:00Z", datetime.datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00+02:00", datetime.datetime(2026, 1, 31, 10, tzinfo=UTC)),
        ("2026-01-31", datetime.datetime(2026, 1, 31, tzinfo=UTC)),
        ("9999-12-31T23:59:59Z", datetime.datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("9999-12-31T23:59:59-01:00", None),
        ("0001-01-01T00:00:00+01:00", None),
        ("", None),
        ("never", None),
        ("2026-02-30", None),
    ],
)
def test_times(text: str, time: datetime.datetime | None) -> None:
    assert as_time(text) == time
