"""``manage.py verify_changes``: prove the log of this installation, or an export of it."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts_ui.changes.chain.keyring import Keyring, read_document, read_ranged_key
from accounts_ui.changes.chain.keys import public_keys
from accounts_ui.changes.event_storage import describe_archive
from accounts_ui.changes.verification import verify_log


class Command(BaseCommand):
    """Exits with 1 at the first break, and names its sequence."""

    help = "Verify the change log: chain, signatures and triggers, and that changes agree with their events."

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the options."""
        parser.add_argument("--file", type=Path, help="verify this export.jsonl instead of the database")
        parser.add_argument("--filtered", action="store_true", help="the export is a selection: gaps are allowed")
        parser.add_argument(
            "--after", type=Path, help="the signed checkpoint of the archive that ends before this export begins"
        )
        parser.add_argument(
            "--checkpoint", type=Path, help="checkpoints stored elsewhere, one a line; the log has to reach them"
        )
        parser.add_argument(
            "--public-key",
            action="append",
            default=[],
            metavar="KEY[@LAST]",
            help="a public key to trust (only), oldest first; LAST is the last sequence that it signed",
        )
        parser.add_argument(
            "--public-keys", type=Path, help="the public-keys.json of an evidence pack, to trust (only)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify the log and print how far it is verified."""
        try:
            verified = self._verify(options)
        except verify_log.BrokenLog as broken:
            raise CommandError(f"NOT verified. {broken}") from None
        self.stdout.write(f"Verified {verified.count} events, to sequence {verified.sequence}, hash {verified.hash}")
        for archive in verified.external:
            self.stdout.write(f"NOT verified, because they are not in this database: {describe_archive(archive)}.")
            self.stdout.write("The events after them continue from the hash that was signed for their end.")

    def _verify(self, options: dict[str, Any]) -> verify_log.VerifiedPart:
        keys = self._keys(options["public_key"], options["public_keys"])
        checkpoint_hashes = self._read_checkpoint_hashes(options["checkpoint"], keys)
        after = self._read_checkpoint_hashes(options["after"], keys)
        if options["file"] is None:
            return verify_log.verify_database(keys, checkpoint_hashes)
        start = verify_log.VerifiedPart(0, *max(after.items())) if after else verify_log.NOTHING_VERIFIED
        try:
            with options["file"].open(encoding="utf-8", newline="\n") as lines:
                records = verify_log.read_export(lines)
                return verify_log.verify_records(
                    records, keys, filtered=options["filtered"], checkpoint_hashes=checkpoint_hashes, after=start
                )
        except (OSError, UnicodeError) as error:
            raise CommandError(f"{options['file']} cannot be read: {error}") from None

    def _keys(self, key_texts: list[str], path: Path | None) -> Keyring:
        try:
            if path is not None:
                return read_document(json.loads(path.read_text(encoding="utf-8")))
            return Keyring(read_ranged_key(text) for text in key_texts) if key_texts else public_keys()
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error}") from None
        except ValueError as error:
            raise CommandError(
                f"These are not Ed25519 public keys, as KEY or KEY@LAST, oldest first: {error}"
            ) from None

    def _read_checkpoint_hashes(self, path: Path | None, keys: Keyring) -> verify_log.CheckpointHashes | None:
        if path is None:
            return None
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
            checkpoints = [json.loads(line) for line in lines if line.strip()]
        except (OSError, ValueError) as error:
            raise CommandError(f"{path} cannot be read as checkpoints, one a line: {error}") from None
        if not checkpoints:
            raise CommandError(f"{path} holds no checkpoint.")
        return verify_log.verify_checkpoints(checkpoints, keys)
