"""``manage.py verify_changes``: prove the log of this installation, or an export of it."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts_ui.changes import verifying
from accounts_ui.changes.keys import public_keys
from accounts_ui.changes.record import keyring, read_public_key


class Command(BaseCommand):
    """Exits with 1 at the first break, naming its sequence."""

    help = "Verify the change log: chain, signatures, triggers, and that changes say what their events say."

    def add_arguments(self, parser: CommandParser) -> None:
        """Its options."""
        parser.add_argument("--file", type=Path, help="verify this export.jsonl instead of the database")
        parser.add_argument("--filtered", action="store_true", help="the export is a selection: gaps are no break")
        parser.add_argument("--checkpoint", type=Path, help="a kept checkpoint that the log has to reach")
        parser.add_argument("--public-key", action="append", default=[], help="base64 of a public key to trust (only)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify, and say to where."""
        try:
            verified = self._verify(options)
        except verifying.Broken as broken:
            raise CommandError(f"NOT verified. {broken}") from None
        self.stdout.write(f"Verified {verified.count} events, to sequence {verified.sequence}, hash {verified.hash}")

    def _verify(self, options: dict[str, Any]) -> verifying.Verified:
        keys = self._keys(options["public_key"])
        vouched = self._checkpoint(options["checkpoint"], keys)
        if options["file"] is None:
            if vouched:
                verifying.verify_records(verifying.hold_against(verifying.database_records(), *vouched), keys)
            return verifying.verify_database(keys)
        try:
            with options["file"].open(encoding="utf-8", newline="\n") as lines:
                records = verifying.read_lines(lines)
                held = verifying.hold_against(records, *vouched) if vouched else records
                return verifying.verify_records(held, keys, filtered=options["filtered"])
        except (OSError, UnicodeError) as error:
            raise CommandError(f"{options['file']} cannot be read: {error}") from None

    def _keys(self, given: list[str]) -> verifying.Keys:
        try:
            return keyring(read_public_key(text) for text in given) if given else public_keys()
        except ValueError as error:
            raise CommandError(f"--public-key is not the base64 of a 32-byte Ed25519 public key: {error}") from None

    def _checkpoint(self, path: Path | None, keys: verifying.Keys) -> tuple[int, str] | None:
        if path is None:
            return None
        try:
            checkpoint = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise CommandError(f"{path} cannot be read as a checkpoint: {error}") from None
        return verifying.verify_checkpoint(checkpoint, keys)
