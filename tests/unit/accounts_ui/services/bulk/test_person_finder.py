"""Who a line of a list means."""

import datetime
import json
from typing import Any

import pytest

from accounts_ui.directory.decoder import read_rows
from accounts_ui.directory.listing import Listing
from accounts_ui.plans.models import CheckResult
from accounts_ui.services.bulk.person_finder import FoundPerson, PersonFinder

PEOPLE = [
    ("p-1", "Ada Admin", "ada@acme.example", "ada"),
    ("p-2", "Zoë Żak", "Zoe\u0308@acme.example", ""),
    ("p\u200b-3", "", "three@acme.example", "0042"),
    ("007", "Jim Bo", "", "jim"),
    ("P-1", "Other", "other@acme.example", "other"),
    ("88", "Short", "short@acme.example", ""),
    ("0088", "Long", "long@acme.example", ""),
]


def row(subject_id: str, name: str, email: str, username: str) -> dict[str, Any]:
    given, _, family = name.partition(" ")
    traits = {"name": {"given_name": given, "family_name": family}, "email": email, "username": username}
    return {"identity": {"id": subject_id, "traits": traits}, "org_id": "acme", "acls": ["m"], "status": "active"}


def find(**values: str) -> FoundPerson:
    now = datetime.datetime.now(datetime.UTC)
    listing = Listing("acme", read_rows(json.dumps([row(*person) for person in PEOPLE]).encode()), now)
    return PersonFinder(listing, {"former"}).find(values, 2)


@pytest.mark.parametrize(
    ("values", "subject_id"),
    [
        ({"subject_id": "p-1"}, "p-1"),
        ({"subject_id": "P-1"}, "P-1"),
        ({"subject_id": "p-3"}, "p\u200b-3"),
        ({"subject_id": "former"}, "former"),
        ({"email": "ADA@acme.EXAMPLE"}, "p-1"),
        ({"email": "Ada <mailto:ada@acme.example>"}, "p-1"),
        ({"email": "ZOË@acme.example"}, "p-2"),
        ({"email": "ada@acme.example", "username": "ADA", "name": "admin, ada"}, "p-1"),
        ({"subject_id": "p-2", "name": "Zoe Zak"}, "p-2"),
        ({"subject_id": "p-2", "name": "Dr. Zoë Maria Żak"}, "p-2"),
        ({"subject_id": "p\u200b-3", "name": "Anybody"}, "p\u200b-3"),
    ],
)
def test_somebody_is_found(values: dict[str, str], subject_id: str) -> None:
    found = find(**values)
    assert (found.subject_id, found.result, found.detail) == (subject_id, None, "")


@pytest.mark.parametrize(
    ("values", "result", "detail"),
    [
        ({}, CheckResult.UNREADABLE, "names no person"),
        ({"name": "Ada Admin"}, CheckResult.UNREADABLE, "names no person"),
        (
            {"subject_id": "p-1", "email": "other@acme.example"},
            CheckResult.UNREADABLE,
            "p-1 and other@acme.example (P-1)",
        ),
        ({"email": "ada@acme.example", "username": "jim"}, CheckResult.UNREADABLE, "names two people"),
        ({"subject_id": "p-1", "email": "x@acme.example"}, CheckResult.UNREADABLE, "nobody has x@acme.example"),
        (
            {"subject_id": "p-1", "name": "Jim Bo"},
            CheckResult.UNREADABLE,
            "is called Ada Admin in the directory, not Jim",
        ),
        ({"email": "zoe@acme.example"}, CheckResult.UNKNOWN_PERSON, "Did you mean Zoe\u0308@acme.example?"),
        ({"username": "42"}, CheckResult.UNKNOWN_PERSON, "Did you mean 0042?"),
        ({"subject_id": "88"}, CheckResult.UNKNOWN_PERSON, "There is 0088 as well"),
    ],
)
def test_a_line_is_refused(values: dict[str, str], result: CheckResult, detail: str) -> None:
    found = find(**values)
    assert (found.subject_id, found.result) == ("", result)
    assert detail in found.detail


def test_other_zeros_are_marked_or_settled_by_another_cell() -> None:
    assert find(subject_id="0088") == FoundPerson(
        "0088", [6], detail="Another person has 88: with other leading zeros."
    )
    assert find(subject_id="88", email="short@acme.example") == FoundPerson("88", [5])


def test_an_id_that_is_not_listed_stays_with_its_hint() -> None:
    assert find(subject_id="nobody") == FoundPerson("nobody")
    assert find(subject_id="7") == FoundPerson("7", detail="Did you mean 007? Spreadsheets drop leading zeros.")
