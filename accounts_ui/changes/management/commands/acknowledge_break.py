"""``manage.py acknowledge_break``: sign that a break of a log is known, so that verification goes on behind it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from accounts_ui.changes import queries, writer
from accounts_ui.changes.chain.keys import public_key
from accounts_ui.changes.chain.records import record_of
from accounts_ui.changes.event_storage import stored_events
from accounts_ui.changes.models import EventKind
from accounts_ui.changes.verification.breaks import MISSING, BrokenLog, found_hash
from accounts_ui.changes.verification.verify_log import verify_log


class Command(BaseCommand):
    """Acknowledges the first break of a log, as its record stands now."""

    help = (
        "Append a signed statement that you know of a break: which sequence, what, when and who. Verification reports "
        "it from then on, and goes on behind it. Find out first what happened."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the options."""
        parser.add_argument("--organization", required=True, help="whose log")
        parser.add_argument("--sequence", type=int, required=True, help="where verify_changes found the break")
        parser.add_argument("--by", required=True, help="who acknowledges it, and why: it is shown with each report")

    def handle(self, *args: Any, **options: Any) -> None:
        """Acknowledge the break that verification finds, if it is the one that is meant."""
        organization_id, sequence, by = options["organization"], options["sequence"], options["by"].strip()
        if organization_id not in queries.logged_organizations():
            raise CommandError(f"There is no log of {organization_id}.")
        if not by:
            raise CommandError("Say who acknowledges the break: --by NAME.")
        broken = self._find_break(organization_id)
        if broken.sequence != sequence:
            raise CommandError(f"The first break is another one. {organization_id}, {broken}")
        about = _about(organization_id, broken)
        try:
            kind = EventKind.BREAK_ACKNOWLEDGED.value
            event = writer.state(organization_id, kind, about, by={"actor_name": by})
        except Error as error:
            raise CommandError(f"Nothing was acknowledged: {error}") from None
        self.stdout.write(f"Acknowledged with event {event.sequence} of {organization_id}: {broken}")

    def _find_break(self, organization_id: str) -> BrokenLog:
        try:
            verify_log(organization_id, public_key())
        except BrokenLog as broken:
            return broken
        raise CommandError(f"The log of {organization_id} verifies: there is nothing to acknowledge.")


def _about(organization_id: str, broken: BrokenLog) -> dict[str, Any]:
    """Return what the statement is about: the record as it stands, or the gap. Raises ``CommandError``."""
    sequence = broken.sequence or 0
    record = stored_events(organization_id, sequence=sequence).first()
    if record is not None and not broken.of_record:
        raise CommandError(
            f"This is not a break of a record, so it has to be repaired instead. {organization_id}, {broken}"
        )
    if record is not None:
        return {"sequence": sequence, "through": sequence, "what": broken.what, "found_hash": _hash(record)}
    following = stored_events(organization_id, sequence__gt=sequence).values_list("sequence", "hash").first()
    if following is None:
        raise CommandError(f"No event follows, so nothing can be appended behind the gap. {organization_id}, {broken}")
    return {"sequence": sequence, "through": following[0] - 1, "what": broken.what, "found_hash": MISSING}


def _hash(record: Any) -> str:
    try:
        return found_hash(record_of(record))
    except ValueError as error:
        raise CommandError(f"The record has no form that could be signed: {error}") from None
