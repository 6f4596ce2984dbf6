"""The Django application of the site itself."""

from django.apps import AppConfig, apps


class ConsoleConfig(AppConfig):
    """Registers the system checks, and starts sending traces where that is asked for."""

    name = "console"
    verbose_name = "Org Accounts Console"

    def ready(self) -> None:
        """Called once by Django, after the settings have loaded."""
        if apps.is_installed("console.signin"):  # not where only secrets or a sandbox are made
            from console import checks  # noqa: F401  (registers them)
        from console.runtime import telemetry

        telemetry.start_tracing()
