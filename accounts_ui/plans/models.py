"""A plan and its rows. What was sent and what came of it stands in the change log, under a row's operation id."""

import uuid
from typing import ClassVar

from django.db import models

from console import clock
from console.recorded_text_field import RecordedTextField


class State(models.TextChoices):
    """How far a plan is."""

    DRAFT = "draft", "draft"
    RUNNING = "running", "running"
    PAUSED = "paused", "paused"
    STOPPED = "stopped", "stopped"
    DONE = "done", "done"


class CheckResult(models.TextChoices):
    """What the plan says of a row. Only ``WILL`` is ever sent. ``RETRIED``: another row is the next attempt at it."""

    WILL = "will", "will"
    ALREADY = "already", "already"
    UNKNOWN_PERSON = "unknown_person", "unknown person"
    UNKNOWN_TYPE = "unknown_type", "unknown type"
    NOT_ALLOWED = "not_allowed", "not allowed"
    DUPLICATE = "duplicate", "duplicate"
    UNREADABLE = "unreadable", "unreadable"
    RETRIED = "retried", "retried"


class Result(models.TextChoices):
    """What came of a row. ``FAILED``: nothing was recorded and nothing was sent.

    ``SPARED``: not applied, for a reason that is not the row's own (the directory could not be reached, asked for a
    pause, did not accept the sign-in): it can be tried again.
    """

    WAITING = "", "waiting"
    APPLIED = "applied", "applied"
    NOT_APPLIED = "not_applied", "not applied"
    SPARED = "spared", "not applied, can be tried again"
    UNKNOWN = "unknown", "unknown"
    FAILED = "failed", "failed"


class Plan(models.Model):
    """One list of operations. ``lease_until``: until when a request that runs a chunk keeps others out."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    organization_id = models.CharField(max_length=255, db_index=True)
    owner_issuer = models.CharField(max_length=255)
    owner_subject = models.CharField(max_length=255)
    owner_name = models.TextField(blank=True)
    action = models.CharField(max_length=16)
    message = models.TextField(blank=True)
    note_parts = models.JSONField(default=list, blank=True)
    note = RecordedTextField(blank=True, parts="note_parts")
    state = models.CharField(max_length=16, choices=State.choices, default=State.DRAFT)
    because_parts = models.JSONField(default=list, blank=True)
    because = RecordedTextField(blank=True, parts="because_parts")
    created_at = models.DateTimeField(default=clock.now, db_index=True)
    lease_owner = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"plan {self.id} {self.state}"


class PlanRow(models.Model):
    """One line. ``operation_id`` is fixed when planned: however often it is run, it is sent once."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="rows")
    line = models.PositiveIntegerField()
    subject_id = models.TextField(blank=True)
    subject_name = models.TextField(blank=True)
    code = models.TextField(blank=True)
    wanted = models.TextField(blank=True)
    expected = models.TextField(blank=True)
    verdict = models.CharField(max_length=16, choices=CheckResult.choices)
    detail_parts = models.JSONField(default=list, blank=True)
    detail = RecordedTextField(blank=True, parts="detail_parts")
    operation_id = models.UUIDField(unique=True, default=uuid.uuid4)
    result = models.CharField(max_length=16, choices=Result.choices, blank=True)
    result_detail_parts = models.JSONField(default=list, blank=True)
    result_detail = RecordedTextField(blank=True, parts="result_detail_parts")

    class Meta:
        ordering: ClassVar[list[str]] = ["line", "id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["plan", "verdict", "result", "line"], name="plans_by_verdict"),
        ]

    def __str__(self) -> str:
        return f"line {self.line} {self.verdict} {self.result}"
