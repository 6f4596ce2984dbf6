"""People, account types and accounts: the same ones each time."""

import random
import uuid
from typing import Any, Final

_GIVEN: Final = [
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
_FAMILY: Final = [
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
"""Accounts of this type are stored under another field than delete looks at: it answers 404 for them."""


def account_types(org: str) -> list[dict[str, Any]]:
    """The organization's types, as the service answers them."""
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


def people(org: str, count: int) -> list[dict[str, Any]]:
    """User references; the last one's person record is gone."""
    chance = random.Random(org)  # noqa: S311  (the same people each time)
    rows = [_person(org, number, chance) for number in range(count)]
    rows.append({"org_id": org, "acls": ["member"], "status": "disabled", "creation_date": "2023-01-01T00:00:00Z"})
    return rows


def accounts(org: str, references: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """An account for two people of three, sometimes two."""
    chance = random.Random(f"{org} accounts")  # noqa: S311
    found = []
    for row in references:
        if "identity" not in row:
            continue
        codes = chance.sample([code for code, *_ in TYPES[:5]], chance.choice((0, 1, 1, 2)))
        for code in codes:
            status = chance.choices((*STATUSES, "suspended-by-hr"), (70, 8, 6, 10, 3, 3))[0]
            found.append(
                account(org, row["identity"]["id"], code, status, f"2025-{chance.randint(1, 9):02}-11T09:30:00Z")
            )
    return found


def account(org: str, subject_id: str, code: str, status: str, created: str) -> dict[str, Any]:
    """An account, as the service answers it."""
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


def reference(org: str, subject_id: str, name: str, username: str) -> dict[str, Any]:
    """A user reference with little to it."""
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


def _person(org: str, number: int, chance: random.Random) -> dict[str, Any]:
    given, family = chance.choice(_GIVEN), chance.choice(_FAMILY)
    subject = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{org}/{number}"))
    return {
        "identity": {
            "id": subject,
            "traits": {
                "name": {"given_name": given, "family_name": family},
                "email": f"{given}.{family}.{number}@{org}.example".lower(),
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
