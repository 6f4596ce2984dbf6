"""A row is told apart by its fields, and nothing private of it is stored."""

import json

import pytest

from accounts_ui.directory.rows import Account, AccountType, OtherRow, Person, parse_account, parse_row, status_text

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
