"""Admins and their sessions."""

import uuid
from typing import Any, ClassVar, Self

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.sessions.base_session import AbstractBaseSession, BaseSessionManager
from django.db import models


class UserManager(BaseUserManager["User"]):
    """Users come from the provider alone; there is nothing to create by hand."""


class User(AbstractBaseUser):
    """Somebody who signed in. ``issuer`` and ``subject`` identify them (OpenID Connect Core 1.0, section 2)."""

    password = None  # type: ignore[assignment]  # there are no local passwords
    last_login = None
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
    # From where and with what the person signed in, shown to that person alone.
    ip = models.CharField(max_length=45, blank=True, db_default="")
    agent = models.CharField(max_length=200, blank=True, db_default="")

    objects: ClassVar[BaseSessionManager[Self]] = BaseSessionManager()

    @classmethod
    def get_session_store_class(cls) -> Any:
        """The store that reads and writes these rows."""
        from console.signin.sessions import SessionStore

        return SessionStore


class Handover(models.Model):
    """A finished sign-in that waits, for two minutes at most, for the frame that it is for."""

    challenge = models.CharField(max_length=43, unique=True)  # S256 of the verifier in the frame's session (RFC 7636)
    code_hash = models.CharField(max_length=64)  # SHA-256
    secret = models.TextField()  # MultiFernet: who signed in, and their tokens
    is_proven = models.BooleanField()  # the frame itself opened the window that signed in
    attempts = models.PositiveSmallIntegerField(default=0)  # wrong codes so far
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"until {self.expires_at}"
