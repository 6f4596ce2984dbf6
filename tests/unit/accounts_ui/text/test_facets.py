"""Labels of facets and of their values."""

import pytest
from django.utils.translation import override

from accounts_ui.services.listing.facets import Option
from accounts_ui.text.facets import facet_label, list_age, option_label


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "read 0 s ago"), (119.4, "read 119 s ago"), (150, "read 2 min ago")]
)
def test_the_age_of_a_list(seconds: float, shown: str) -> None:
    with override("en"):
        assert list_age(seconds) == shown


def test_values_of_the_directory_are_shown_as_they_came() -> None:
    with override("de"):
        assert facet_label("status") == "Status"
        assert facet_label("other") == "other"
        assert option_label(Option("active", "active", 1, False), "status") == "aktiv"
        assert option_label(Option("gold", "active", 1, False), "type") == "active", "a type's own name"
