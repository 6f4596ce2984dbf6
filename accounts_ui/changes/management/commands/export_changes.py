"""``manage.py export_changes``: print the log of all organizations as JSON lines for ``verify_changes --file``."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts_ui.changes import event_storage
from accounts_ui.changes.chain.locking import consistent_read
from accounts_ui.changes.event_storage import stored_events
from accounts_ui.changes.exports import events_jsonl


class Command(BaseCommand):
    """Exports of consecutive parts, concatenated, are an export of the whole."""

    help = "Print the events of all organizations as JSON lines, in the order of the chain."

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the options."""
        parser.add_argument("--after", type=int, default=0, metavar="SEQUENCE", help="only events after this one")
        parser.add_argument("--to", type=int, metavar="SEQUENCE", help="only events up to this one")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the events as of one moment."""
        after, to = options["after"], options["to"]
        with consistent_read():
            external = event_storage.external_archives().values()
            for line in events_jsonl(
                stored_events(sequence__gt=after) if to is None else stored_events(sequence__gt=after, sequence__lte=to)
            ):
                self.stdout.write(line, ending="")
        for archive in external:
            if archive.last_sequence > after and (to is None or archive.first_sequence <= to):
                self.stderr.write(
                    f"NOT exported, because they are not in this database: {event_storage.describe_archive(archive)}."
                )
