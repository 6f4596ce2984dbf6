"""Filters narrow, and each facet counts what the others leave."""

from accounts_ui.services.listing.facets import narrow, rows_with_words, searched_texts
from accounts_ui.services.state.account_types import TypeRow

ROWS = [("red", "small"), ("red", "large"), ("blue", "small"), ("blue", "small")]
DIMENSIONS = {"colour": lambda row: [row[0]], "size": lambda row: [row[1]]}


def counts(facets) -> dict[str, dict[str, int]]:
    return {facet.name: {option.value: option.count for option in facet.options} for facet in facets}


def test_without_filters_everything_is_counted() -> None:
    rows, facets = narrow(ROWS, DIMENSIONS, {})
    assert rows == ROWS
    assert counts(facets) == {"colour": {"red": 2, "blue": 2}, "size": {"small": 3, "large": 1}}
    assert [facet.chosen for facet in facets] == [None, None]


def test_a_facet_counts_what_the_other_filters_leave() -> None:
    rows, facets = narrow(ROWS, DIMENSIONS, {"colour": "red", "size": ""})
    assert rows == ROWS[:2]
    assert counts(facets) == {"colour": {"red": 2, "blue": 2}, "size": {"small": 1, "large": 1}}


def test_a_chosen_value_that_no_row_has_can_be_taken_away() -> None:
    rows, facets = narrow(ROWS, DIMENSIONS, {"colour": "green"})
    assert rows == []
    assert facets[0].chosen is not None
    assert (facets[0].chosen.value, facets[0].chosen.count) == ("green", 0)


def test_weights_count_and_labels_name_the_values() -> None:
    _, facets = narrow(ROWS, DIMENSIONS, {}, weights=[10, 0, 5, 1], labels={"colour": {"red": "Rouge"}})
    assert counts(facets) == {"colour": {"red": 10, "blue": 6}, "size": {"small": 16}}
    assert [option.label for option in facets[0].options] == ["Rouge", "blue"]


def test_options_are_sorted_by_count_then_by_label() -> None:
    _, facets = narrow([("z",), ("É",), ("f",), ("z",)], {"letter": lambda row: [row[0]]}, {})
    assert [option.value for option in facets[0].options] == ["z", "É", "f"]


def test_every_word_has_to_be_there() -> None:
    types = [TypeRow("gold", "Goldkonto", "für Älteste"), TypeRow("silver", "Silber")]
    assert rows_with_words(types, "ALTESTE gold", searched_texts) == types[:1]
    assert rows_with_words(types, "gold silber", searched_texts) == []
    assert rows_with_words(types, "  ", searched_texts) == types
