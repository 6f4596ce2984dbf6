"""JSON from outside is read in one way only, here and in the verifier of evidence packs."""

import inspect
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts_ui.changes.chain import strict_json
from accounts_ui.changes.evidence import verify

REFUSED = [
    '{"a": 1, "a": 1}',
    '{"a": {"b": 1, "\\u0062": 2}}',
    '{"a": 2e2}',
    '{"a": 1.0}',
    '{"a": 1E0}',
    "[-0]",
    "[-0.0]",
    "[9007199254740992]",
    f"[{'9' * 5000}]",
    '{"a": NaN}',
    "[Infinity]",
    "[-Infinity]",
    '["\\ud800"]',
    '{"\\udc00": 1}',
    '["\\udc00\\ud800"]',
    "[1] 2",
    "{}{}",
    "\ufeff{}",
    "",
    "{",
    "[1,]",
    "['a']",
    '["\n"]',
    "[01]",
    "[+1]",
    "[0x10]",
    "[" * 100_000,
    "[" * 100_000 + "]" * 100_000,
]


@pytest.mark.parametrize("read", [strict_json.read_json, verify.read_json])
@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:20].encode("unicode_escape").decode())
def test_refused(read, text):
    with pytest.raises(ValueError):
        read(text)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@settings(database=None, deadline=None)
@given(VALUES, st.booleans())
def test_what_was_written_is_read(value, ascii_only):
    assert strict_json.read_json(json.dumps(value, ensure_ascii=ascii_only)) == value


def test_the_verifier_of_packs_has_the_same_reader():
    names = [name for name, _ in inspect.getmembers(strict_json, inspect.isfunction)]
    assert len(names) == 4
    for name in names:
        assert inspect.getsource(getattr(verify, name)) == inspect.getsource(getattr(strict_json, name)), name
    assert verify.INTEGER.pattern == strict_json.INTEGER.pattern
