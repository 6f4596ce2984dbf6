"""A row of the list."""

from django.db import models


class Row(models.Model):
    """With the indexes that somebody would make who sorts and filters by these."""

    subject_id = models.CharField(max_length=255, db_index=True)
    name = models.CharField(max_length=255, db_index=True)
    email = models.CharField(max_length=255, db_index=True)
    username = models.CharField(max_length=255, db_index=True)
    code = models.CharField(max_length=255, db_index=True)
    status = models.CharField(max_length=32)
    roles = models.CharField(max_length=255)
    created = models.CharField(max_length=32, db_index=True)

    class Meta:
        indexes = (models.Index(fields=["status", "name"]),)
