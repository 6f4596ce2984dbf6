"""Checkpoints: signed statements of where a log ends, emitted while it grows and stored outside the console.

A checkpoint is a C2SP signed note with the size and the root hash of the log's tree. A row of the table makes each one
unique, whichever process is first; the logger ``console.checkpoints`` and the target get it at least once. The row also
holds the leaf hashes since the checkpoint before it, and what is needed to append to the tree.
"""

import base64
import datetime
import json
import logging

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from prometheus_client import Counter

from accounts_ui.changes.chain.canonical_json import canonical_json
from accounts_ui.changes.chain.keys import signing_key
from accounts_ui.changes.chain.notes import TreeHead, log_origin, sign_note
from accounts_ui.changes.chain.records import format_time, key_id, sign
from accounts_ui.changes.checkpoints import delivery
from accounts_ui.changes.checkpoints.leaves import MissingLeaf, new_leaves
from accounts_ui.changes.models import Checkpoint, Event, LogHead
from accounts_ui.changes.tree.compact_range import CompactRange, load_range
from console import clock

_MOST_LEAVES = 10_000  # of one checkpoint, so that a long log without any does not become one huge row

logger = logging.getLogger("console.checkpoints")
problems = logging.getLogger(__name__)

checkpoints_total = Counter("audit_checkpoints_total", "Checkpoints of the change log.", ["result"])
for _result in ("emitted", "delivered", "failed"):
    checkpoints_total.labels(_result)  # begins with 0


def origin_of(organization_id: str) -> str:
    """Return the name of the organization's log in checkpoints."""
    return log_origin(settings.AUDIT_LOG_ORIGIN, organization_id)


def sign_tree(key: Ed25519PrivateKey, organization_id: str, tree: CompactRange) -> str:
    """Return a checkpoint of the tree. Nothing is stored."""
    origin = origin_of(organization_id)
    return sign_note(TreeHead(origin, tree.end, tree.root()).text(), origin, key)


def tree_at(organization_id: str, size: int) -> CompactRange:
    """Return the tree of the log's first ``size`` events. Raises ``MissingLeaf``."""
    before = Checkpoint.objects.filter(organization_id=organization_id, size__lte=size).order_by("-size").first()
    tree = load_range(before.tree) if before else CompactRange()
    for leaf in new_leaves(organization_id, tree.end, size):
        tree.append(leaf)
    return tree


def sign_current_end(key: Ed25519PrivateKey, organization_id: str) -> str:
    """Return a checkpoint of where the log ends now. Nothing is stored. Raises ``MissingLeaf``."""
    head = LogHead.objects.filter(pk=organization_id).first()
    return sign_tree(key, organization_id, tree_at(organization_id, head.sequence if head else 0))


def end_statement(key: Ed25519PrivateKey, organization_id: str, sequence: int, hash_: str, tree: CompactRange) -> str:
    """Return a signed statement of where a part of the log ends, from which an export of what follows goes on."""
    statement = {
        "organization_id": organization_id,
        "sequence": sequence,
        "hash": hash_,
        "tree": tree.dump(),
        "key_id": key_id(key.public_key()),
    }
    return json.dumps({**statement, "signature": sign(key, canonical_json(statement))}) + "\n"


def checkpoint_line(checkpoint: Checkpoint) -> str:
    """Return the checkpoint as one line of JSON, for the log of the process."""
    statement = {
        "organization_id": checkpoint.organization_id,
        "size": checkpoint.size,
        "root": checkpoint.root,
        "at": format_time(checkpoint.at),
        "key_id": checkpoint.key_id,
        "note": checkpoint.note,
    }
    return json.dumps(statement, separators=(",", ":"))


def newest_checkpoint(organization_id: str) -> Checkpoint | None:
    """Return the newest emitted checkpoint of the log, without the hashes that it holds."""
    stored = Checkpoint.objects.filter(organization_id=organization_id).order_by("-size")
    return stored.defer("leaves", "tree").first()


def logs_with_news() -> QuerySet[LogHead]:
    """Return the logs that have events which no checkpoint covers."""
    covered = Checkpoint.objects.filter(organization_id=OuterRef("pk"), size__gte=OuterRef("sequence"))
    return LogHead.objects.filter(~Exists(covered), sequence__gt=0)


