"""Sorting: what has no value comes last in both directions."""

import pytest

from accounts_ui.services.listing.type_sorting import TYPE_SORTS, sort_by
from accounts_ui.services.state.account_types import TypeRow

ROWS = [
    TypeRow("b", name="Österreich", created_at="2025-01-01T00:00:00+02:00"),
    TypeRow("a", name="", created_at="2024-12-31T23:30:00Z"),
    TypeRow("c", name="oslo", created_at="not a time"),
]


@pytest.mark.parametrize(
    ("sort", "codes"),
    [
        ("code", "abc"),
        ("-code", "cba"),
        ("name", "acb"),
        ("created", "bac"),
        ("-created", "abc"),
        ("status", "bac"),
        ("-status", "bac"),
    ],
)
def test_orders(sort: str, codes: str) -> None:
    assert "".join(row.code for row in sort_by(ROWS, TYPE_SORTS, sort)) == codes
