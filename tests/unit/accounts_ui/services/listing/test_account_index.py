"""The index of a list: search, filters, orders and pages give what a plain loop over the rows gives."""

import datetime
import itertools
import json
from types import SimpleNamespace
from typing import Any

import pytest

from accounts_ui.directory.decoder import read_rows
from accounts_ui.directory.listing import Listing
from accounts_ui.directory.rows import Account
from accounts_ui.services.listing import account_index, account_sorting
from accounts_ui.services.listing.account_index import AccountIndex

NOW = datetime.datetime(2026, 1, 31, tzinfo=datetime.UTC)
NAMES = ("Zoë Zimmer", "ada admin", "Łukasz", "", "Émile", "Bo Berg")
NO_LOG: Any = SimpleNamespace(
    unlisted=(),
    type_names={},
    subjects=(),
    outside={},
    codes=lambda _: (),
    recorded=lambda _: [],
    last_change=lambda *_: None,
)


def rows() -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = [{"code": "gold", "name": "Goldkonto"}]
    for number, name in enumerate(NAMES):
        traits = {"name": {"given_name": name}, "email": f"{9 - number}@acme.example"}
        items.append({"identity": {"id": f"p-{number}", "traits": traits}, "acls": ["member"] * (number % 2)})
    for number, code in itertools.product(range(4), ("gold", "silver")):
        status = "active" if number % 2 else "disabled"
        created = f"2025-0{number + 1}-01T00:00:00Z"
        items.append({"subject_id": f"p-{number}", "account_code": code, "status": status, "creation_date": created})
    return items


@pytest.fixture
def index() -> AccountIndex:
    return AccountIndex(Listing("acme", read_rows(json.dumps(rows()).encode()), NOW), NO_LOG)


def keys(matching, sort: str = "name") -> list[tuple[str | None, str | None]]:
    return [(row.subject_id, row.code) for row in matching.rows(sort)]


def test_everything_without_a_search(index: AccountIndex) -> None:
    matching = index.search()
    assert matching.total == len(index) == len(NAMES) + 8
    assert {facet.name for facet in matching.facets} == {"status", "type", "role"}


def test_a_search_reads_people_codes_and_names_of_types(index: AccountIndex) -> None:
    assert set(keys(index.search("ZOE"))) == {("p-0", None), ("p-0", "gold"), ("p-0", "silver")}
    assert set(keys(index.search("zoe goldkonto"))) == {("p-0", "gold")}
    assert {code for _, code in keys(index.search("silver"))} == {"silver"}
    assert keys(index.search("zoe nobody")) == []


def test_filters_and_search_together(index: AccountIndex) -> None:
    matching = index.search("zoe", {"status": "disabled", "type": "gold", "role": ""})
    assert keys(matching) == [("p-0", "gold")]
    types = next(facet for facet in matching.facets if facet.name == "type")
    assert {option.value: option.count for option in types.options} == {"gold": 1, "silver": 1}


@pytest.mark.parametrize("few", [1, 8])
@pytest.mark.parametrize("q", ["", "zoe", "a"])
@pytest.mark.parametrize("sort", [*sorted(account_sorting.ACCOUNT_SORTS), "-name", "-created"])
def test_pages_are_parts_of_the_whole(
    index: AccountIndex, sort: str, q: str, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_index, "_FEW", few)
    matching = index.search(q, {"status": "disabled"} if q == "a" else {})
    whole = list(matching.numbers(sort))
    assert len(whole) == matching.total == len(set(whole))
    for start in range(0, matching.total + 1, 3):
        assert list(matching.numbers(sort, start, start + 3)) == whole[start : start + 3]


def test_names_sort_without_case_and_accents_and_the_nameless_come_last(index: AccountIndex) -> None:
    names = list(dict.fromkeys(row.name for row in index.search().rows("name")))
    assert names == ["ada admin", "Bo Berg", "Émile", "Łukasz", "Zoë Zimmer", ""]
    reverse = list(dict.fromkeys(row.name for row in index.search().rows("-name")))
    assert reverse == ["Zoë Zimmer", "Łukasz", "Émile", "Bo Berg", "ada admin", ""]


def test_people_are_named_once_each(index: AccountIndex) -> None:
    assert list(index.subject_ids(index.search("zoe"))) == ["p-0"]
    assert len(list(index.subject_ids(index.search()))) == len(NAMES)


def test_what_a_write_does_not_change_is_taken_over(index: AccountIndex) -> None:
    index.search("zoe")
    list(index.search().rows("name"))
    list(index.search().rows("status"))
    after = index.listing.with_account(Account(subject_id="p-0", code="gold", status="active"))
    assert after is not None
    later = AccountIndex(after, NO_LOG, earlier=index)
    assert later.search_index is index.search_index
    assert [row.status for row in later.search("zoe").rows("code")] == ["active", "disabled", ""]
    fresh = AccountIndex(after, NO_LOG)
    for sort in account_sorting.ACCOUNT_SORTS:
        assert list(later.order(sort)) == list(fresh.order(sort)), sort
