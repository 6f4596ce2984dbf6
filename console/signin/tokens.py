"""The access token's life: encrypted in the session's row, refreshed in time, by one request at a time."""

import datetime
import json
import logging
import time
import uuid
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from prometheus_client import Counter

from console.recorded_text import recorded
from console.signin.errors import ProviderUnreachable, SignInRefused
from console.signin.models import Session
from console.signin.oidc import client

logger = logging.getLogger(__name__)

MARGIN: Final = datetime.timedelta(seconds=60)
"""A token is refreshed within this time before it ends."""

_POLL: Final = 0.1  # seconds

refreshes = Counter("console_token_refreshes_total", "Access tokens refreshed.", ["result"])
for _result in ("done", "refused", "failed"):
    refreshes.labels(_result)  # begins with 0


class SignInEnded(Exception):
    """The sign-in is over: the person has to sign in again."""


@dataclass(frozen=True, slots=True)
class Secret:
    """What the session keeps encrypted."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    id_token: str = field(repr=False)
    claims: dict[str, Any] = field(repr=False)


def seal(secret: Secret) -> str:
    """Encrypted with the first of ``TOKEN_ENCRYPTION_KEYS``."""
    document = {name: getattr(secret, name) for name in Secret.__slots__}
    return fernet().encrypt(json.dumps(document).encode()).decode()


def unseal(text: str) -> Secret | None:
    """``None`` where none of the keys fits (any more)."""
    try:
        return Secret(**json.loads(fernet().decrypt(text.encode())))
    except (InvalidToken, ValueError, TypeError):
        return None


def revoke(secret: Secret) -> bool:
    """Have the provider forget both tokens. Whether it answered."""
    try:
        config = client.configuration()
    except SignInRefused:
        return False
    refresh = client.revoke(config, secret.refresh_token, "refresh_token")
    return client.revoke(config, secret.access_token, "access_token") and refresh


def expiry(answer: dict[str, Any]) -> datetime.datetime | None:
    """When the token of a token answer ends; ``None`` where it does not say."""
    seconds = answer.get("expires_in")
    if isinstance(seconds, str) and seconds.isascii() and seconds.isdigit() and len(seconds) < 10:
        seconds = int(seconds)
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 <= seconds < 10**9:
        return None
    return timezone.now() + datetime.timedelta(seconds=seconds)


class SessionToken:
    """The token of one session, for whoever calls the directory in its name."""

    def __init__(self, session_key: str) -> None:
        self._key = session_key

    def current(self) -> str:
        """The access token, good for a minute or more where the provider allows it.

        Raises:
            SignInEnded: there is none any more.
            ProviderUnreachable: it has ended, and the provider does not answer.

        """
        row, secret = self._read()
        ends = row.token_expires_at
        if ends is None or ends - timezone.now() > MARGIN:
            return secret.access_token
        try:
            return self._refresh(row, secret)
        except ProviderUnreachable:
            if ends > timezone.now():
                return secret.access_token  # it still works for a moment
            raise

    def renewed(self, rejected: str) -> str:
        """A newer token than ``rejected``, which the directory did not take. Raises as ``current``."""
        row, secret = self._read()
        if secret.access_token != rejected:
            return secret.access_token
        return self._refresh(row, secret)

    def _read(self) -> tuple[Session, Secret]:
        row = Session.objects.filter(session_key=self._key, ended_at=None).first()
        secret = unseal(row.secret) if row else None
        if row is None or secret is None:
            raise SignInEnded
        return row, secret

    def _refresh(self, row: Session, secret: Secret) -> str:
        """Refresh, or wait for the request that is at it already."""
        if not secret.refresh_token:
            if row.token_expires_at and row.token_expires_at > timezone.now():
                return secret.access_token
            self._end("there is no refresh token")
        lease = datetime.timedelta(seconds=settings.OIDC_TIMEOUT + 5)
        give_up = time.monotonic() + 2 * lease.total_seconds()
        while time.monotonic() < give_up:
            owner = uuid.uuid4()
            now = timezone.now()
            free = Q(refresh_until=None) | Q(refresh_until__lt=now)
            mine = Session.objects.filter(free, session_key=self._key, secret=row.secret, ended_at=None)
            if mine.update(refresh_owner=owner, refresh_until=now + lease):
                return self._refresh_as(owner, secret)
            time.sleep(_POLL)
            later, held = self._read()
            if later.secret != row.secret:
                return held.access_token
        raise ProviderUnreachable(recorded("The access token could not be refreshed in time."))

    def _refresh_as(self, owner: uuid.UUID, secret: Secret) -> str:
        form = {"grant_type": "refresh_token", "refresh_token": secret.refresh_token}
        try:
            answer = client.token_request(client.configuration(), form)
        except client.TokenRefused as refused:
            refreshes.labels("refused").inc()
            self._end(f"the provider refused to refresh the token ({refused.error})")
        except SignInRefused as error:
            refreshes.labels("failed").inc()
            self._store(owner)
            raise ProviderUnreachable(recorded("The access token could not be refreshed.")) from error
        refreshes.labels("done").inc()
        rotated = answer.get("refresh_token")
        renewed = Secret(
            answer["access_token"],
            rotated if isinstance(rotated, str) and rotated else secret.refresh_token,
            secret.id_token,
            secret.claims,
        )
        self._store(owner, secret=seal(renewed), token_expires_at=expiry(answer))
        return renewed.access_token

    def _store(self, owner: uuid.UUID, **columns: Any) -> None:
        # Even where the lease ran out meanwhile: the newest refresh token is the only one that still works.
        mine = Session.objects.filter(session_key=self._key, ended_at=None, refresh_owner=owner)
        mine.update(refresh_owner=None, refresh_until=None, **columns)

    def _end(self, why: str) -> NoReturn:
        logger.info("A session ended: %s", why)
        Session.objects.filter(session_key=self._key).update(ended_at=timezone.now(), secret="", session_data="")
        raise SignInEnded


def fernet() -> MultiFernet:
    """Encrypts with the first of ``TOKEN_ENCRYPTION_KEYS``; decrypts what any of them did."""
    return MultiFernet([Fernet(key) for key in settings.TOKEN_ENCRYPTION_KEYS])
