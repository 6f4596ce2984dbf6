"""CSV for spreadsheets: nothing in a cell runs, and nothing of a cell is lost."""

import csv
import io

import pytest

from accounts_ui.csv_output import csv_lines, escape_formula


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "  =1+1", "\t=1", "\r=1", "\n", "＝1+1", "\u200b=1"])
def test_what_could_start_a_formula_gets_an_apostrophe(text: str) -> None:
    assert escape_formula(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Ada", "a=b", "1-2", "'quoted", "ada@acme.example"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert escape_formula(text) == text


def test_nothing_is_an_empty_cell() -> None:
    assert escape_formula(None) == ""
    assert escape_formula(7) == "7"


def test_a_reader_gets_every_cell_back() -> None:
    rows = [["a,b", 'say "hi"', "two\nlines"], ["ä", "", "=1"]]
    text = "".join(csv_lines(["one", "two", "three"], rows))
    assert list(csv.reader(io.StringIO(text, newline=""))) == [["one", "two", "three"], rows[0], ["ä", "", "'=1"]]


def test_lines_are_made_while_they_are_asked_for() -> None:
    def rows():
        yield ["first"]
        raise AssertionError("not asked for yet")

    lines = csv_lines(["column"], rows())
    assert [next(lines), next(lines)] == ["column\r\n", "first\r\n"]
