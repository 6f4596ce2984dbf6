"""What a verification reads of a log before its records: its end, its keys, and the breaks that were acknowledged."""

from collections.abc import Iterator
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings

from accounts_ui.changes.chain.key_changes import KeyChangeError, derive_keyring
from accounts_ui.changes.chain.keyring import Keyring
from accounts_ui.changes.chain.records import FIRST_PREVIOUS_HASH, key_id, record_of
from accounts_ui.changes.event_storage import stored_events
from accounts_ui.changes.models import Archive, ArchivedEvent, Change, Checkpoint, Event, EventKind, LogHead
from accounts_ui.changes.verification.breaks import Acknowledgements, BrokenLog, read_acknowledgements


def read_end(organization_id: str) -> int:
    """Return the sequence of the last event. Raises ``BrokenLog`` if an event is before the first place of the log."""
    for sequence in stored_events(organization_id, sequence__lt=1).values_list("sequence", flat=True)[:1]:
        raise BrokenLog(sequence, "is before the first place of the log, which is 1")
    newest = Event.objects.filter(organization_id=organization_id).order_by("-sequence")
    return newest.values_list("sequence", flat=True).first() or 0


def verify_head(organization_id: str) -> int:
    """Return where the head of the log says that it ends. Raises ``BrokenLog`` if the events end elsewhere."""
    newest = Event.objects.filter(organization_id=organization_id).order_by("-sequence").first()
    last = (newest.sequence, newest.hash, newest.key_id) if newest else (0, FIRST_PREVIOUS_HASH, "")
    for event in ArchivedEvent.objects.filter(organization_id=organization_id, sequence__gte=last[0])[:1]:
        raise BrokenLog(event.sequence, "is archived, and no event of the log follows it: the end was cut off")
    head = LogHead.objects.filter(pk=organization_id).values_list("sequence", "hash", "key_id").first()
    if head is None and newest is not None:
        raise BrokenLog(last[0], "is the last event, and the log has no head that says so")
    if head is not None and tuple(head) != last:
        what = f"the head of the log ends at {head[0]}, and its events end at {last[0]}"
        raise BrokenLog(max(head[0], last[0]), f"{what}: one of them was rewritten, or the end was cut off")
    return last[0]


def read_keyring(organization_id: str, current: Ed25519PublicKey, acknowledged: Acknowledgements) -> Keyring:
    """Return the keys that sign the log. Raises ``BrokenLog`` if a change of key is not what both keys signed.

    What only pretends to be one, and was acknowledged as a break, does not count.
    While the key is being changed, logs without a new event still end with the former one.
    """
    head = LogHead.objects.filter(pk=organization_id).values_list("key_id", flat=True).first()
    former = settings.AUDIT_FORMER_SIGNING_KEY
    if former is not None and head == key_id(former.public_key()):
        current = former.public_key()
    try:
        records = _records(organization_id, EventKind.KEY_CHANGED)
        return derive_keyring(current, (record for record in records if not acknowledged.of_record(record)))
    except KeyChangeError as error:
        raise BrokenLog(error.sequence, str(error), of_record=True) from None


def read_acknowledged(organization_id: str) -> Acknowledgements:
    """Return the acknowledged breaks of the log. Raises ``BrokenLog``."""
    return read_acknowledgements(_records(organization_id, EventKind.BREAK_ACKNOWLEDGED))


def _records(organization_id: str, kind: EventKind) -> Iterator[dict[str, Any]]:
    return (record_of(event) for event in stored_events(organization_id, event=kind, change_id=None))


def organizations_with_rows() -> list[str]:
    """Return all organizations of which the database holds anything of a log."""
    found: set[str] = set()
    for model in (LogHead, Event, ArchivedEvent, Change, Checkpoint, Archive):
        found |= set(model.objects.order_by().values_list("organization_id", flat=True).distinct())
    return sorted(found)
