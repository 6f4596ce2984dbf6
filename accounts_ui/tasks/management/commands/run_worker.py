"""``manage.py run_worker``: do background work in the foreground, until SIGTERM or Ctrl-C."""

import logging
from typing import Any

from django.core.management.base import BaseCommand

from accounts_ui.tasks.worker import Worker


class Command(BaseCommand):
    """Runs one worker. Several can run, on one machine or many: each piece of work is done by one of them."""

    help = "Do background work, such as emitting checkpoints, until SIGTERM or Ctrl-C. The piece in hand is finished."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until a signal asks to stop."""
        logging.getLogger("huey").setLevel(logging.WARNING)  # it logs each message, every few seconds
        Worker().run()
