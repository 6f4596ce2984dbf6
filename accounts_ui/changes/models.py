"""The tables of the logs, one log for each organization. Database triggers (``schema``) keep them append-only."""

import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from console import clock
from console.recorded_text_field import RecordedTextField


class Action(models.TextChoices):
    """The actions that an admin can request."""

    ASSIGN = "assign", "assign"
    CHANGE_STATUS = "change_status", "change status"
    DELETE = "delete", "delete"


class Outcome(models.TextChoices):
    """The result of an operation."""

    PENDING = "pending", "pending"
    APPLIED = "applied", "applied"
    NOT_APPLIED = "not_applied", "not applied"
    UNKNOWN = "unknown", "unknown"


OPEN_OUTCOMES = (Outcome.PENDING, Outcome.UNKNOWN)


class EventKind(models.TextChoices):
    """The kinds of events."""

    REQUESTED = "requested", "requested"
    APPLIED = "applied", "applied"
    NOT_APPLIED = "not_applied", "not applied"
    UNKNOWN = "unknown", "unknown"
    RESOLVED = "resolved", "resolved"
    KEY_CHANGED = "key_changed", "signing key changed"  # this and the following belong to no change
    BREAK_ACKNOWLEDGED = "break_acknowledged", "break acknowledged"


class _Facts(models.Model):
    """The columns that events and changes share. Names are frozen as they were at the time."""

    organization_id = models.CharField(max_length=255)
    actor_issuer = models.CharField(max_length=255)
    actor_subject = models.CharField(max_length=255)
    actor_name = models.TextField(blank=True)
    actor_email = models.TextField(blank=True)
    ip = models.CharField(max_length=45, blank=True)
    request_id = models.CharField(max_length=128, blank=True)
    action = models.CharField(max_length=16, choices=Action.choices)
    subject_id = models.CharField(max_length=255)
    subject_name = models.TextField(blank=True)
    code = models.CharField(max_length=255)
    type_name = models.TextField(blank=True)
    before = models.TextField(null=True)  # noqa: DJ001  (null: no account, or an unknown status)
    after = models.TextField(null=True)  # noqa: DJ001
    message = models.TextField(blank=True)
    outcome = models.CharField(max_length=16, choices=Outcome.choices)
    http_status = models.PositiveSmallIntegerField(null=True)
    detail_parts = models.JSONField(default=list, blank=True)
    detail = RecordedTextField(blank=True, parts="detail_parts")

    class Meta:
        abstract = True


class LogHead(models.Model):
    """Where an organization's log ends: its last event, and the key that signed it. Whoever appends locks this row.

    ``sequence`` is 0 until the first event. A row stays as long as the log: it is never deleted.
    """

    organization_id = models.CharField(max_length=255, primary_key=True)
    sequence = models.BigIntegerField()
    hash = models.CharField(max_length=64)
    key_id = models.CharField(max_length=16, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["organization_id"]

    def __str__(self) -> str:
        return f"{self.organization_id} ends at {self.sequence}"


class EventBase(_Facts):
    """One event of an organization's log. ``actor`` caused it: who resolves a change need not be who requested it.

    An event that belongs to no change has no ``change_id``, and says in ``about`` what it is about.
    """

    pk = models.CompositePrimaryKey("organization_id", "sequence")
    sequence = models.BigIntegerField()
    v = models.PositiveSmallIntegerField()  # the version of the record's format: chain.records
    change_id = models.UUIDField(null=True, db_index=True)
    about = models.JSONField(null=True)
    event = models.CharField(max_length=32, choices=EventKind.choices)
    at = models.DateTimeField()
    evidence = models.JSONField(null=True)
    key_id = models.CharField(max_length=16)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)
    signature = models.CharField(max_length=88)

    class Meta:
        abstract = True
        ordering: ClassVar[list[str]] = ["organization_id", "sequence"]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.sequence} {self.event} {self.change_id or ''}"


class Event(EventBase):
    """An event in the table that it was appended to. The newest event is always here."""


class ArchivedEvent(EventBase):
    """An event that was moved to the archive, unchanged. On PostgreSQL each ``run`` is a partition of its own."""

    run = models.BigIntegerField()


