"""The people who can sign in at the sandbox's provider, and the access rules of the sandbox's organizations."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class SandboxPerson:
    """A person who can sign in; ``note`` is what the sandbox prints about them."""

    key: str
    name: str
    email: str
    groups: tuple[str, ...]
    note: str

    @property
    def subject(self) -> str:
        """Their ``sub`` claim."""
        return f"person-{self.key}"


PEOPLE: Final = {
    person.key: person
    for person in (
        SandboxPerson(
            "ada", "Ada Admin", "ada@acme.example", ("acme-admins", "globex-admins"), "admin of Acme and Globex"
        ),
        SandboxPerson("ben", "Ben Backup", "ben@acme.example", ("acme-admins",), "second admin of Acme"),
        SandboxPerson("otto", "Otto Auditor", "otto@acme.example", ("acme-audit",), "auditor of Acme"),
        SandboxPerson("nora", "Nora Nobody", "nora@acme.example", (), "no role at all"),
        SandboxPerson("gil", "Gil Globex", "gil@globex.example", ("globex-admins",), "admin of Globex"),
    )
}

ORGANIZATIONS: Final = {
    "acme": {
        "name": "Acme GmbH",
        "admins": {"groups": ["acme-admins"]},
        "auditors": {"groups": ["acme-audit"]},
    },
    "globex": {"name": "Globex AG", "admins": {"groups": ["globex-admins"]}, "auditors": {"groups": ["globex-audit"]}},
}
"""The sandbox's ``CONSOLE_ORGANIZATIONS``."""
