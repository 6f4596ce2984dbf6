"""The Django application of the product."""

from django.apps import AppConfig


class AccountsUiConfig(AppConfig):
    """Accounts of organizations: pages over services over the directory and the change log."""

    name = "accounts_ui"
    verbose_name = "Accounts"

    def ready(self) -> None:
        """Called once by Django, after the models have loaded."""
        from accounts_ui import (
            checks,  # noqa: F401  (registers its parts and checks)
            reread_work,  # noqa: F401  (registers its background work)
        )
        from accounts_ui.changes import index_scheduler  # noqa: F401  (registers its background work)
        from accounts_ui.changes.checkpoints import scheduler  # noqa: F401  (registers its background work)
        from accounts_ui.changes.metrics import LogCollector
        from accounts_ui.tasks import checks as task_checks  # noqa: F401
        from accounts_ui.tasks.metrics import TasksCollector
        from console.runtime.metrics import register_database_collector

        register_database_collector(LogCollector())
        register_database_collector(TasksCollector())