def seconds_until_due(head: LogHead) -> float | None:
    """Return the seconds until the log's next checkpoint is due: 0 or less if it is; ``None`` without new events."""
    checkpoint = newest_checkpoint(head.organization_id)
    covered = checkpoint.size if checkpoint else 0
    if head.sequence <= covered:
        return None
    if head.sequence - covered >= settings.AUDIT_CHECKPOINT_EVENTS:
        return 0
    since = checkpoint.at if checkpoint else _oldest_event_at(head)
    due = since + datetime.timedelta(minutes=settings.AUDIT_CHECKPOINT_MINUTES)
    return (due - clock.now()).total_seconds()


def _oldest_event_at(head: LogHead) -> datetime.datetime:
    events = Event.objects.filter(organization_id=head.organization_id).order_by("sequence")
    return events.values_list("at", flat=True)[0]


def emit_checkpoint(organization_id: str, *, only_if_due: bool = False) -> Checkpoint | None:
    """If the log has new events, emit a checkpoint and deliver all that are undelivered. Return the new one."""
    head = LogHead.objects.filter(pk=organization_id).first()
    wait = seconds_until_due(head) if head else None
    emitted = None
    if head is not None and wait is not None and not (only_if_due and wait > 0):
        emitted = _emit_up_to(organization_id, head.sequence)
    if emitted:
        deliver_checkpoints(organization_id)
    return emitted


def _emit_up_to(organization_id: str, end: int) -> Checkpoint | None:
    """Emit checkpoints up to this event. Return the last one that this process was the first to emit."""
    emitted, newest = None, Checkpoint.objects.filter(organization_id=organization_id).order_by("-size").first()
    tree = load_range(newest.tree) if newest else CompactRange()
    while tree.end < end:
        try:
            checkpoint = _make(organization_id, tree, min(end, tree.end + _MOST_LEAVES))
            with transaction.atomic(durable=True):
                checkpoint.save(force_insert=True)
        except MissingLeaf as error:
            problems.error("No checkpoint was emitted: %s. Verify the log.", error)
            return emitted
        except IntegrityError:  # another process was first, and emits what is missing
            return emitted
        emitted = checkpoint
        checkpoints_total.labels("emitted").inc()
        logger.info("%s", checkpoint_line(checkpoint))
    return emitted


def _make(organization_id: str, tree: CompactRange, size: int) -> Checkpoint:
    """Append the leaves up to this size to the tree, and return a checkpoint of it."""
    leaves = list(new_leaves(organization_id, tree.end, size))
    for leaf in leaves:
        tree.append(leaf)
    key = signing_key()
    return Checkpoint(
        organization_id=organization_id,
        size=size,
        root=base64.b64encode(tree.root()).decode(),
        at=clock.now(),
        key_id=key_id(key.public_key()),
        note=sign_tree(key, organization_id, tree),
        tree=tree.dump(),
        leaves=b"".join(leaves),
    )


def send_newest_again(first_organization: str) -> None:
    """Send the newest checkpoint to the target once more, to try it: it may arrive twice anyway.

    Before the first checkpoint it is one of where a log ends now. Before the first event it is one of the empty log of
    ``first_organization``, which every log fulfils.

    Raises:
        delivery.NotDelivered: the target did not accept it.

    """
    newest = Checkpoint.objects.defer("leaves", "tree").order_by("-at").first()
    head = LogHead.objects.first()
    organization_id = head.organization_id if head else first_organization
    delivery.send_note(newest.note if newest else sign_current_end(signing_key(), organization_id))


def deliver_checkpoints(organization_id: str) -> bool:
    """Deliver the log's undelivered checkpoints, oldest first, up to the first failure. Return if there was none."""
    if not settings.AUDIT_CHECKPOINT_TARGET:
        return True
    for checkpoint in _undelivered(organization_id).defer("leaves", "tree").order_by("size")[:1000]:
        try:
            delivery.send_note(checkpoint.note)
        except delivery.NotDelivered as error:
            checkpoints_total.labels("failed").inc()
            problems.error("%s was NOT delivered: %s It goes with the next.", str(checkpoint).capitalize(), error)
            return False
        _undelivered(organization_id).filter(size=checkpoint.size).update(delivered_at=clock.now())
        checkpoints_total.labels("delivered").inc()
    return True


def has_undelivered(organization_id: str) -> bool:
    """Return whether a checkpoint of the log waits for its target."""
    return bool(settings.AUDIT_CHECKPOINT_TARGET) and _undelivered(organization_id).exists()


def _undelivered(organization_id: str) -> QuerySet[Checkpoint]:
    return Checkpoint.objects.filter(organization_id=organization_id, delivered_at=None)
