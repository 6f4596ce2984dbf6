"""Admins and their sessions."""

import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.sessions.base_session import AbstractBaseSession, BaseSessionManager
from django.db import models


class UserManager(BaseUserManager["User"]):
    """Users come from the provider alone; there is nothing to create by hand."""


class User(AbstractBaseUser):
    """Somebody who signed in. ``issuer`` and ``subject`` identify them (OpenID Connect Core 1.0, section 2)."""

    password = None  # type: ignore[assignment]  # there are no local passwords
    last_login = None  # type: ignore[assignment]
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    name = models.TextField(blank=True)
    email = models.TextField(blank=True)
    is_active = True

    USERNAME_FIELD = "id"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="one_user_a_subject")
        ]

    def __str__(self) -> str:
        return self.name or self.subject

    def get_session_auth_hash(self) -> str:
        """There is no password whose change could end sessions."""
        return ""

    def get_session_auth_fallback_hash(self) -> Any:
        """As above."""
        return iter(())


class Session(AbstractBaseSession):
    """A browser's session. Signed in, it holds the tokens, encrypted; saving its data never touches them."""

    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE)
    secret = models.TextField(blank=True)  # MultiFernet: tokens and the claims that the rules look at
    token_expires_at = models.DateTimeField(null=True)
    refresh_owner = models.UUIDField(null=True)  # who is refreshing the token
    refresh_until = models.DateTimeField(null=True)  # and until when others wait for it
    signed_in_at = models.DateTimeField(null=True)
    last_seen = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects = BaseSessionManager()  # type: ignore[assignment]

    @classmethod
    def get_session_store_class(cls) -> Any:
        """The store that reads and writes these rows."""
        from console.signin.sessions import SessionStore

        return SessionStore
