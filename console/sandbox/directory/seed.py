"""The sandbox's people, account types and accounts. They are pseudo-random, but the same on each start."""

import random
import uuid
from typing import Any, Final

_GIVEN_NAMES: Final = [
    "Ana",
    "Bo",
    "Chen",
    "Dora",
    "Émile",
    "Fatma",
    "Giorgos",
    "Hana",
    "Ivo",
    "Jürgen",
    "Katarzyna",
    "Liam",
    "Mónica",
    "Nils",
    "Olu",
    "Priya",
    "Quentin",
    "Rosa",
    "Søren",
    "Tomáš",
    "Uma",
    "Vera",
    "Wei",
    "Ximena",
    "Yusuf",
    "Zoë",
]
_FAMILY_NAMES: Final = [
    "Abel",
    "Berg",
    "Castro",
    "Dvořák",
    "Eriksson",
    "Fischer",
    "García",
    "Haddad",
    "Ito",
    "Jansen",
    "Kowalski",
    "Lefèvre",
    "Müller",
    "Novák",
    "O’Brien",
    "Petrov",
    "Quispe",
    "Rossi",
    "Šimić",
    "Tanaka",
    "Ueda",
    "Vogel",
    "Weiß",
    "Xu",
    "Yılmaz",
    "Zhang",
]

STATUSES: Final = ("active", "disabled", "expired", "pending", "deleted")

TYPES: Final = (
    ("visitor", "Visitor", "Comes for a day", "published"),
    ("worker", "Worker", "Works on the premises", "published"),
    ("partner", "Partner", "Works for a partner company", "published"),
    ("gold", "Gold member", "Enters every lounge", "published"),
    ("contractor", "Contractor", "Has a contract with an end", "published"),
    ("student", "Student", "Learns here", "test"),
    ("press", "Press", "Writes about us", "draft"),
    ("alumni", "Alumni", "Was here once", "inactive"),
)

UNLISTED_LOOKUP: Final = "gold"
"""Delete answers 404 for accounts of this type, because it looks them up by another field than they are stored in."""


def seed_account_types(org: str) -> list[dict[str, Any]]:
    """Return the organization's types as the service sends them."""
    return [
        {
            "code": code,
            "name": name,
            "description": description,
            "org_id": org,
            "status": status,
            "creation_date": f"2024-0{number}-01T08:00:00Z",
            "modified_date": f"2025-0{number}-01T08:00:00Z",
            "subscriptions": [],
            "permissions": [f"{code}.enter"],
            "requirements": {"ekyc_required": number % 2 == 0, "email_required": True},
            "specifications": {"validity_period": "P1Y"},
            "agreements": [],
            "roles": ["member"],
        }
        for number, (code, name, description, status) in enumerate(TYPES, start=1)
    ]


def seed_people(org: str, count: int) -> list[dict[str, Any]]:
    """Return user references. The last one has no person record any more."""
    generator = random.Random(org)  # noqa: S311  (the same people each time)
    rows = [_person(org, number, generator) for number in range(count)]
    rows.append({"org_id": org, "acls": ["member"], "status": "disabled", "creation_date": "2023-01-01T00:00:00Z"})
    return rows


def seed_accounts(org: str, references: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return accounts: none, one or two for each person."""
    generator = random.Random(f"{org} accounts")  # noqa: S311
    accounts = []
    for row in references:
        if "identity" not in row:
            continue
        codes = generator.sample([code for code, *_ in TYPES[:5]], generator.choice((0, 1, 1, 2)))
        for code in codes:
            status = generator.choices((*STATUSES, "suspended-by-hr"), (70, 8, 6, 10, 3, 3))[0]
            accounts.append(
                make_account(
                    org, row["identity"]["id"], code, status, f"2025-{generator.randint(1, 9):02}-11T09:30:00Z"
                )
            )
    return accounts


def make_account(org: str, subject_id: str, code: str, status: str, created: str) -> dict[str, Any]:
    """Return an account as the service sends it."""
    return {
        "id": str(uuid.uuid4()),
        "account_code": code,
        "org_id": org,
        "subject_id": subject_id,
        "status": status,
        "creation_date": created,
        "effective_date": created,
        "expiration_date": None,
    }


def make_user_reference(org: str, subject_id: str, name: str, username: str) -> dict[str, Any]:
    """Return a minimal user reference."""
    return {
        "identity": {
            "id": subject_id,
            "traits": {
                "name": {"given_name": name},
                "email": f"{username}@{org}.example",
                "username": username,
                "birthdate": "1990-01-01",
                "gender": "x",
            },
        },
        "org_id": org,
        "acls": ["member"],
        "status": "active",
        "creation_date": "2025-01-02T03:04:05Z",
    }


def _person(org: str, number: int, generator: random.Random) -> dict[str, Any]:
    given_name, family_name = generator.choice(_GIVEN_NAMES), generator.choice(_FAMILY_NAMES)
    subject = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{org}/{number}"))
    return {
        "identity": {
            "id": subject,
            "traits": {
                "name": {"given_name": given_name, "family_name": family_name},
                "email": f"{given_name}.{family_name}.{number}@{org}.example".lower(),
                "username": f"{org}{number:04}",
                "locale": "en",
                "birthdate": "1990-01-01",
                "gender": "x",
            },
            "metadata_public": {"picture": "https://pictures.example/p.png"},
        },
        "org_id": org,
        "acls": ["member"] if number % 9 else ["member", "manager"],
        "status": "active" if number % 13 else "pending",
        "creation_date": f"2024-{number % 12 + 1:02}-{number % 27 + 1:02}T10:00:00Z",
        "effective_date": f"2024-{number % 12 + 1:02}-{number % 27 + 1:02}T10:00:00Z",
    }
