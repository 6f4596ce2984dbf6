"""One idea of "the same" for e-mail addresses, usernames and ids."""

import sys

import pytest

from console.identifiers import identifier_key, is_invisible, same_identifier, without_invisible


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada@Acme.Example", "ada@acme.example"),
        ("jose\u0301@acme.example", "JOSÉ@acme.example"),
        ("ΟΔΥΣΣΕΥΣ", "οδυσσευς"),
        ("STRAẞE@acme.example", "straße@acme.example"),
        ("İ@acme.example", "i\u0307@acme.example"),
        ("Ⴀ", "ⴀ"),
    ],
)
def test_spellings_of_one_identifier(one: str, other: str) -> None:
    assert same_identifier(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("straße@acme.example", "strasse@acme.example"),
        ("ıda@acme.example", "ida@acme.example"),
        ("josé@acme.example", "jose@acme.example"),
        ("ﬁ@acme.example", "fi@acme.example"),
        ("o’brien", "o'brien"),
        ("\u200bada", "ada"),
        ("\u212ai@acme.example", "ki@acme.example"),
        ("a\u017fa", "asa"),
    ],
)
def test_other_identifiers(one: str, other: str) -> None:
    assert not same_identifier(one, other)


def test_no_other_character_becomes_one_of_ascii() -> None:
    for character in map(chr, range(128, sys.maxunicode + 1)):
        assert not identifier_key(character).isascii(), hex(ord(character))


def test_ids_have_a_case_but_no_composition() -> None:
    assert same_identifier("jose\u0301", "josé", with_case=True)
    assert not same_identifier("P-1", "p-1", with_case=True)
    assert not same_identifier("JOSÉ", "josé", with_case=True)


def test_invisible_characters_of_a_file() -> None:
    assert without_invisible("\u200bp5@acme.example\ufeff") == "p5@acme.example"
    assert without_invisible("a\u00adb\u2060c\u3164d\u034fe\U000e0001f\ufe0fg\u202eh") == "abcdefgh"
    assert not any(map(is_invisible, "a é\u0301 \u00a0👩–"))
