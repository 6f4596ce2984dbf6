"""The search index finds the lines that contain a word."""

import pytest

from accounts_ui.directory.listing import PersonColumns
from accounts_ui.services.listing import search_index
from accounts_ui.services.listing.search_index import SearchIndex
from accounts_ui.text.folding import fold


def index(*names: str) -> SearchIndex:
    empty = [""] * len(names)
    return SearchIndex(PersonColumns(empty, list(names), empty, empty, empty))


@pytest.mark.parametrize("often", [20_000, 1])
def test_lines_with_a_word(often: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_index, "_OFTEN", often)
    made = index("Ada Admin", "Zoë", "ada\nlovelace", "", "Straße")
    assert made.find_lines("ad") == [0, 2]
    assert made.find_lines("zoe") == [1]
    assert made.find_lines(fold("STRASSE")) == [4]
    assert made.find_lines("nobody") == []


def test_no_word_spans_two_texts_of_a_line() -> None:
    made = SearchIndex(PersonColumns(["p-1"], ["Ada"], ["ada@acme.example"], ["ada"], [""]))
    assert made.find_lines(fold("p-1")) == [0]
    assert made.find_lines(fold("p-1ada")) == []


def test_half_a_surrogate_pair_breaks_nothing() -> None:
    assert index("a\ud800b").find_lines("a\ud800") == [0]
