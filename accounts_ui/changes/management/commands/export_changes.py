"""``manage.py export_changes``: the log of all organizations, as lines that ``verify_changes --file`` verifies."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts_ui.changes import event_storage
from accounts_ui.changes.chain.locking import consistent_read
from accounts_ui.changes.event_storage import stored_events
from accounts_ui.changes.exports import events_jsonl


class Command(BaseCommand):
    """Parts that follow each other, put together in their order, are the whole again."""

    help = "Print the events of all organizations as JSON lines, in the order of the chain."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where it begins and ends."""
        parser.add_argument("--after", type=int, default=0, metavar="SEQUENCE", help="only what came after this event")
        parser.add_argument("--to", type=int, metavar="SEQUENCE", help="up to this event")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print them, as they are at one moment."""
        after, to = options["after"], options["to"]
        with consistent_read():
            away = event_storage.external_archives().values()
            for line in events_jsonl(
                stored_events(sequence__gt=after) if to is None else stored_events(sequence__gt=after, sequence__lte=to)
            ):
                self.stdout.write(line, ending="")
        for archive in away:
            if archive.last_sequence > after and (to is None or archive.first_sequence <= to):
                self.stderr.write(
                    f"NOT exported, because they are not in this database: {event_storage.describe_archive(archive)}."
                )
