"""A plan and its rows. What was sent, and its outcome, stand in the change log under the operation id of a row."""

import uuid
from typing import ClassVar

from django.db import models

from console import clock
from console.recorded_text_field import RecordedTextField


class PlanState(models.TextChoices):
    """How far a plan is."""

    DRAFT = "draft", "draft"
    RUNNING = "running", "running"
    PAUSED = "paused", "paused"
    STOPPED = "stopped", "stopped"
    DONE = "done", "done"


class CheckResult(models.TextChoices):
    """What checking a row has shown. Only ``READY`` rows are sent. ``RETRIED``: another row is the next attempt."""

    READY = "ready", "ready"
    ALREADY = "already", "already"
    UNKNOWN_PERSON = "unknown_person", "unknown person"
    UNKNOWN_TYPE = "unknown_type", "unknown type"
    NOT_ALLOWED = "not_allowed", "not allowed"
    DUPLICATE = "duplicate", "duplicate"
    UNREADABLE = "unreadable", "unreadable"
    RETRIED = "retried", "retried"


class RowResult(models.TextChoices):
    """What became of a row when the plan was applied.

    ``FAILED``: nothing was recorded and nothing was sent. ``RETRYABLE``: not applied, for a cause that is not the row's
    own (the directory could not be reached, limited requests, or did not accept the sign-in).
    """

    WAITING = "", "waiting"
    APPLIED = "applied", "applied"
    NOT_APPLIED = "not_applied", "not applied"
    RETRYABLE = "retryable", "not applied, can be tried again"
    UNKNOWN = "unknown", "unknown"
    FAILED = "failed", "failed"


class Plan(models.Model):
    """One list of operations.

    ``columns``: the headings of the list, each with the field that it was read as (empty: not read). ``lease_until``:
    until when the request that runs a chunk keeps others out.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    organization_id = models.CharField(max_length=255, db_index=True)
    owner_issuer = models.CharField(max_length=255)
    owner_subject = models.CharField(max_length=255)
    owner_name = models.TextField(blank=True)
    action = models.CharField(max_length=16)
    message = models.TextField(blank=True)
    columns = models.JSONField(default=list, blank=True)
    note_parts = models.JSONField(default=list, blank=True)
    note = RecordedTextField(blank=True, parts="note_parts")
    state = models.CharField(max_length=16, choices=PlanState.choices, default=PlanState.DRAFT)
    state_detail_parts = models.JSONField(default=list, blank=True)
    state_detail = RecordedTextField(blank=True, parts="state_detail_parts")
    created_at = models.DateTimeField(default=clock.now, db_index=True)
    lease_owner = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"plan {self.id} {self.state}"


class PlanRow(models.Model):
    """One line.

    ``operation_id`` is fixed when it is planned: however often it is run, it is sent once. ``cells`` are all cells of
    the line as they were written, as JSON: downloads repeat them. ``message`` is a note for this line alone.
    """

    # The index of ``Meta`` begins with the plan, too.
    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="rows", db_index=False)
    line = models.PositiveIntegerField()
    subject_id = models.TextField(blank=True)
    subject_name = models.TextField(blank=True)
    subject_email = models.TextField(default="", blank=True)
    code = models.TextField(blank=True)
    wanted_status = models.TextField(blank=True)
    expected_status = models.TextField(blank=True)
    message = models.TextField(blank=True)
    cells = models.TextField(default="[]")
    check_result = models.CharField(max_length=16, choices=CheckResult.choices)
    detail_parts = models.JSONField(default=list, blank=True)
    detail = RecordedTextField(blank=True, parts="detail_parts")
    operation_id = models.UUIDField(unique=True, default=uuid.uuid4)
    result = models.CharField(max_length=16, choices=RowResult.choices, blank=True)
    result_detail_parts = models.JSONField(default=list, blank=True)
    result_detail = RecordedTextField(blank=True, parts="result_detail_parts")

    class Meta:
        ordering: ClassVar[list[str]] = ["line", "id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["plan", "check_result", "result", "line"], name="plans_by_check_result"),
        ]

    def __str__(self) -> str:
        return f"line {self.line} {self.check_result} {self.result}"
