"""Delete plans that are older than 30 days. Their changes stay in the change log."""

from typing import Any

from django.core.management.base import BaseCommand

from accounts_ui.plans import queries


class Command(BaseCommand):
    """``manage.py purge_plans``."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{queries.purge_old_plans()} plans deleted.")
