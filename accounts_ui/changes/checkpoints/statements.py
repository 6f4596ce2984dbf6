"""Checkpoints: signed statements of where the chain ends, emitted while it grows and stored outside the console.

``signature`` is Ed25519 over the RFC 8785 canonical JSON of the other fields. A row of the table makes each one unique,
whichever process is first; the logger ``console.checkpoints`` and the target get it at least once.
"""

import datetime
import json
import logging
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import transaction
from prometheus_client import Counter

from accounts_ui.changes.chain.keys import signing_key
from accounts_ui.changes.chain.locking import lock_chain
from accounts_ui.changes.chain.records import FIRST_PREVIOUS_HASH, canonical_json, format_time, key_id, sign
from accounts_ui.changes.checkpoints import delivery
from accounts_ui.changes.models import Checkpoint, Event
from console import clock

logger = logging.getLogger("console.checkpoints")
problems = logging.getLogger(__name__)

checkpoints_total = Counter("audit_checkpoints_total", "Checkpoints of the change log.", ["result"])
for _result in ("emitted", "delivered", "failed"):
    checkpoints_total.labels(_result)  # begins with 0


def sign_current_end(key: Ed25519PrivateKey) -> dict[str, Any]:
    """Return a signed statement of where the chain ends now. Nothing is stored."""
    return checkpoint_statement(_signed(key, Event.objects.order_by("-sequence").first()))


def sign_event(key: Ed25519PrivateKey, event: Event) -> dict[str, Any]:
    """Return a signed statement of an event that is not the end of the chain. Nothing is stored."""
    return checkpoint_statement(_signed(key, event))


def checkpoint_statement(checkpoint: Checkpoint) -> dict[str, Any]:
    """Return the statement of a checkpoint as it is logged and sent, ``signature`` included."""
    return {**_unsigned(checkpoint), "signature": checkpoint.signature}


def checkpoint_line(checkpoint: Checkpoint) -> str:
    """Return the statement as one line of JSON."""
    return json.dumps(checkpoint_statement(checkpoint), separators=(",", ":"))


def newest_checkpoint() -> Checkpoint | None:
    """Return the newest emitted checkpoint."""
    return Checkpoint.objects.order_by("-sequence").first()


def seconds_until_due() -> float | None:
    """Return the seconds until the next checkpoint is due: 0 or less if it is due; ``None`` without new events."""
    event, checkpoint = Event.objects.order_by("-sequence").first(), newest_checkpoint()
    covered = checkpoint.sequence if checkpoint else 0
    if event is None or event.sequence <= covered:
        return None
    if event.sequence - covered >= settings.AUDIT_CHECKPOINT_EVENTS:
        return 0
    since = checkpoint.at if checkpoint else Event.objects.order_by("sequence").values_list("at", flat=True)[0]
    due = since + datetime.timedelta(minutes=settings.AUDIT_CHECKPOINT_MINUTES)
    return (due - clock.now()).total_seconds()


def emit_checkpoint(*, only_if_due: bool = False) -> Checkpoint | None:
    """If there are new events, emit a checkpoint and deliver all undelivered checkpoints. Return the new one."""
    with transaction.atomic(durable=True):
        lock_chain()
        wait = seconds_until_due()
        checkpoint = None
        if wait is not None and not (only_if_due and wait > 0):
            checkpoint = _signed(signing_key(), Event.objects.order_by("-sequence").first())
            checkpoint.save(force_insert=True)
    if checkpoint:
        checkpoints_total.labels("emitted").inc()
        logger.info("%s", checkpoint_line(checkpoint))
        deliver_checkpoints()
    return checkpoint


def deliver_checkpoints() -> bool:
    """Deliver undelivered checkpoints, oldest first, up to the first failure. Return whether there was none."""
    if not settings.AUDIT_CHECKPOINT_TARGET:
        return True
    for checkpoint in Checkpoint.objects.filter(delivered_at=None).order_by("sequence")[:1000]:
        try:
            delivery.send_line(checkpoint_line(checkpoint))
        except delivery.NotDelivered as error:
            checkpoints_total.labels("failed").inc()
            problems.error("Checkpoint %s was NOT delivered: %s It goes with the next.", checkpoint.sequence, error)
            return False
        Checkpoint.objects.filter(sequence=checkpoint.sequence, delivered_at=None).update(delivered_at=clock.now())
        checkpoints_total.labels("delivered").inc()
    return True


def has_undelivered() -> bool:
    """Return whether a checkpoint waits for its target."""
    return bool(settings.AUDIT_CHECKPOINT_TARGET) and Checkpoint.objects.filter(delivered_at=None).exists()


def _signed(key: Ed25519PrivateKey, event: Event | None) -> Checkpoint:
    checkpoint = Checkpoint(
        sequence=event.sequence if event else 0,
        hash=event.hash if event else FIRST_PREVIOUS_HASH,
        at=clock.now(),
        key_id=key_id(key.public_key()),
    )
    checkpoint.signature = sign(key, canonical_json(_unsigned(checkpoint)))
    return checkpoint


def _unsigned(checkpoint: Checkpoint) -> dict[str, Any]:
    return {
        "sequence": checkpoint.sequence,
        "hash": checkpoint.hash,
        "at": format_time(checkpoint.at),
        "key_id": checkpoint.key_id,
    }
