"""``manage.py checkpoint``: print a signed statement of the end of the log, to be stored elsewhere."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts_ui.changes import queries
from accounts_ui.changes.chain.keys import signing_key
from accounts_ui.changes.chain.records import public_text
from accounts_ui.changes.checkpoints import statements


class Command(BaseCommand):
    """Prints one line of JSON, or what a change of the signing key needs."""

    help = "Print a signed {sequence, hash, at}. Store it elsewhere: verify_changes --checkpoint shows a truncated log."

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the options."""
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--public-key", action="store_true", help="print the public key instead (base64)")
        what.add_argument(
            "--retire", action="store_true", help="print KEY@LAST, this key's entry for AUDIT_RETIRED_PUBLIC_KEYS"
        )
        what.add_argument(
            "--emit",
            action="store_true",
            help="emit one if there are new events, and deliver all undelivered ones; for a timer",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what the options ask for."""
        public = public_text(signing_key().public_key())
        if options["public_key"]:
            self.stdout.write(public)
        elif options["retire"]:
            self.stdout.write(f"{public}@{queries.end_of_chain()}")
        elif options["emit"]:
            checkpoint = statements.emit_checkpoint()
            self.stdout.write(statements.checkpoint_line(checkpoint) if checkpoint else "Nothing new.")
            if not statements.deliver_checkpoints():
                raise CommandError("A checkpoint was not delivered; the log says why.")
        else:
            self.stdout.write(json.dumps(statements.sign_current_end(signing_key())))
