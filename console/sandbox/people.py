"""Who can sign in at the sandbox's provider, and the rules that let them into which organization."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Person:
    """A person of the sandbox."""

    key: str
    name: str
    email: str
    groups: tuple[str, ...]
    note: str

    @property
    def subject(self) -> str:
        """Their ``sub``."""
        return f"person-{self.key}"


PEOPLE: Final = {
    person.key: person
    for person in (
        Person("ada", "Ada Admin", "ada@acme.example", ("acme-admins", "globex-admins"), "admin of Acme and Globex"),
        Person("otto", "Otto Auditor", "otto@acme.example", ("acme-audit",), "auditor of Acme"),
        Person("nora", "Nora Nobody", "nora@acme.example", (), "no role at all"),
        Person("gil", "Gil Globex", "gil@globex.example", ("globex-admins",), "admin of Globex"),
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
"""``CONSOLE_ORGANIZATIONS`` of the sandbox."""
