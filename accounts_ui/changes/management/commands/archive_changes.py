"""``manage.py archive_changes``: move the oldest parts of the logs into the archive, after export and verification."""

import datetime
import getpass
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error
from django.utils.dateparse import parse_date

from accounts_ui.changes import archiver, queries
from accounts_ui.changes.event_storage import describe_archive
from accounts_ui.changes.verification.breaks import BrokenLog


class Command(BaseCommand):
    """On PostgreSQL as the role that owns the tables: each run is a partition of its own."""

    help = (
        "Verify the oldest part of each change log, export it with a signed checkpoint of its end, and move it into "
        "the archive. Events from an unresolved change on are not archived. Nothing is deleted."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the options."""
        upto = parser.add_mutually_exclusive_group(required=True)
        upto.add_argument(
            "--before", type=_day, metavar="YYYY-MM-DD", help="archive events recorded before this day (UTC)"
        )
        upto.add_argument("--through", type=int, metavar="SEQUENCE", help="archive events up to this one")
        parser.add_argument("--organization", help="archive only this organization's log; needed with --through")
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
        parts = [part for part in map(self._announced, self._choose_parts(options)) if part.count > 0]
        if not parts:
            self.stdout.write("Nothing to archive.")
            return
        folder = options["folder"]
        if options["dry_run"]:
            for part in parts:
                archiver.verify_archive_part(part)
                export = part.files(folder).export
                self.stdout.write(
                    f"Verified. Would archive events {part.first} to {part.last} of {part.organization_id} in {export}."
                )
            return
        for done in archiver.archive_parts(parts, folder, by=options["by"] or getpass.getuser()):
            self.stdout.write(f"Archived: {describe_archive(done)}.")
        for files in (part.files(folder) for part in parts):
            self.stdout.write(f"Keep {files.export} and the two files beside it where the console cannot change them.")

    def _choose_parts(self, options: dict[str, Any]) -> Iterator[archiver.ArchivePart]:
        organization, through, before = options["organization"], options["through"], options["before"]
        known = queries.logged_organizations()
        if through is not None and organization is None:
            raise CommandError("--through counts the events of one log. Name it with --organization.")
        if organization is not None and organization not in known:
            raise CommandError(f"There is no log of {organization}.")
        for name in [organization] if organization else known:
            last = archiver.last_event_before(name, before) if through is None else through
            yield archiver.choose_part(name, last)

    def _announced(self, part: archiver.ArchivePart) -> archiver.ArchivePart:
        """Say what limits the part, and return it."""
        if part.kept_back:
            state = "open" if part.kept_back.is_open else f"resolved only by event {part.kept_back.last_sequence}"
            self.stdout.write(
                f"Change {part.kept_back.change_id} is {state}: events after {part.last} of {part.organization_id} are "
                "not archived."
            )
        return part


def _day(text: str) -> datetime.datetime:
    """Return the beginning of a day. Raises ``ValueError``."""
    day = parse_date(text)
    if day is None:
        raise ValueError(f"{text} is not a day")
    return datetime.datetime.combine(day, datetime.time(), tzinfo=datetime.UTC)
