"""Admins, their sessions, sign-ins under way, forms that came too late, and sign-ins that wait for a frame."""

import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models


class UserManager(BaseUserManager["User"]):
    """The manager of users. Users are created by signing in only, so it has no ``create_user``."""


class User(AbstractBaseUser):
    """A person who signed in. ``issuer`` and ``subject`` identify them (OpenID Connect Core 1.0, section 2)."""

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
            models.UniqueConstraint(fields=["issuer", "subject"], name="unique_issuer_and_subject")
        ]

    def __str__(self) -> str:
        return self.name or self.subject

    def get_session_auth_hash(self) -> str:
        """Return a constant: there is no password whose change could end sessions."""
        return ""

    def get_session_auth_fallback_hash(self) -> Any:
        """Return nothing, for the same reason."""
        return iter(())


class Session(models.Model):
    """A browser's session. If a person is signed in, it holds their encrypted tokens in a column of its own.

    Saving the session's data never touches ``secret``, because a token refresh writes it at the same time.
    """

    key_hash = models.CharField(max_length=64, primary_key=True)  # HMAC of the key, which only the cookie has
    session_data = models.TextField(blank=True)  # encrypted
    expire_date = models.DateTimeField(db_index=True)
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE)
    secret = models.TextField(blank=True)  # SessionSecrets: tokens and the claims that rules use, encrypted
    token_expires_at = models.DateTimeField(null=True)
    refresh_owner = models.UUIDField(null=True)  # the request that is refreshing the token
    refresh_until = models.DateTimeField(null=True)  # other requests wait for it until then
    claims_read_at = models.DateTimeField(null=True)  # when the provider was last asked for the claims
    provider_session_hash = models.CharField(max_length=64, blank=True)  # HMAC of sid, for back-channel logout
    signed_in_at = models.DateTimeField(null=True)
    last_seen = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    # The IP address and browser at sign-in, shown to the person on their list of sessions.
    ip = models.CharField(max_length=45, blank=True, db_default="")
    agent = models.CharField(max_length=200, blank=True, db_default="")

    def __str__(self) -> str:
        return f"until {self.expire_date}"


class SignInAttempt(models.Model):
    """A sign-in between the authorization request and its callback (``attempts.py``)."""

    state_hash = models.CharField(max_length=64, primary_key=True)  # HMAC of state
    browser_hash = models.CharField(max_length=64, db_index=True)  # HMAC of the secret in the browser's cookie
    secret = models.TextField()  # nonce, verifier, path and frame, encrypted
    started_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"since {self.started_at}"


class SavedForm(models.Model):
    """A form that was sent after its session had ended (``saved_forms.py``)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner_hash = models.CharField(max_length=64, db_index=True)  # HMAC of the issuer and subject it was drawn for
    path_hash = models.CharField(max_length=64)  # HMAC of the path that it was sent to
    operation_hash = models.CharField(max_length=64)  # HMAC of the operation that it becomes
    secret = models.TextField()  # its fields and the names of its files, encrypted
    saved_at = models.DateTimeField(db_index=True)
    is_shown = models.BooleanField(default=False)  # on a page whose address does not name it

    def __str__(self) -> str:
        return f"of {self.saved_at}"


class UsedLogoutToken(models.Model):
    """A logout token that has ended sessions: it counts once, whether or not the cache works (``logout_token.py``)."""

    jti_hash = models.CharField(max_length=64, primary_key=True)
    used_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"used at {self.used_at}"


class FrameSignIn(models.Model):
    """A completed sign-in that waits, for at most two minutes, for the frame that it was started for."""

    challenge = models.CharField(max_length=43, unique=True)  # S256 of the verifier in the frame's session (RFC 7636)
    code_hash = models.CharField(max_length=64)  # HMAC of the code, which only the window has
    secret = models.TextField()  # the person and their tokens, encrypted
    subject_hash = models.CharField(max_length=64)  # HMACs of sub and sid, for back-channel logout
    provider_session_hash = models.CharField(max_length=64, blank=True)
    is_proven = models.BooleanField()  # the frame itself opened the window in which the person signed in
    attempts = models.PositiveSmallIntegerField(default=0)  # wrong codes so far
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"until {self.expires_at}"
