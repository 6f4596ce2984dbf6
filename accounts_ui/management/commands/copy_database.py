"""``manage.py copy_database``: move an installation from SQLite to PostgreSQL."""

from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts_ui.database_copy import NotCopied, copy_database


class Command(BaseCommand):
    """Into the database of ``DATABASE_URL``, as the role that owns its tables. Copies everything or nothing."""

    help = "Copy all data of an SQLite database into the empty, migrated database of DATABASE_URL, and verify the log."

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the option."""
        parser.add_argument("--from", dest="path", type=Path, required=True, metavar="FILE", help="the SQLite file")

    def handle(self, *args: Any, **options: Any) -> None:
        """Copy, and verify the copy."""
        try:
            counts = copy_database(options["path"])
        except NotCopied as error:
            raise CommandError(f"Nothing was copied. {error}") from None
        for table, count in sorted(counts.items()):
            self.stdout.write(f"{count:>9} {table}")
        call_command("verify_changes", stdout=self.stdout)
        self.stdout.write("Copied. Now run console/deploy/roles.sql, and let DATABASE_URL name this database.")