class Archive(models.Model):
    """The record of an archived part of a log: its bounds, who archived it, and the export that was written.

    ``run`` numbers the archive runs: one run archives a part of each log. ``hash`` is that of the last event, ``tree``
    the log's tree up to it, ``changes_digest`` that of the changes that end in the part, ``file_sha256`` that of the
    export. ``signature`` is Ed25519 over the RFC 8785 canonical JSON of the other fields, so that what follows an
    external part, and the changes that it made, can still be verified against it.
    """

    pk = models.CompositePrimaryKey("organization_id", "last_sequence")
    organization_id = models.CharField(max_length=255)
    last_sequence = models.BigIntegerField()
    first_sequence = models.BigIntegerField()
    run = models.BigIntegerField()
    hash = models.CharField(max_length=64)
    tree = models.TextField()
    changes_digest = models.CharField(max_length=64)
    file = models.TextField()
    file_sha256 = models.CharField(max_length=64)
    by = models.TextField()
    at = models.DateTimeField()
    key_id = models.CharField(max_length=16)
    signature = models.CharField(max_length=88)

    class Meta:
        ordering: ClassVar[list[str]] = ["organization_id", "last_sequence"]

    def __str__(self) -> str:
        return f"archive of {self.organization_id} {self.first_sequence} to {self.last_sequence}"


class Change(_Facts):
    """An operation and its outcome: the projection of its events."""

    change_id = models.UUIDField(primary_key=True)
    requested_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    last_sequence = models.BigIntegerField()
    retry_after: float | None = None  # seconds that the directory asked to wait; not stored
    is_elsewhere = False  # whether its events are in an external archive (event_storage.marked); not stored

    class Meta:
        ordering: ClassVar[list[str]] = ["-requested_at", "-last_sequence"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["organization_id", "subject_id", "code"],
                condition=models.Q(outcome__in=["pending", "unknown"]),
                name="one_open_change_an_account",
            ),
            models.UniqueConstraint(fields=["organization_id", "last_sequence"], name="one_change_an_event"),
        ]
        # SQLite takes the last one of equals: "changes_by_time" has to follow those that begin with the same columns.
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["organization_id", "outcome"], name="changes_by_outcome"),
            models.Index(
                fields=["organization_id", "subject_id", "code", "-requested_at", "-last_sequence"],
                condition=models.Q(outcome="applied"),
                name="changes_last_applied",
            ),
            models.Index(
                fields=["organization_id", "subject_id", "-requested_at", "-last_sequence"], name="changes_by_person"
            ),
            models.Index(fields=["organization_id", "-requested_at", "-last_sequence"], name="changes_by_time"),
            models.Index(fields=["organization_id", "code", "-requested_at", "-last_sequence"], name="changes_by_code"),
            models.Index(
                fields=["organization_id", "actor_subject", "-requested_at", "-last_sequence"], name="changes_by_actor"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.change_id} {self.action} {self.outcome}"

    @property
    def is_open(self) -> bool:
        """Return whether the change has no final outcome yet."""
        return self.outcome in OPEN_OUTCOMES

    @property
    def is_running(self) -> bool:
        """Return whether a process may still be executing the change."""
        return self.outcome == Outcome.PENDING and clock.now() - self.requested_at < resolution_wait()

    @property
    def shown_outcome(self) -> str:
        """Return the outcome to show: ``unknown`` for a ``pending`` change that no process can still be executing."""
        return Outcome.UNKNOWN.value if self.outcome == Outcome.PENDING and not self.is_running else self.outcome


class IndexPosition(models.Model):
    """Up to which event an organization's changes are included in search and counts. See ``change_index``."""

    organization_id = models.CharField(max_length=255, primary_key=True)
    sequence = models.BigIntegerField()

    def __str__(self) -> str:
        return f"index of {self.organization_id} up to {self.sequence}"


