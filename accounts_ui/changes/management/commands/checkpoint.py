"""``manage.py checkpoint``: print a checkpoint of each log, to be stored elsewhere."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts_ui.changes import queries
from accounts_ui.changes.chain.keys import public_key, signing_key
from accounts_ui.changes.chain.notes import verifier_key
from accounts_ui.changes.chain.records import public_text
from accounts_ui.changes.checkpoints import statements
from accounts_ui.changes.checkpoints.leaves import MissingLeaf


class Command(BaseCommand):
    """Prints a signed note for each log, or the key that verifies them."""

    help = (
        "Print a checkpoint of each log: a signed note (c2sp.org/tlog-checkpoint) of where it ends. Store it elsewhere:"
        " verify_changes --checkpoint shows a truncated log."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the options."""
        parser.add_argument("--organization", help="only this organization's log")
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--public-key", action="store_true", help="print the public key instead (base64)")
        what.add_argument(
            "--verifier-key", action="store_true", help="print the key of each log as other programs for notes take it"
        )
        what.add_argument(
            "--emit",
            action="store_true",
            help="emit one of each log with new events, and deliver all undelivered ones; for a timer",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what the options ask for."""
        if options["public_key"]:
            self.stdout.write(public_text(public_key()))
            return
        organizations = self._organizations(options["organization"])
        try:
            self._print(organizations, options)
        except MissingLeaf as error:
            raise CommandError(f"{error}. Run manage.py verify_changes.") from None

    def _print(self, organizations: list[str], options: dict[str, Any]) -> None:
        if options["emit"]:
            self._emit(organizations)
            return
        for name in organizations:
            if options["verifier_key"]:
                self.stdout.write(verifier_key(statements.origin_of(name), public_key()))
            else:
                self.stdout.write(statements.sign_current_end(signing_key(), name))

    def _organizations(self, organization: str | None) -> list[str]:
        known = queries.logged_organizations()
        if organization is None:
            return known
        if organization not in known:
            raise CommandError(f"There is no log of {organization}.")
        return [organization]

    def _emit(self, organizations: list[str]) -> None:
        notes = [new.note for new in map(statements.emit_checkpoint, organizations) if new]
        for note in notes or ["Nothing new."]:
            self.stdout.write(note)
        failed = [name for name in organizations if not statements.deliver_checkpoints(name)]
        if failed:
            raise CommandError("A checkpoint was not delivered; the log says why.")
