"""Canonical JSON is that of RFC 8785, whichever of the two encoders writes it."""

import json

import pytest
import rfc8785
from hypothesis import example, given, settings
from hypothesis import strategies as st

from accounts_ui.changes.chain.canonical_json import canonical_json

TEXTS = st.text(st.characters(codec=None, exclude_categories=()))
NAMES = st.text(st.characters(max_codepoint=0x7F)) | TEXTS
NUMBERS = st.integers() | st.integers(-(2**53) - 2, -(2**53) + 2) | st.integers(2**53 - 2, 2**53 + 2) | st.floats()
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)


@settings(database=None, deadline=None, max_examples=400)
@given(st.dictionaries(NAMES, VALUES, max_size=6) | st.lists(VALUES, max_size=4))
@example({'\x7f\x00\x1f"\\/\b\f\n\r\t': "\u2028é\U0001f600"})
@example({"\ufb33": 1, "\U0001f600": 2})  # sorted by UTF-16 code units, and not by characters
def test_it_is_that_of_rfc_8785(document):
    try:
        expected = rfc8785.dumps(document)
    except (rfc8785.CanonicalizationError, UnicodeError):
        expected = None
    try:
        found = canonical_json(document)
    except ValueError:
        found = None
    assert found == expected


@pytest.mark.parametrize("value", [{1: 2}, [(1, b"")], {"a": 2**53}, [float("nan")], {"a": "\ud800"}, {"\udfff": 1}])
def test_what_has_no_canonical_form(value):
    with pytest.raises(ValueError, match="no canonical JSON"):
        canonical_json(value)


def test_too_deep():
    document = json.loads("[" * 900 + "]" * 900)
    for _ in range(100_000):
        document = [document]
    with pytest.raises(ValueError, match="no canonical JSON"):
        canonical_json(document)
