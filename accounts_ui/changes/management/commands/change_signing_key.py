"""``manage.py change_signing_key``: let a new signing key begin in every log."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts_ui.changes import queries, writer
from accounts_ui.changes.chain import keys
from accounts_ui.changes.chain.records import key_id, public_text
from accounts_ui.changes.key_change import WrongSigningKey


class Command(BaseCommand):
    """Appends ``key_changed``, signed by the former and by the new key, to each log that ends with the former one."""

    help = (
        "Let AUDIT_SIGNING_KEY begin in every log, with an event that AUDIT_FORMER_SIGNING_KEY signs, too. Afterwards "
        "the former private key is of no use: remove and destroy it."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Change the key of each log, and say so."""
        organizations = queries.logged_organizations()
        try:
            changed = [name for name in organizations if self._change(name)]
        except WrongSigningKey as error:
            raise CommandError(f"Not finished: {error}") from None
        self.stdout.write(
            f"Key {key_id(keys.public_key())} signs {len(organizations)} logs, {len(changed)} of them from now on."
        )
        self.stdout.write(f"Give the new public key to whoever verifies: {public_text(keys.public_key())}")
        if keys.former_signing_key() is not None:
            self.stdout.write("Remove AUDIT_FORMER_SIGNING_KEY, restart all processes, and destroy the former key.")

    def _change(self, organization_id: str) -> bool:
        event = writer.begin_key(organization_id)
        if event is not None:
            self.stdout.write(f"{organization_id}: from sequence {event.sequence} on")
        return event is not None