class IndexedChange(models.Model):
    """What search and counts include of a change: its folded text, and what it is counted under."""

    change_id = models.UUIDField(unique=True)
    organization_id = models.CharField(max_length=255, db_index=True)
    slot = models.BigIntegerField()
    action = models.CharField(max_length=16)
    code = models.CharField(max_length=255)
    actor = models.BigIntegerField()  # the row of ActorName
    outcome = models.CharField(max_length=16)
    text = models.TextField()

    def __str__(self) -> str:
        return f"index row of {self.change_id}"


class ActorName(models.Model):
    """An admin with the name and address of the time; a new name makes a new row. See ``change_index``."""

    organization_id = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    name = models.TextField()
    email = models.TextField()

    class Meta:
        db_table = "changes_actor"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["organization_id", "subject"], name="changes_actor_by_subject")
        ]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.subject}"


class _Counts(models.Model):
    """Numbers of changes requested in one half hour, by outcome, as ``change_index`` counts them.

    ``slot`` counts half hours from 1970.
    """

    organization_id = models.CharField(max_length=255)
    slot = models.BigIntegerField()
    pending = models.BigIntegerField()
    applied = models.BigIntegerField()
    not_applied = models.BigIntegerField()
    unknown = models.BigIntegerField()

    class Meta:
        abstract = True


class Tally(_Counts):
    """All changes of a half hour."""

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["organization_id", "slot"], name="one_tally_a_slot")
        ]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.slot}"


class Share(_Counts):
    """Changes of a half hour with one action, code or actor: ``value``, for an actor the id of its row."""

    dimension = models.CharField(max_length=16)
    value = models.CharField(max_length=255)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["organization_id", "dimension", "value", "slot"], name="one_share_a_value_and_slot"
            )
        ]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.dimension} {self.value} {self.slot}"


class Checkpoint(models.Model):
    """A signed statement of the first ``size`` events of a log, and when it was delivered.

    ``note`` is the C2SP signed note, with the ``root`` hash of the tree. ``leaves`` are the 32 bytes of each leaf hash
    since the checkpoint before it, and ``tree`` is what is needed to append further ones (``tree.compact_range``).
    """

    pk = models.CompositePrimaryKey("organization_id", "size")
    organization_id = models.CharField(max_length=255)
    size = models.BigIntegerField()
    root = models.CharField(max_length=44)  # base64
    at = models.DateTimeField()
    key_id = models.CharField(max_length=16)
    note = models.TextField()
    tree = models.TextField()
    leaves = models.BinaryField()
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["organization_id", "size"]

    def __str__(self) -> str:
        return f"checkpoint of {self.organization_id} at {self.size}"


class Verification(models.Model):
    """A verification run over an organization's log: who started it, how far it is, and its result.

    No trigger protects this table.

    ``since`` is the sequence that an earlier run had reached; 0 if this run began at the first event. ``tree`` is the
    log's tree up to ``sequence``. ``notes`` are what a reader has to know besides, such as acknowledged breaks.
    """

    class State(models.TextChoices):
        """The state of a run."""

        RUNNING = "running", "running"
        VERIFIED = "verified", "verified"
        BROKEN = "broken", "broken"

    by_issuer = models.CharField(max_length=255, blank=True)
    by_subject = models.CharField(max_length=255, blank=True)
    by_name = models.TextField()
    organization_id = models.CharField(max_length=255)
    started_at = models.DateTimeField()
    at = models.DateTimeField()
    state = models.CharField(max_length=16, choices=State.choices)
    since = models.BigIntegerField()
    sequence = models.BigIntegerField()
    hash = models.CharField(max_length=64)
    tree = models.TextField(blank=True)
    notes = models.JSONField(default=list, blank=True)
    end = models.BigIntegerField()
    broken_at = models.BigIntegerField(null=True)
    what = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.state} to {self.sequence}"


def resolution_wait() -> datetime.timedelta:
    """Return how long an operation may take: one timeout for its call, one for the read that may follow."""
    return datetime.timedelta(seconds=2 * settings.DIRECTORY_TIMEOUT)


FACTS: tuple[str, ...] = tuple(field.name for field in _Facts._meta.local_fields)
"""The names of the columns that events and changes share."""


def facts_of(row: "EventBase | Change") -> dict[str, Any]:
    """Return the shared columns of a row."""
    return {name: getattr(row, name) for name in FACTS}
