"""``manage.py export_changes``: print an organization's log as JSON lines for ``verify_changes --file``."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts_ui.changes import event_storage, queries
from accounts_ui.changes.chain.locking import consistent_read
from accounts_ui.changes.exports import IncompleteLog, complete_jsonl


class Command(BaseCommand):
    """Exports of consecutive parts, concatenated, are an export of the whole."""

    help = "Print the events of an organization as JSON lines, in their order. Fails if one is missing in between."

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the options."""
        parser.add_argument("--organization", required=True, help="whose log")
        parser.add_argument("--after", type=int, default=0, metavar="SEQUENCE", help="only events after this one")
        parser.add_argument("--to", type=int, metavar="SEQUENCE", help="only events up to this one")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the events as of one moment."""
        organization, after = options["organization"], options["after"]
        try:
            with consistent_read():
                end = queries.end_of_log(organization)
                if not end:
                    raise CommandError(f"There is no log of {organization}.")
                to = end if options["to"] is None else min(end, options["to"])
                external = event_storage.external_archives(organization).values()
                for line in complete_jsonl(organization, after, to):
                    self.stdout.write(line, ending="")
        except IncompleteLog as incomplete:
            raise CommandError(str(incomplete)) from None
        for archive in external:
            if archive.last_sequence > after and archive.first_sequence <= to:
                self.stderr.write(
                    f"NOT exported, because they are not in this database: {event_storage.describe_archive(archive)}."
                )
