"""``manage.py doctor``: look at everything that this console stands on, and say what to do about what is wrong."""

import json
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser

from console.runtime import doctor

MARKS: Final = {"good": "✓", "doubtful": "!", "bad": "✗"}


class Command(BaseCommand):
    """Changes nothing, but that the cache is written to once. Exits with 1 where something is bad."""

    help = "Look at settings, provider, keys, client, redirect URI, time, database, cache, log and directory."
    requires_system_checks = ()  # it runs them itself, as one of its parts

    def add_arguments(self, parser: CommandParser) -> None:
        """Its options."""
        parser.add_argument("--url", default="", help="where people open the console, if not https://ALLOWED_HOSTS[0]")
        parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")

    def handle(self, *args: Any, **options: Any) -> None:
        """Walk, and tell."""
        doctor.address.set(options["url"])
        found = list(doctor.walk())
        wrong = sum(one.state == "bad" for _, one in found)
        if options["json"]:
            parts = [{"part": name, "state": one.state, "what": one.what, "mend": one.mend} for name, one in found]
            self.stdout.write(json.dumps({"good": not wrong, "parts": parts}, indent=2))
        else:
            for name, one in found:
                self._line(name, one)
        if wrong:
            raise CommandError(f"{wrong} of {len(found)} findings are bad.")

    def _line(self, name: str, one: doctor.Finding) -> None:
        style = {"good": self.style.SUCCESS, "doubtful": self.style.WARNING, "bad": self.style.ERROR}[one.state]
        self.stdout.write(f"{style(MARKS[one.state])} {name:<13} {one.what}")
        if one.mend:
            self.stdout.write(f"  {'':<13} → {one.mend}")
