"""The access token of a session: stored encrypted, refreshed in time, by one request at a time."""

import datetime
import logging
import time
import uuid
from dataclasses import replace
from typing import Any, Final

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone
from prometheus_client import Counter

from console.recorded_text import recorded
from console.signin.errors import InvalidIdToken, InvalidUserinfo, ProviderUnreachable, SignInEnded, SignInRefused
from console.signin.models import Session
from console.signin.oidc import client
from console.signin.oidc.discovery import ProviderConfiguration, provider_configuration
from console.signin.oidc.id_token import verify_refreshed_id_token
from console.signin.session_secrets import (
    SessionSecrets,
    decrypt_secrets,
    encrypt_secrets,
    is_current,
    with_current_claims,
)

logger = logging.getLogger(__name__)

REFRESH_MARGIN: Final = datetime.timedelta(seconds=60)
"""A token is refreshed when it has less than this time left."""

CLAIMS_INTERVAL: Final = datetime.timedelta(minutes=10)
"""How old the claims of a session in use can be: then they are read again, whatever the tokens' lifetime."""

_CLAIMS_RETRY: Final = datetime.timedelta(minutes=1)  # after the provider did not answer

_LEASED_CALLS: Final = 4
"""Calls to the provider while one request holds the lease: token endpoint, keys at most twice, userinfo."""

_POLL_SECONDS: Final = 0.1  # between two looks at whether another request has refreshed the token

token_refreshes = Counter("console_token_refreshes_total", "Access tokens refreshed.", ["result"])
for _result in ("done", "refused", "failed"):
    token_refreshes.labels(_result)  # so that each series starts at 0


def token_expiry(token_response: dict[str, Any]) -> datetime.datetime | None:
    """Return when the access token expires; ``None`` if the response does not say (RFC 6749, section 5.1)."""
    seconds = token_response.get("expires_in")
    if isinstance(seconds, str) and seconds.isascii() and seconds.isdigit() and len(seconds) < 10:
        seconds = int(seconds)  # some providers send a string
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 <= seconds < 10**9:
        return None
    return timezone.now() + datetime.timedelta(seconds=seconds)


def _unleased(now: datetime.datetime) -> Q:
    """Select sessions whose token nobody is refreshing."""
    return Q(refresh_until=None) | Q(refresh_until__lt=now)


