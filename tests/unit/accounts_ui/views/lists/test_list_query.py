"""The query string of a list: read strictly, never changed, rendered again with changes."""

import dataclasses
from urllib.parse import parse_qsl

import pytest
from django.template import Context, Engine
from django.test import RequestFactory

from accounts_ui.services.errors import InvalidInput
from accounts_ui.views.lists.list_query import AccountsQuery, AnyQuery, ListQuery, TypesQuery

FULL = "q=a+b&status=active&type=gold&role=member&sort=-created&columns=name%2Ccode&per_page=25&page=3&whole=1&in=row"


def read(kind: type[ListQuery], text: str) -> ListQuery:
    return kind.from_request(RequestFactory().get(f"/orgs/acme/accounts/?{text}"))


def test_an_address_is_rendered_as_it_was_read() -> None:
    assert read(AccountsQuery, FULL).encode() == FULL


def test_what_the_list_does_not_know_is_left_out() -> None:
    assert read(AccountsQuery, "q=a&utm_source=mail&page=").encode() == "q=a"


def test_filters_are_typed() -> None:
    filters = read(AccountsQuery, FULL).filters(per_page=50)
    assert (filters.q, filters.sort, filters.page, filters.per_page) == ("a b", "-created", 3, 25)
    assert filters.chosen == {"status": "active", "type": "gold", "role": "member"}


def test_an_empty_address_means_the_defaults() -> None:
    query = read(AccountsQuery, "")
    filters = query.filters(per_page=100)
    assert (filters.q, filters.sort, filters.page, filters.per_page) == ("", "name", 1, 100)
    assert (query.columns, query.is_over_list, query.shows_at_once) == ([], False, False)
    assert query.address() == "?"


def test_a_change_makes_another_query() -> None:
    query = read(AccountsQuery, "q=a&page=3")
    assert query.address(status="disabled", page="") == "?q=a&status=disabled"
    assert query.address(page=None, q="b") == "?q=b"
    assert query.encode() == "q=a&page=3"
    with pytest.raises(dataclasses.FrozenInstanceError):
        query.values = {}  # type: ignore[misc]


def test_a_view_keeps_filters_and_columns_but_no_page() -> None:
    names = [name for name, _ in parse_qsl(read(AccountsQuery, FULL).saved().encode())]
    assert names == ["q", "status", "type", "role", "sort", "columns", "per_page"]


def test_a_form_over_the_list_knows_its_columns() -> None:
    query = read(AccountsQuery, FULL)
    assert query.of_row_form() == "in=row&columns=name,code"
    assert query.is_over_list
    assert query.columns == ["name", "code"]


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("sort=zzz", "sort"),
        ("sort=--name", "sort"),
        ("page=0", "page"),
        ("page=1e9", "page"),
        ("per_page=501", "per_page"),
        ("columns=name,zzz", "columns"),
        ("columns=name,name", "columns"),
        ("in=page", "in"),
        ("q=a&q=b", "q"),
        ("q=%FF", "q"),
        ("q=a%00", "q"),
        ("q=" + "x" * 501, "q"),
    ],
)
def test_a_value_that_is_not_known_is_refused(text: str, field: str) -> None:
    with pytest.raises(InvalidInput) as error:
        read(AccountsQuery, text)
    assert error.value.field == field


def test_types_have_an_address_of_their_own() -> None:
    query = read(TypesQuery, "q=+x+&source=log&sort=-code&role=member")
    assert (query.filters().q, query.filters().sort) == ("x", "-code")
    assert query.saved().encode() == "q=+x+&source=log&sort=-code"
    with pytest.raises(InvalidInput):
        read(TypesQuery, "sort=effective")


def test_a_text_that_a_form_sent_is_read_without_checks() -> None:
    assert AccountsQuery.from_text("q=a&sort=zzz&evil=1&q=b").encode() == "q=b&sort=zzz"


def test_any_other_page_keeps_every_parameter() -> None:
    query = read(AnyQuery, "who=uma&by=id&by=name&empty=")
    assert query.address(who="") == "?by=name"


def test_templates_reach_its_methods() -> None:
    template = Engine().from_string("{{ query.encode }}")
    assert template.render(Context({"query": read(AccountsQuery, "q=a")})) == "q=a"
