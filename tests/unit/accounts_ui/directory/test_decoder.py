"""Decoding a list into columns gives the same rows as parsing each of them, in the same order."""

import datetime
import json
import random
from typing import Any

import pytest

from accounts_ui.directory.column_store import PackedTexts
from accounts_ui.directory.decoder import read_rows
from accounts_ui.directory.listing import Listing
from accounts_ui.directory.rows import Account, AccountType, NotRows, parse_row

NOW = datetime.datetime(2026, 1, 31, tzinfo=datetime.UTC)


def person(number: int, **more: Any) -> dict[str, Any]:
    traits = {"name": {"given_name": f"G{number}", "family_name": "Ünï"}, "email": f"{number}@acme.example"}
    return {"identity": {"id": f"p-{number}", "traits": traits}, "acls": ["member"], "status": "active", **more}


def account(number: int, code: str = "gold", **more: Any) -> dict[str, Any]:
    return {
        "subject_id": f"p-{number}",
        "account_code": code,
        "status": "active",
        "creation_date": "2025-01-01",
        **more,
    }


def listing(items: list[Any]) -> Listing:
    return Listing("acme", read_rows(json.dumps(items).encode()), NOW)


ODD = [
    person(1, unknown={"deep": [1]}),
    account(1, effective_date="2025-01-01"),
    account(1, "silver", effective_date="2025-02-01", expiration_date="2026-01-01", extra=None),
    {"identity": None, "acls": ["gone"]},
    {"code": "gold", "name": "Gold"},
    person(2, identity={"id": "p-2", "traits": {"name": "One Text", "email": "a\x1fb", "username": "c\x1ed"}}),
    account(7, status=None),
    person(7),
    person(7, acls=["twice"]),
    account(8),
    account(8),
    "neither",
    None,
    {"status": "odd", "x": "ä"},
]


@pytest.mark.parametrize("seed", range(6))
def test_columns_give_back_every_row(seed: int) -> None:
    items = [*ODD, *(person(number) for number in range(20, 40)), *(account(number) for number in range(30, 50))]
    random.Random(seed).shuffle(items)
    expected = [parse_row(item) for item in items]
    made = listing(items)
    assert len(made) == len(items)
    assert list(made.types) == [row for row in expected if isinstance(row, AccountType)]
    assert [made.row(number) for number in range(len(items) - 1)] == [
        row for row in expected if not isinstance(row, AccountType)
    ]


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b"[1", b"\xff\xfe", b'"text"'])
def test_what_is_no_list(body: bytes) -> None:
    with pytest.raises(NotRows):
        read_rows(body)


def test_accounts_are_on_the_line_of_their_person_whichever_came_first() -> None:
    made = listing([account(1), person(1), account(1, "silver"), person(2), account(3)])
    assert made.rows_of("p-1") == [0, 1, 2]
    assert made.line(made.row_lines[0]).name == "G1 Ünï"
    assert made.rows_of("p-3") == [4]
    assert made.rows_of("nobody") == []
    assert made.rows_of("") == []
    assert made.is_listed("p-2")


def test_of_two_accounts_of_a_type_the_one_in_use_counts() -> None:
    ended = account(1, status="deleted", creation_date="2025-06-01")
    made = listing([person(1), account(1, creation_date="2024-01-01"), ended])
    assert made.account_rows("p-1", "gold") == [1, 2]
    assert made.account_row("p-1", "gold") == 1
    assert made.account("p-1", "silver") is None


def test_whether_the_list_says_which_accounts_a_person_has() -> None:
    assert listing([person(1), account(1), person(2)]).tells_codes_of("p-1")
    assert not listing([person(1), account(1), person(2)]).tells_codes_of("p-2")
    assert listing([account(1)]).tells_codes_of("p-2"), "a list of accounts alone names all of them"


def test_a_write_makes_another_listing() -> None:
    before = listing([person(1), account(1), person(2)])
    changed = before.with_account(Account(subject_id="p-1", code="gold", status="disabled", created_at="2025-01-01"))
    added = before.with_account(Account(subject_id="p-2", code="gold", status="active"))
    assert changed is not None
    assert added is not None
    assert [made.account("p-1", "gold").status for made in (before, changed, added)] == ["active", "disabled", "active"]
    assert [len(made.accounts_of("p-2")) for made in (before, changed, added)] == [0, 0, 1]
    assert added.all_times()[0] == ["", "2025-01-01", "", ""]


@pytest.mark.parametrize("subject_id", ["p-1", "nobody"])
def test_a_write_whose_effect_is_not_certain_makes_none(subject_id: str) -> None:
    assert listing([account(1), account(1)]).with_account(Account(subject_id=subject_id, code="gold")) is None


def test_packed_texts_take_separators() -> None:
    texts = PackedTexts(2)
    entries = [("a", "b"), ("", ""), ("a\x1fb", "c"), ("ä", "日本"), ("\x1f", "\x1f")]
    texts.extend(entries[:1])
    texts.extend(entries[1:])
    assert [tuple(texts[number]) for number in range(len(texts))] == entries
    assert list(zip(*texts.columns(), strict=True)) == entries
