"""The verifier of evidence packs accepts the cells that exports write, and no other ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts_ui.changes.evidence.verify import is_cell_of
from accounts_ui.csv_output import escape_formula

TEXT = st.text(st.sampled_from("=+-@＝;,\t\"'\r\n \u200bab1") | st.characters())


@given(TEXT)
def test_an_exported_cell_holds_its_text(text: str) -> None:
    assert is_cell_of(text, escape_formula(text))
    assert is_cell_of(text, text)


@pytest.mark.parametrize(
    ("text", "cell"), [("a", "b"), ("a=1", "a=2"), ("a", "a'"), ("a;=1", "a;=1;=1"), ("a'b", "ab")]
)
def test_another_cell_does_not(text: str, cell: str) -> None:
    assert not is_cell_of(text, cell)
