"""The tables: small, and a person's own."""

from typing import ClassVar

from django.db import models


class _Owned(models.Model):
    """Whose it is: a person of a provider. ``page`` is the name of a list's address."""

    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    page = models.CharField(max_length=32)

    class Meta:
        abstract = True


class Look(_Owned):
    """How a person likes a list, in whichever organization."""

    columns = models.JSONField(default=list)
    per_page = models.PositiveSmallIntegerField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["issuer", "subject", "page"], name="one_look_a_person_and_page")
        ]

    def __str__(self) -> str:
        return f"{self.page} as {self.subject} likes it"


class Opened(models.Model):
    """That a person opened an organization, and when they last came to it from another one."""

    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    organization_id = models.CharField(max_length=255)
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar[list[str]] = ["-at", "-pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["issuer", "subject", "organization_id"], name="opened_once_a_person")
        ]

    def __str__(self) -> str:
        return f"{self.organization_id} by {self.subject}"


class SavedView(_Owned):
    """An address of a list that a person has given a name."""

    organization_id = models.CharField(max_length=255)
    name = models.CharField(max_length=80)
    query = models.CharField(max_length=2000)

    class Meta:
        ordering: ClassVar[list[str]] = ["name", "pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["issuer", "subject", "organization_id", "page", "name"], name="one_view_a_name"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.subject}"
