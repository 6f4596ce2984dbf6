"""Pieces of background work with their leases, and the workers that reported lately."""

from typing import ClassVar

from django.db import models


class WorkItem(models.Model):
    """A piece of background work: when it is due, and the lease of the worker that does it.

    A worker that takes the lease moves ``due_at`` to ``waiting_since``, so that a request that arrives while the work
    runs sets ``due_at`` again and the work runs once more.
    """

    kind = models.CharField(max_length=50)
    key = models.CharField(max_length=400, blank=True)
    due_at = models.DateTimeField(null=True)
    waiting_since = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    lease_owner = models.CharField(max_length=150, blank=True)
    lease_expires_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "key"], name="tasks_work_item_once")]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="tasks_work_item_due"),
            models.Index(fields=["lease_expires_at"], name="tasks_work_item_lease"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}".strip()


class WorkerProcess(models.Model):
    """A process that does background work, and when it last reported."""

    worker_id = models.CharField(max_length=150, primary_key=True)
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.worker_id
