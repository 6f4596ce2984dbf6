"""A search for a person counts who they are, and the nearest come first."""

import datetime
import json
from types import SimpleNamespace
from typing import Any

import pytest

from accounts_ui.directory.decoder import read_rows
from accounts_ui.directory.listing import Listing
from accounts_ui.services.listing import person_search
from accounts_ui.services.listing.account_index import AccountIndex
from accounts_ui.services.listing.person_search import contain_words, find_people

NOW = datetime.datetime(2026, 1, 31, tzinfo=datetime.UTC)
NO_LOG: Any = SimpleNamespace(
    unlisted=(), type_names={}, subjects=(), outside={}, codes=lambda _: (), last_change=lambda *_: None
)
PEOPLE = {
    "p-1": ("Kuma Vitory", "kuma.vitory@acme.example", "vito"),
    "p-2": ("Itoshi Uma", "i.uma@acme.example", "itoshi"),
    "p-3": ("Uma Ito-Berg", "uma.berg@acme.example", "umab"),
    "p-4": ("Uma Ito", "uma@acme.example", "uma"),
    "p-5": ("Uma Ito Sato", "sato@acme.example", "sato"),
    "p-6": ("Bo Berg", "uma.ito@acme.example", "bo"),
    "p-7": ("Visitor Desk", "desk@acme.example", "visitor"),
    "uma": ("", "", "ito"),
    "100%uma ito": ("Uma Ito", "", ""),
}


@pytest.fixture
def index() -> AccountIndex:
    items: list[dict[str, Any]] = [{"code": "visitor", "name": "Uma Ito's visitors"}]
    for subject_id, (name, email, username) in PEOPLE.items():
        traits = {"name": {"given_name": name}, "email": email, "username": username}
        items.append({"identity": {"id": subject_id, "traits": traits}})
        items.append({"subject_id": subject_id, "account_code": "visitor", "status": "active"})
    return AccountIndex(Listing("acme", read_rows(json.dumps(items).encode()), NOW), NO_LOG)


@pytest.mark.parametrize("many", [3000, 0])
@pytest.mark.parametrize(
    ("who", "ids"),
    [
        ("uma ito", ["p-4", "p-5", "uma", "p-2", "p-3", "p-6", "p-1"]),
        ("Ito, Uma", ["p-4", "p-5", "uma", "p-2", "p-3", "p-6", "p-1"]),
        ("visitor", ["p-7"]),
        ("uma@acme.example", ["p-4", "p-2"]),
        ("berg", ["p-6", "p-3"]),
        ("P-1", ["p-1"]),
        ("nobody", []),
        ("100%", []),
    ],
)
def test_the_nearest_come_first(
    index: AccountIndex, who: str, ids: list[str], many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(person_search, "_MANY", many)
    found = find_people(index, who, most=20)
    assert found.nearest == ids
    assert found.total == len(ids)


def test_of_many_only_those_whose_words_begin_so_are_ranked(
    index: AccountIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(person_search, "_MANY", 0)
    found = find_people(index, "it", most=2)
    assert found.nearest == ["p-2", "p-4"]
    assert found.total == 8


@pytest.mark.parametrize("many", [3000, 0])
@pytest.mark.parametrize("own", ['a"b', "a;b,c", "b <a>"])
def test_whoever_has_the_searched_text_as_id_comes_first(own: str, many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(person_search, "_MANY", many)
    traits = {"name": {"given_name": "A B C"}}
    ids = [*(f"p-{number}" for number in range(20)), own]
    items = [{"identity": {"id": one, "traits": {} if one == own else traits}} for one in ids]
    index = AccountIndex(Listing("acme", read_rows(json.dumps(items).encode()), NOW), NO_LOG)
    found = find_people(index, f" {own} ", most=3)
    assert found.nearest[0] == own
    assert found.total == len(ids)


def test_without_a_search_everybody_is_listed(index: AccountIndex) -> None:
    found = find_people(index, " ", most=3)
    assert found.nearest == ["p-6", "uma", "p-2"]
    assert found.total == len(PEOPLE) - 1


def test_words_in_any_of_some_texts() -> None:
    assert contain_words(("p-1", "Uma Ito"), "ITO, p-1")
    assert not contain_words(("p-1", "Uma Ito"), "ito p-2")
    assert contain_words((), "")


@pytest.mark.parametrize("odd", ["a%b", "a/b", "..", "p" * 300])
def test_whoever_cannot_be_chosen_is_counted(odd: str) -> None:
    traits = {"name": {"given_name": "Olga"}}
    items = [{"identity": {"id": one, "traits": traits}} for one in ("p-1", odd)]
    index = AccountIndex(Listing("acme", read_rows(json.dumps(items).encode()), NOW), NO_LOG)
    found = find_people(index, "olga", most=3)
    assert (found.nearest, found.total, found.without_page) == (["p-1"], 1, 1)
