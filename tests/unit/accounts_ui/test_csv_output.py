"""CSV for spreadsheets: nothing in a cell runs, and nothing of a cell is lost."""

import csv
import io
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from accounts_ui.csv_output import csv_lines, escape_formula, starts_formula, unescape_formula

FORMULA = "=+-@＝＋－＠﹦﹢﹣﹫−"
SEPARATORS = ",;\t"
# Mostly what matters here: formula characters, separators, quotes, breaks, apostrophes, invisible characters
CELL = st.text(st.sampled_from(f"{FORMULA}{SEPARATORS}|\"'\r\n\v\x1e\x85\u2028 \xa0\u200b\ufeffab1") | st.characters())
ROWS = st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=4)


def first_visible(cell: str) -> str:
    return next((character for character in cell if character.isprintable() and not character.isspace()), "")


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        *((f"{sign}1", f"'{sign}1") for sign in FORMULA),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1+1", "  '=1+1"),
        ("\u200b=1", "\u200b'=1"),
        ("\t=1", "'\t'=1"),
        ("\r=1", "'\r'=1"),
        ("\n", "'\n"),
        ("a;=1", "a;'=1"),
        ("a\t=1", "a\t'=1"),
        ("a,  -1", "a,  '-1"),
        ('a"@x', "a\"'@x"),
        ('a;"=1', "a;\"'=1"),
        ("a\n＝1", "a\n'＝1"),
        ("'=1", "''=1"),
        ("a;'=1;b", "a;''=1;b"),
    ],
)
def test_what_could_start_a_formula_gets_an_apostrophe(text: str, escaped: str) -> None:
    assert escape_formula(text) == escaped
    assert unescape_formula(escaped) == text


@pytest.mark.parametrize("text", ["", "Ada", "a=b", "1-2", "'quoted", "ada@acme.example", "a; b", "Jean - Luc", "a'=b"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert escape_formula(text) == text
    assert unescape_formula(text) == text


def test_nothing_is_an_empty_cell() -> None:
    assert escape_formula(None) == ""
    assert escape_formula(7) == "7"


@given(ROWS)
@example([["a", ';"', "b"], ["=1", "", "\n"]])
@example([["a", 'b;"=1', ";"], ["=1", '"', "-1"]])
def test_no_separator_makes_a_cell_that_starts_a_formula(rows: list[list[str]]) -> None:
    text = "".join(csv_lines(["one", "two", "three"], rows))
    for separator in SEPARATORS:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            for cell in row:
                assert first_visible(cell) not in FORMULA or not first_visible(cell), (separator, cell)
    for line in text.splitlines():  # a program that knows no quotes
        for cell in line.replace(";", ",").replace("\t", ",").split(","):
            assert first_visible(cell.lstrip('"')) not in FORMULA or not first_visible(cell.lstrip('"')), cell


@given(ROWS)
def test_a_reader_gets_every_cell_back(rows: list[list[str]]) -> None:
    text = "".join(csv_lines(["one", "two", "three"], rows))
    parsed = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert [[unescape_formula(cell) for cell in row] for row in parsed] == [["one", "two", "three"], *rows]


@given(CELL)
def test_an_escaped_cell_never_starts_a_formula(cell: str) -> None:
    assert not starts_formula(escape_formula(cell))
    assert starts_formula(cell) == (first_visible(cell) in FORMULA and first_visible(cell) != "")


def test_every_cell_is_quoted() -> None:
    rows = [["a,b", 'say "hi"', "two\nlines"], ["ä", None, 7]]
    assert list(csv_lines(["one", "two", "three"], rows)) == [
        '"one","two","three"\r\n',
        '"a,b","say ""hi""","two\nlines"\r\n',
        '"ä","","7"\r\n',
    ]


@pytest.mark.parametrize("text", ["'", "\n", ";", '"', "=", " ", "; ", "'=", ";'", "\u200b"])
def test_the_cost_grows_with_the_text_only(text: str) -> None:
    begin = time.process_time()
    unescape_formula(escape_formula(text * 200_000))
    assert time.process_time() - begin < 5, "quadratic: this takes a fraction of a second"


def test_lines_are_made_while_they_are_asked_for() -> None:
    def rows():
        yield ["first"]
        raise AssertionError("not asked for yet")

    lines = csv_lines(["column"], rows())
    assert [next(lines), next(lines)] == ['"column"\r\n', '"first"\r\n']
