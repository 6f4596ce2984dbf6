"""``manage.py archive_changes``: move the oldest part of the log into its archive, after export and verification."""

import datetime
import getpass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error
from django.utils.dateparse import parse_date

from accounts_ui.changes import archiver
from accounts_ui.changes.event_storage import describe_archive
from accounts_ui.changes.verification.verify_log import BrokenLog


class Command(BaseCommand):
    """On PostgreSQL as the role that owns the tables: each archive is a partition of its own."""

    help = (
        "Verify the oldest part of the change log, export it with a signed checkpoint of its end, and move it into "
        "the archive. Events from an unresolved change on are not archived. Nothing is deleted."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the options."""
        upto = parser.add_mutually_exclusive_group(required=True)
        upto.add_argument(
            "--before", type=_day, metavar="YYYY-MM-DD", help="archive events recorded before this day (UTC)"
        )
        upto.add_argument("--through", type=int, metavar="SEQUENCE", help="archive events up to this one")
        parser.add_argument(
            "--folder", type=Path, default=Path(), help="folder for the files (default: the current one)"
        )
        parser.add_argument("--by", default="", help="who archives, for the record (default: the user of the system)")
        parser.add_argument(
            "--dry-run", action="store_true", help="verify and print what would be archived; write nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Archive, and print what was archived."""
        try:
            self._archive(options)
        except BrokenLog as broken:
            raise CommandError(f"NOT verified, so nothing was archived. {broken}") from None
        except archiver.NotArchived as error:
            raise CommandError(str(error)) from None
        except Error as error:
            raise CommandError(f"Nothing was archived; the database says: {error}") from None

    def _archive(self, options: dict[str, Any]) -> None:
        before = options["before"]
        part = archiver.choose_part(options["through"] if before is None else archiver.last_event_before(before))
        if part.kept_back:
            state = "open" if part.kept_back.is_open else f"resolved only by event {part.kept_back.last_sequence}"
            self.stdout.write(
                f"Change {part.kept_back.change_id} is {state}: events after {part.last} are not archived."
            )
        if part.count < 1:
            self.stdout.write("Nothing to archive.")
            return
        files = archiver.ArchiveFiles.of(part, options["folder"])
        if options["dry_run"]:
            archiver.verify_archive_part(part)
            self.stdout.write(f"Verified. Would archive events {part.first} to {part.last} in {files.export}.")
            return
        done = archiver.archive_part(part, files, by=options["by"] or getpass.getuser())
        self.stdout.write(f"Archived: {describe_archive(done)}.")
        self.stdout.write(f"Keep {files.export} and {files.checkpoint} where the console cannot change them.")


def _day(text: str) -> datetime.datetime:
    """Return the beginning of a day. Raises ``ValueError``."""
    day = parse_date(text)
    if day is None:
        raise ValueError(f"{text} is not a day")
    return datetime.datetime.combine(day, datetime.time(), tzinfo=datetime.UTC)