class SessionToken:
    """The access token of one session, for callers of the directory."""

    def __init__(self, key_hash: str) -> None:
        self._key_hash = key_hash
        self._known: tuple[str, Session, SessionSecrets] | None = None  # what was read last; first as it is stored

    @property
    def session_id(self) -> str:
        """The primary key of the session's row, for work that goes on without a request."""
        return self._key_hash

    def current(self) -> str:
        """Return the access token, valid for a minute or more if the provider allows it.

        Raises:
            SignInEnded: there is no token any more.
            ProviderUnreachable: the token has expired, and the provider does not answer.

        """
        row, secrets = self._read()
        expires_at = row.token_expires_at
        if expires_at is None or expires_at - timezone.now() > REFRESH_MARGIN:
            return secrets.access_token
        try:
            return self._refresh(row, secrets)
        except ProviderUnreachable:
            if expires_at > timezone.now():
                return secrets.access_token  # it is still valid for some seconds
            raise

    def renewed(self, rejected: str) -> str:
        """Return a newer token than ``rejected``, which the directory refused. Raises the same as ``current``."""
        row, secrets = self._read()
        if secrets.access_token != rejected:
            return secrets.access_token
        return self._refresh(row, secrets)

    def update_claims(self, row: Session) -> dict[str, Any] | None:
        """Read the claims again from the provider if they are older than ``CLAIMS_INTERVAL``. Return them if so.

        If the provider does not answer, the claims remain, and a request after a minute tries again.

        Raises:
            SignInEnded: the provider refused, so the sign-in is over.

        """
        read_at, now = row.claims_read_at, timezone.now()
        if read_at is None or now - read_at < CLAIMS_INTERVAL:
            return None
        session = Session.objects.filter(key_hash=self._key_hash, ended_at=None)
        try_again_at = now - CLAIMS_INTERVAL + _CLAIMS_RETRY
        # Of simultaneous requests, the one that changes the time reads; the others go on with what is known.
        if not session.filter(claims_read_at=read_at).update(claims_read_at=try_again_at):
            return None
        try:
            self._reread_claims()
        except SignInRefused:
            return None
        return self._read()[1].claims

    def _reread_claims(self) -> None:
        """Read the claims again: by a refresh if the ID token carried one of them, else from userinfo."""
        row, secrets = self._read()
        if secrets.refresh_token and secrets.claims.keys() - set(secrets.from_userinfo):
            self._refresh(row, secrets)
            return
        access_token = self.current()
        row, secrets = self._read()
        try:
            userinfo = self._fetch_userinfo(row, secrets, access_token, provider_configuration())
        except InvalidUserinfo:
            if not secrets.refresh_token:
                self._end(row, "the provider does not describe the person any more")
                return
            self._refresh(row, secrets)  # the access token may have expired; a refresh reads userinfo, too
            return
        updated = with_current_claims(secrets, id_token=None, userinfo=userinfo)
        # Not during a refresh: its new tokens would be lost, because it stores them only beside unchanged ones.
        unleased = self._unchanged(row).filter(_unleased(timezone.now()))
        unleased.update(secret=encrypt_secrets(updated), claims_read_at=timezone.now())

    @staticmethod
    def _fetch_userinfo(
        row: Session, secrets: SessionSecrets, access_token: str, configuration: ProviderConfiguration
    ) -> dict[str, Any] | None:
        """Return the response of the userinfo endpoint; ``None`` if there is none, or if it can be done without.

        A claim that came from userinfo is withdrawn if userinfo does not give it any more, so it is needed then.
        """
        if row.user is None:
            return None
        is_optional = settings.OIDC_USERINFO == "optional" and not secrets.from_userinfo
        return client.fetch_userinfo(configuration, access_token, row.user.subject, is_optional=is_optional)

    def _read(self) -> tuple[Session, SessionSecrets]:
        """Return the session as it is now, read and decrypted again only if it has changed since the last time."""
        if self._known is None or not is_current(self._key_hash, self._known[0]):
            row = Session.objects.select_related("user").filter(key_hash=self._key_hash, ended_at=None).first()
            secrets = decrypt_secrets(row.secret) if row else None
            if row is None or secrets is None:
                raise SignInEnded
            self._known = row.secret, row, secrets
        return self._known[1:]

    def _refresh(self, row: Session, secrets: SessionSecrets) -> str:
        """Refresh the token, or wait for the request that is refreshing it already."""
        if not secrets.refresh_token:
            if row.token_expires_at and row.token_expires_at > timezone.now():
                return secrets.access_token
            self._end(row, "there is no refresh token")
            return self._current_token(row)
        try:
            configuration = provider_configuration()  # before the lease, which covers what comes after
        except SignInRefused as error:
            raise self._failure() from error
        give_up_at = time.monotonic() + 2 * (settings.OIDC_TIMEOUT + 5)
        while time.monotonic() < give_up_at:
            if owner := self._take_lease(row):
                return self._refresh_as(owner, row, secrets, configuration)
            time.sleep(_POLL_SECONDS)
            former, (row, secrets) = secrets, self._read()
            if (secrets.access_token, secrets.refresh_token) != (former.access_token, former.refresh_token):
                return secrets.access_token
        raise ProviderUnreachable(
            recorded("token.not_refreshed_in_time", "The access token could not be refreshed in time.")
        )

    def _take_lease(self, row: Session) -> uuid.UUID | None:
        """Become the one request that may refresh the token. ``None`` if another one holds the lease."""
        owner, now = uuid.uuid4(), timezone.now()
        until = now + datetime.timedelta(seconds=_LEASED_CALLS * settings.OIDC_TIMEOUT + 5)
        taken = self._unchanged(row).filter(_unleased(now)).update(refresh_owner=owner, refresh_until=until)
        return owner if taken else None

    def _refresh_as(
        self, owner: uuid.UUID, row: Session, secrets: SessionSecrets, configuration: ProviderConfiguration
    ) -> str:
        """Refresh the token (OpenID Connect Core 1.0, section 12) and store the new ones."""
        try:
            response, id_token = self._request_refresh(row, secrets, configuration)
        except (client.TokenRequestRefused, InvalidIdToken) as refused:
            token_refreshes.labels("refused").inc()
            reason = refused.text if isinstance(refused, client.TokenRequestRefused) else refused.message
            self._end(row, f"the provider refused to refresh the token ({reason})", owner=owner)
            return self._current_token(row)
        except SignInRefused as error:
            owned = Session.objects.filter(key_hash=self._key_hash, refresh_owner=owner)
            owned.update(refresh_owner=None, refresh_until=None)
            raise self._failure() from error
        token_refreshes.labels("done").inc()
        rotated = response.get("refresh_token")
        renewed = replace(
            secrets,
            access_token=response["access_token"],
            refresh_token=rotated if isinstance(rotated, str) and rotated else secrets.refresh_token,
        )
        # Whoever holds the lease by now: with rotation, only the newest refresh token still works.
        secret = encrypt_secrets(renewed)
        if not self._unchanged(row).update(secret=secret, token_expires_at=token_expiry(response)):
            return self._current_token(row)
        row.secret = secret
        try:
            self._update_claims(row, renewed, configuration, id_token)
        finally:
            Session.objects.filter(key_hash=self._key_hash, refresh_owner=owner).update(
                refresh_owner=None, refresh_until=None
            )
        return renewed.access_token

    def _update_claims(
        self,
        row: Session,
        secrets: SessionSecrets,
        configuration: ProviderConfiguration,
        id_token: dict[str, Any] | None,
    ) -> None:
        """Read the claims again after a refresh, from the new ID token, if there is one, and from userinfo."""
        try:
            userinfo = self._fetch_userinfo(row, secrets, secrets.access_token, configuration)
        except ProviderUnreachable:
            return  # ``claims_read_at`` stays, so that a later request tries again
        except InvalidUserinfo:
            self._end(row, "the provider does not describe the person any more")
            return
        updated = with_current_claims(secrets, id_token=id_token, userinfo=userinfo)
        self._unchanged(row).update(secret=encrypt_secrets(updated), claims_read_at=timezone.now())

    def _request_refresh(
        self, row: Session, secrets: SessionSecrets, configuration: ProviderConfiguration
    ) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """Return the token response, and the claims of the ID token that came with it, if any."""
        form = {"grant_type": "refresh_token", "refresh_token": secrets.refresh_token}
        response = client.request_token(configuration, form)
        id_token = None
        if response.get("id_token") is not None:
            id_token = verify_refreshed_id_token(
                response["id_token"],
                configuration,
                subject=row.user.subject if row.user else "",
                audience=secrets.audience,
                access_token=response["access_token"],
            )
        return response, id_token

    def _current_token(self, former: Session) -> str:
        """Return the token of a session that another request has changed since ``former`` was read."""
        row, secrets = self._read()
        if row.secret == former.secret:  # another request is refreshing it
            raise self._failure()
        return secrets.access_token

    def _unchanged(self, row: Session) -> QuerySet[Session]:
        """Select the session if it still has the tokens of ``row``."""
        return Session.objects.filter(key_hash=self._key_hash, secret=row.secret, ended_at=None)

    def _end(self, row: Session, cause: str, *, owner: uuid.UUID | None = None) -> None:
        """End the session, unless its tokens have changed meanwhile or the lease has another owner.

        Raises:
            SignInEnded: it has ended.

        """
        session = self._unchanged(row)
        if owner is not None:
            session = session.filter(refresh_owner=owner)
        if session.update(ended_at=timezone.now(), secret="", session_data=""):
            logger.info("A session ended: %s", cause)
            raise SignInEnded

    @staticmethod
    def _failure() -> ProviderUnreachable:
        token_refreshes.labels("failed").inc()
        return ProviderUnreachable(recorded("token.not_refreshed", "The access token could not be refreshed."))
