"""A new signing key begins in a log: with an event in front of whatever is appended next."""

import logging

from django.db import Error

from accounts_ui.changes.chain import keys, records
from accounts_ui.changes.chain.key_changes import key_change_facts
from accounts_ui.changes.chain.records import key_id, record_hash, record_of, sign
from accounts_ui.changes.models import Event, EventKind, LogHead
from console import clock

problems = logging.getLogger(__name__)


class WrongSigningKey(Error):
    """The log is signed by another key than the ones that this process has. The message says what to do.

    It is an error of the database to whoever appends: nothing can be recorded, so nothing is sent.
    """


def key_change_event(head: LogHead) -> Event | None:
    """Return the event with which the current key begins in this log; ``None`` if it has begun, or begins the log.

    Raises:
        WrongSigningKey: the log ends with an event of a key that is neither the current nor the former one.

    """
    current, former = keys.signing_key(), keys.former_signing_key()
    if head.sequence == 0 or head.key_id == key_id(current.public_key()):
        return None
    if former is None or head.key_id != key_id(former.public_key()):
        what = (
            f"the log of {head.organization_id} ends with an event of the key {head.key_id}, which is neither "
            "AUDIT_SIGNING_KEY nor AUDIT_FORMER_SIGNING_KEY. Restart this process with the new key."
        )
        problems.error("Nothing can be recorded: %s", what)
        raise WrongSigningKey(what)
    place = (head.organization_id, head.sequence + 1, head.hash)
    event = Event(
        v=records.CURRENT_VERSION,
        organization_id=head.organization_id,
        sequence=head.sequence + 1,
        event=EventKind.KEY_CHANGED.value,
        at=clock.now(),
        about=key_change_facts(*place, former=former, new=current.public_key()),
        key_id=key_id(current.public_key()),
        previous_hash=head.hash,
    )
    event.hash = record_hash(record_of(event))
    event.signature = sign(current, bytes.fromhex(event.hash))
    return event
