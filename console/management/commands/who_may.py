"""``manage.py who_may ORG --claims FILE``: which rule lets a person with these claims in, or why none does."""

import json
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from console.signin.access.rules import Organization, RuleCheck, is_organization_id


class Command(BaseCommand):
    """Exits with 1 where they may not open it."""

    help = "Explain, rule by rule, what a person with the claims of FILE may do in the organization ORG."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Its arguments."""
        parser.add_argument("org", metavar="ORG", help="the organization's id")
        parser.add_argument(
            "--claims",
            required=True,
            metavar="FILE",
            help="claims as a JSON object, as an ID token has them; - reads them",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Explain."""
        org, claims = options["org"], _read(options["claims"])
        if not is_organization_id(org):
            raise CommandError(f"{org!r} cannot be the id of an organization.")
        found = settings.CONSOLE_ORGANIZATIONS.find(org)
        if found is None:
            raise CommandError(f"No rule of CONSOLE_ORGANIZATIONS is about {org}, so nobody may open it.")
        self.stdout.write(f"{found.name} ({org}), by {_source(found)}")
        for check in found.explain(claims):
            self.stdout.write(f"  {_line(check)}")
        role = found.role_of(claims)
        if role is None:
            raise CommandError("No rule matches: no access; it looks like an organization that does not exist.")
        self.stdout.write(f"{role.value}: the first rule that matches decides.")


def _source(found: Organization) -> str:
    return "its own entry" if found.id in settings.CONSOLE_ORGANIZATIONS.exact else "a pattern"


def _line(check: RuleCheck) -> str:
    accepted = ", ".join(sorted(check.accepted))
    mark, why = ("✗", f": {check.mismatch}") if check.mismatch else ("✓", "")
    return f"{mark} {check.role.value:<8} {check.claim} is one of: {accepted}{why}"


def _read(path: str) -> dict[str, Any]:
    try:
        claims = json.loads(sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CommandError(f"The claims cannot be read: {error}") from None
    if not isinstance(claims, dict):
        raise CommandError('The claims have to be one JSON object, for example: {"groups": ["acme-admins"]}')
    return claims
