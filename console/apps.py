"""The Django application of the site itself."""

from django.apps import AppConfig, apps


class ConsoleConfig(AppConfig):
    """Registers the system checks and starts tracing."""

    name = "console"
    verbose_name = "Org Accounts Console"

    def ready(self) -> None:
        """Run once, after the settings have loaded."""
        if apps.is_installed("console.signin"):  # `newkeys` and `sandbox` run without it
            from console import checks  # noqa: F401  (registers them)
            from console.runtime import doctor_certificates  # noqa: F401  (the same)
        from console.runtime import telemetry

        telemetry.start_tracing()
