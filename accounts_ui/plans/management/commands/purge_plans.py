"""Delete old plans. Their changes stay in the change log."""

from typing import Any

from django.core.management.base import BaseCommand

from accounts_ui.plans import queries


class Command(BaseCommand):
    """``manage.py purge_plans``."""

    help = f"Delete plans that are older than {queries.RETENTION.days} days. Their changes stay in the change log."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{queries.purge_old_plans()} plans deleted.")
