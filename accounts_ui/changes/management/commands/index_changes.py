"""``manage.py index_changes``: create the search index, if the migration could not, and include all changes."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error, connection

from accounts_ui.changes import change_index
from accounts_ui.changes.schema import search_index


class Command(BaseCommand):
    """Needed once, or after changes were loaded from elsewhere: workers and pages include new changes by themselves."""

    help = "Create the search index of the change log, so that a search does not read every change."

    def handle(self, *args: Any, **options: Any) -> None:
        """Create the index if it does not exist, and bring it up to date."""
        try:
            if not search_index.is_built(connection):
                search_index.build_index(connection)
            for organization_id in change_index.lagging_logs():
                change_index.include_all(organization_id)
        except Error as error:
            raise CommandError(f"The texts cannot be indexed: {str(error).strip()}") from None
        self.stdout.write("The log's texts are indexed.")
