"""``manage.py index_changes``: index the log's texts, where migrating could not."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error, connection

from accounts_ui.changes.schema import search_index


class Command(BaseCommand):
    """Once is enough: the database keeps the index."""

    help = "Index the texts of the change log, so that searching does not read every change."

    def handle(self, *args: Any, **options: Any) -> None:
        """Build it, unless it is there."""
        try:
            if not search_index.is_built(connection):
                search_index.build_index(connection)
        except Error as error:
            raise CommandError(f"The texts cannot be indexed: {str(error).strip()}") from None
        self.stdout.write("The log's texts are indexed.")
