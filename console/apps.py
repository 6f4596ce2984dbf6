"""The Django application of the site itself."""

import os
from pathlib import Path

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """Registers the system checks and prepares the place where several processes keep their metrics."""

    name = "console"
    verbose_name = "Org Accounts Console"

    def ready(self) -> None:
        """Called once by Django, after the settings have loaded."""
        from console import checks  # noqa: F401  (registers them)

        # prometheus-client writes into this folder from the first request on, and does not make it.
        if folder := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
            Path(folder).mkdir(parents=True, exist_ok=True)
