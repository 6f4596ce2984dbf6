"""``manage.py checkpoint``: a signed statement of where the log ends, to be kept where the console cannot reach it."""

import base64
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts_ui.changes.keys import signing_key
from accounts_ui.changes.verifying import make_checkpoint


class Command(BaseCommand):
    """Prints one line of JSON."""

    help = "Print a signed {sequence, hash, at}. Keep it elsewhere: verify_changes --checkpoint shows a cut tail."

    def add_arguments(self, parser: CommandParser) -> None:
        """Its options."""
        parser.add_argument("--public-key", action="store_true", help="print the public key instead (base64)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print it."""
        if options["public_key"]:
            self.stdout.write(base64.b64encode(signing_key().public_key().public_bytes_raw()).decode())
            return
        self.stdout.write(json.dumps(make_checkpoint(signing_key())))
