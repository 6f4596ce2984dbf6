"""A row is told apart by its fields, and nothing private of it is stored."""

import json

import pytest

from accounts_ui.directory.rows import (
    Account,
    AccountType,
    OtherRow,
    Person,
    parse_account,
    parse_row,
    status_text,
    visible_name,
)

IDENTITY = {
    "id": "p-1",
    "traits": {
        "name": {"given_name": "Ada", "middle_name": "M.", "family_name": "Admin"},
        "email": "ada@acme.example",
        "username": "ada",
        "birthdate": "1980-01-01",
        "gender": "x",
        "picture": "https://example.org/a.png",
    },
    "metadata_public": {"citizenship": "DE"},
}


def test_a_user_reference() -> None:
    row = parse_row({"identity": IDENTITY, "acls": ["member"], "org_id": "acme", "status": "active"})
    assert row == Person(
        subject_id="p-1",
        name="Ada M. Admin",
        email="ada@acme.example",
        username="ada",
        status="active",
        roles=("member",),
        org_id="acme",
    )


def test_a_user_reference_whose_person_is_gone() -> None:
    row = parse_row({"identity": None, "acls": [], "status": "active"})
    assert isinstance(row, Person)
    assert row.subject_id is None


@pytest.mark.parametrize("name", ["account_code", "code"])
def test_a_user_account(name: str) -> None:
    row = parse_row({"subject_id": "p-1", name: "gold", "status": "expired", "expiration_date": "2026-01-01", "x": 1})
    assert row == Account(subject_id="p-1", code="gold", status="expired", expires_at="2026-01-01", extra={"x": "1"})


def test_numbers_for_ids_and_codes_are_text_in_every_shape() -> None:
    person = parse_row({"identity": {"id": 12345, "traits": {"username": 7}}, "acls": [1], "status": 2})
    assert person == Person(subject_id="12345", username="7", roles=("1",), status="2")
    for name in ("account_code", "code"):
        assert parse_row({"subject_id": 0, name: 42}) == Account(subject_id="0", code="42")
        assert parse_account(json.dumps({"subject_id": 12345, name: 42}).encode()) == Account(
            subject_id="12345", code="42"
        )
    assert parse_row({"code": 42, "name": "Gold"}) == AccountType(code="42", name="Gold")
    large = 12345678901234567890123
    assert parse_row({"subject_id": large, "account_code": large}) == Account(subject_id=str(large), code=str(large))


def test_the_alias_counts_if_the_code_of_an_account_is_null() -> None:
    assert parse_row({"subject_id": "p-1", "account_code": None, "code": "gold"}) == Account(
        subject_id="p-1", code="gold"
    )


def test_an_account_type() -> None:
    row = parse_row({"code": "gold", "name": "Gold", "requirements": {"mfa": True}, "roles": "admin"})
    assert row == AccountType(code="gold", name="Gold", requirements={"mfa": True}, roles=("admin",))


@pytest.mark.parametrize("item", [None, 1, "text", [], {}, {"code": "gold"}, {"subject_id": "", "code": "gold"}])
def test_any_other_row_stays_as_it_came(item: object) -> None:
    row = parse_row(item)
    assert isinstance(row, OtherRow)
    assert json.loads(row.text) == item


@pytest.mark.parametrize("field", ["birthdate", "gender", "citizenship", "picture", "metadata_public", "identity"])
def test_private_fields_are_never_stored(field: str) -> None:
    for item in (
        {field: "private"},
        {"acls": [], field: "private"},
        {"subject_id": "p", "code": "c", field: "private"},
    ):
        assert "private" not in repr(parse_row(item))


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b'{"identity": {}}', b"[" * 100_000])
def test_an_answer_without_an_account(body: bytes) -> None:
    assert parse_account(body) is None


def test_a_status_with_nul_is_made_visible() -> None:
    assert status_text("a\0b") == "a␀b"
    assert status_text(None) == ""
    assert status_text(["x"]) == '["x"]'


@pytest.mark.parametrize(
    "name", ["", " ", "\u200b", " \u200b ", "\u3164", "\u2800", "\ufe0f", "\u202e", "\u0301", "\xa0"]
)
def test_a_name_without_a_visible_character_is_no_name(name: str) -> None:
    assert visible_name(name) == ""
    traits = {"name": {"given_name": name, "family_name": name}}
    row = parse_row({"identity": {"id": "p", "traits": traits}, "acls": []})
    assert isinstance(row, Person)
    assert row.name == ""


@pytest.mark.parametrize("name", ["می\u200cخواهم", "Kim 👩\u200d🚒", "\u200fعلي", "e\u0301", "हिन्दी", "x\u200b", "-"])
def test_a_name_is_stored_letter_for_letter(name: str) -> None:
    assert visible_name(name) == name


@pytest.mark.parametrize("number", [12345, 0, 1.5])
def test_a_number_for_an_id_or_a_code_is_text(number: float) -> None:
    assert parse_row({"subject_id": number, "account_code": "c"}) == Account(subject_id=str(number), code="c")
    assert parse_row({"subject_id": "p", "account_code": number}) == Account(subject_id="p", code=str(number))
    assert parse_row({"code": number, "name": "N"}) == AccountType(code=str(number), name="N")
    row = parse_row({"identity": {"id": number}})
    assert isinstance(row, Person)
    assert row.subject_id == str(number)


@pytest.mark.parametrize("value", [True, None, [], {}])
def test_other_values_are_no_ids(value: object) -> None:
    assert isinstance(parse_row({"subject_id": value, "account_code": "c"}), OtherRow)
