"""The Django app of sign-in."""

from django.apps import AppConfig


class SigninConfig(AppConfig):
    """Connects the clean-up of frame sign-ins, attempts and saved forms to that of expired sessions."""

    name = "console.signin"

    def ready(self) -> None:
        """Import the modules whose signal receivers would otherwise be missing in ``manage.py clearsessions``."""
        from console.signin import attempts, saved_forms  # noqa: F401  (models exist only now)
        from console.signin.frames import frame_signin  # noqa: F401
