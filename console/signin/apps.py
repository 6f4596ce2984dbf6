"""The Django app of sign-in."""

from django.apps import AppConfig


class SigninConfig(AppConfig):
    """Connects the clean-up of frame sign-ins to that of expired sessions."""

    name = "console.signin"

    def ready(self) -> None:
        """Import the module whose signal receiver would otherwise be missing in ``manage.py clearsessions``."""
        from console.signin.frames import handover  # noqa: F401  (models exist only now)
