"""``manage.py newkeys``: print new values for the three secrets."""

import base64
import secrets
from typing import Any

from cryptography.fernet import Fernet
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Prints lines for an environment file. It stores nothing; each run prints other values."""

    help = "Print new values for SECRET_KEY, TOKEN_ENCRYPTION_KEYS and AUDIT_SIGNING_KEY."
    requires_system_checks = ()  # it runs before there is a configuration to check

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the values. No character in them is special to a shell or to systemd."""
        self.stdout.write(f"SECRET_KEY={secrets.token_urlsafe(64)}")
        self.stdout.write(f"TOKEN_ENCRYPTION_KEYS={Fernet.generate_key().decode()}")
        self.stdout.write(f"AUDIT_SIGNING_KEY={base64.b64encode(secrets.token_bytes(32)).decode()}")
