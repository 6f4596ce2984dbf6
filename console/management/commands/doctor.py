"""``manage.py doctor``: check everything the console depends on, and say how to fix what is wrong."""

import json
from dataclasses import asdict
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser

from console.runtime import doctor

MARKS: Final = {"ok": "✓", "warning": "!", "error": "✗"}


class Command(BaseCommand):
    """Changes nothing, except that it writes one value to the cache. Exits with 1 if a finding is an error."""

    help = "Check everything the console depends on: settings, provider, database, cache, certificates and the rest."
    requires_system_checks = ()  # one of its own checks runs them

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the options."""
        parser.add_argument("--url", default="", help="where people open the console, if not https://ALLOWED_HOSTS[0]")
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the checks and print the findings."""
        doctor.public_url.set(options["url"])
        findings = list(doctor.run_doctor_checks())
        errors = sum(finding.level == "error" for _, finding in findings)
        if options["json"]:
            listing = [{"check": name, **asdict(finding)} for name, finding in findings]
            self.stdout.write(json.dumps({"ok": not errors, "findings": listing}, indent=2))
        else:
            for name, finding in findings:
                self._write_finding(name, finding)
        if errors:
            raise CommandError(f"{errors} of {len(findings)} findings are errors.")

    def _write_finding(self, name: str, finding: doctor.Finding) -> None:
        styles = {"ok": self.style.SUCCESS, "warning": self.style.WARNING, "error": self.style.ERROR}
        mark = styles[finding.level](MARKS[finding.level])
        self.stdout.write(f"{mark} {name:<13} {finding.message}")
        if finding.fix:
            self.stdout.write(f"  {'':<13} → {finding.fix}")
