"""``manage.py who_may ORG --claims FILE``: explain which access rule matches a person's claims, or why none does."""

import json
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from console.signin.access.explanations import RuleCheck, explain_organization
from console.signin.access.rules import ClaimRule, Organization, is_organization_id


class Command(BaseCommand):
    """Exits with 1 if the person may not open the organization."""

    help = "Explain, rule by rule, what a person with the claims of FILE may do in the organization ORG."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the arguments."""
        parser.add_argument("org", metavar="ORG", help="the organization's id")
        parser.add_argument(
            "--claims",
            required=True,
            metavar="FILE",
            help="the claims of an ID token as a JSON object; - reads standard input",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print each rule and the role."""
        org, claims = options["org"], _read(options["claims"])
        if not is_organization_id(org):
            raise CommandError(f"{org!r} is not a valid organization id.")
        organization = settings.CONSOLE_ORGANIZATIONS.find(org)
        if organization is None:
            raise CommandError(f"CONSOLE_ORGANIZATIONS has no rule for {org}, so nobody may open it.")
        self.stdout.write(f"{organization.name} ({org}), by {_source_of(organization)}")
        for check in explain_organization(organization, claims):
            self.stdout.write(f"  {_line(check)}")
        role = organization.role_of(claims)
        if role is None:
            raise CommandError("No rule matches: no access. To this person the organization does not exist (404).")
        self.stdout.write(f"{role.value}: the first rule that matches decides.")


def _source_of(organization: Organization) -> str:
    return "its own entry" if organization.id in settings.CONSOLE_ORGANIZATIONS.exact else "a pattern"


def _line(check: RuleCheck) -> str:
    mark, why = ("✗", f": {check.mismatch}") if check.mismatch else ("✓", "")
    return f"{mark} {check.role.value:<8} {_described(check.rule)}{why}"


def _described(rule: ClaimRule) -> str:
    """Return the rule as a sentence without its end, with the way in which the claim is read."""
    reading = rule.reading
    ways = [f"split at {reading.split!r}"] if reading.split else []
    ways += [f"key {reading.key!r}"] if reading.key else []
    ways += ["leading slash ignored"] if reading.ignores_leading_slash else []
    read = f" ({', '.join(ways)})" if ways else ""
    return f"{reading.claim}{read} is one of: {', '.join(sorted(rule.accepted))}"


def _read(path: str) -> dict[str, Any]:
    try:
        claims = json.loads(sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CommandError(f"The claims cannot be read: {error}") from None
    if not isinstance(claims, dict):
        raise CommandError('The claims must be one JSON object, for example: {"groups": ["acme-admins"]}')
    return claims
