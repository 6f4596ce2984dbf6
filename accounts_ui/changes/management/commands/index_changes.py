"""``manage.py index_changes``: create the search index, if the migration could not."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error, connection

from accounts_ui.changes.schema import search_index


class Command(BaseCommand):
    """Needed once: the database maintains the index."""

    help = "Create the search index of the change log, so that a search does not read every change."

    def handle(self, *args: Any, **options: Any) -> None:
        """Create the index if it does not exist."""
        try:
            if not search_index.is_built(connection):
                search_index.build_index(connection)
        except Error as error:
            raise CommandError(f"The texts cannot be indexed: {str(error).strip()}") from None
        self.stdout.write("The log's texts are indexed.")
