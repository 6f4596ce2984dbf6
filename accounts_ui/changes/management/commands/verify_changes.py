"""``manage.py verify_changes``: prove the logs of this installation, or an export of one."""

import json
import os
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from accounts_ui.changes.chain.keys import public_key
from accounts_ui.changes.chain.records import read_public_key
from accounts_ui.changes.checkpoints.statements import origin_of
from accounts_ui.changes.verification.breaks import BrokenLog
from accounts_ui.changes.verification.checkpoints import read_kept
from accounts_ui.changes.verification.export_file import verify_export
from accounts_ui.changes.verification.log_state import organizations_with_rows
from accounts_ui.changes.verification.verify_log import (
    Position,
    load_position,
    verify_index,
    verify_log,
    verify_triggers,
)


class Command(BaseCommand):
    """Exits with 1 at the first break, and names its organization and sequence."""

    help = "Verify the change logs: chain, signatures, checkpoints and triggers, and that all that is shown follows."

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the options."""
        parser.add_argument("--organization", help="verify only this organization's log")
        parser.add_argument("--file", type=Path, help="verify this export.jsonl instead of the database")
        parser.add_argument("--filtered", action="store_true", help="the export is a selection: gaps are allowed")
        parser.add_argument(
            "--after", type=Path, help="the .end.json of the archive that ends before this export begins"
        )
        parser.add_argument(
            "--checkpoint", type=Path, help="checkpoints stored elsewhere, one after the other; logs have to reach them"
        )
        parser.add_argument("--public-key", metavar="KEY", help="the current public key to trust, instead of our own")
        parser.add_argument(
            "--progress",
            type=Path,
            help="a file that remembers how far it is, so that a run goes on after an interruption",
        )
        parser.add_argument(
            "--jobs", type=int, default=len(os.sched_getaffinity(0)), help="processes (default: one for each core)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify, and print how far each log is verified."""
        key = self._key(options["public_key"])
        kept = self._read(options["checkpoint"])
        if options["file"] is not None:
            self._verify_file(options, key, kept)
            return
        organizations = self._organizations(options["organization"])
        notes = self._kept_notes(kept, organizations)
        progress = _Progress(options["progress"])
        for organization in organizations:
            self._verify_log(organization, key, notes.get(origin_of(organization), []), progress, options)
        try:
            verify_triggers()
        except BrokenLog as broken:
            raise CommandError(f"NOT verified. {broken.what}") from None
        if not organizations:
            self.stdout.write("There is no log yet.")
        progress.remove()

    def _verify_log(
        self, organization: str, key: Ed25519PublicKey, kept: list[str], progress: "_Progress", options: dict[str, Any]
    ) -> None:
        def note(position: Position, end: int) -> None:
            progress.write(organization, position)
            if options["verbosity"] > 1:
                self.stderr.write(f"{organization}: {position.sequence} of {end} events")

        start = progress.position(organization)
        try:
            verified = verify_log(organization, key, kept=kept, start=start, workers=options["jobs"], on_progress=note)
            verify_index(organization)
        except BrokenLog as broken:
            raise CommandError(f"NOT verified. {organization}, {broken}") from None
        except Error as error:  # such as a value of another type than its column's
            raise CommandError(f"NOT verified. {organization}: the database cannot be read: {error}") from None
        since = f" (of them {verified.count} in this run)" if start and start.sequence else ""
        position = verified.position
        count = verified.count + (start.sequence if start else 0)
        self.stdout.write(
            f"Verified {count} events of {organization}{since}, to sequence {position.sequence}, hash {position.hash}"
        )
        for line in verified.notes:
            self.stdout.write(line)

    def _verify_file(self, options: dict[str, Any], key: Ed25519PublicKey, kept: str) -> None:
        path, after = options["file"], self._read(options["after"])
        try:
            verified = verify_export(path, key, filtered=options["filtered"], kept=kept, after=after)
        except BrokenLog as broken:
            raise CommandError(f"NOT verified. {broken}") from None
        except (OSError, UnicodeError) as error:
            raise CommandError(f"{path} cannot be read: {error}") from None
        if options["organization"] not in (None, verified.organization_id):
            raise CommandError(f"This is an export of {verified.organization_id}.")
        self.stdout.write(
            f"Verified {verified.count} events of {verified.organization_id}, to sequence {verified.sequence}, "
            f"hash {verified.hash}"
        )
        for line in verified.notes:
            self.stdout.write(line)

    def _organizations(self, organization: str | None) -> list[str]:
        """Return the organizations to verify: all that have anything in the database, unless one is asked for."""
        known = organizations_with_rows()
        if organization is None:
            return known
        if organization not in known:
            raise CommandError(f"There is no log of {organization}.")
        return [organization]

    def _kept_notes(self, text: str, organizations: list[str]) -> dict[str, list[str]]:
        """Return the checkpoints by origin. Each has to belong to a log of this installation."""
        try:
            notes = read_kept(text) if text else {}
        except BrokenLog as broken:
            raise CommandError(f"NOT verified. {broken}") from None
        known = {origin_of(organization) for organization in (*organizations, *organizations_with_rows())}
        if unknown := sorted(set(notes) - known):
            raise CommandError(f"NOT verified. There is no log of this checkpoint: {unknown[0]!r:.200}.")
        return notes

    def _key(self, text: str | None) -> Ed25519PublicKey:
        try:
            return read_public_key(text) if text else public_key()
        except ValueError as error:
            raise CommandError(f"This is not the base64 of an Ed25519 public key: {error}") from None

    def _read(self, path: Path | None) -> str:
        if path is None:
            return ""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeError) as error:
            raise CommandError(f"{path} cannot be read: {error}") from None
        if not text.strip():
            raise CommandError(f"{path} is empty.")
        return text


class _Progress:
    """The file that remembers how far each log is verified."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._positions: dict[str, str] = {}
        if path is None or not path.exists():
            return
        try:
            self._positions = dict(json.loads(path.read_text(encoding="utf-8")))
            for text in self._positions.values():
                load_position(text)
        except (OSError, ValueError, TypeError) as error:
            raise CommandError(f"{path} is not what this command wrote: {error}") from None

    def position(self, organization: str) -> Position | None:
        """Return how far the log is verified."""
        text = self._positions.get(organization)
        return load_position(text) if text else None

    def write(self, organization: str, position: Position) -> None:
        """Remember how far the log is verified."""
        if self._path is None:
            return
        self._positions[organization] = position.dump()
        new = self._path.with_name(f"{self._path.name}.new")
        new.write_text(json.dumps(self._positions), encoding="utf-8")
        new.replace(self._path)  # at once, so that an interruption never leaves half a file

    def remove(self) -> None:
        """Forget it, once everything is verified."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
