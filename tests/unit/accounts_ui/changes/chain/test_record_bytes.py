"""What is written once for content and leaf of a record is the canonical JSON of both."""

import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts_ui.changes.chain.record_bytes import content_and_leaf

NAMES = (
    st.sampled_from(["hash", "signature", "hasg", "hashe", "i", "signaturf", "v", "a", "é", "\U0001f600"]) | st.text()
)
VALUES = st.none() | st.text() | st.integers(-5, 5) | st.dictionaries(st.text(), st.text(), max_size=2)


@settings(database=None, deadline=None, max_examples=300)
@given(st.dictionaries(NAMES, VALUES, max_size=8))
def test_it_is_the_canonical_json_of_both(record):
    content = {name: value for name, value in record.items() if name not in ("hash", "signature")}
    assert content_and_leaf(record) == (rfc8785.dumps(content), rfc8785.dumps(record))
