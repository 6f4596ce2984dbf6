"""The tables of a person's preferences."""

from typing import ClassVar

from django.db import models


class _Owned(models.Model):
    """Something of one person of a provider, about one list. ``page`` is the name of the list's address."""

    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    page = models.CharField(max_length=32)

    class Meta:
        abstract = True


class ListPreference(_Owned):
    """Which columns and which page size a person prefers for a list, in every organization."""

    columns = models.JSONField(default=list)
    per_page = models.PositiveSmallIntegerField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["issuer", "subject", "page"], name="one_preference_per_person_and_page")
        ]

    def __str__(self) -> str:
        return f"preference of {self.subject} for {self.page}"


class OpenedOrganization(models.Model):
    """An organization that a person opened, and when they last came to it from another one."""

    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    organization_id = models.CharField(max_length=255)
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar[list[str]] = ["-at", "-pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["issuer", "subject", "organization_id"], name="opened_once_per_person")
        ]

    def __str__(self) -> str:
        return f"{self.organization_id} by {self.subject}"


class SavedView(_Owned):
    """The query of a list under a name that a person gave it."""

    organization_id = models.CharField(max_length=255)
    name = models.CharField(max_length=80)
    query = models.CharField(max_length=2000)

    class Meta:
        ordering: ClassVar[list[str]] = ["name", "pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["issuer", "subject", "organization_id", "page", "name"], name="one_view_per_name"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.subject}"
