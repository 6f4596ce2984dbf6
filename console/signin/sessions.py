"""Server-side sessions with an idle and an absolute limit, both enforced here and not by the cookie.

See OWASP Session Management: idle timeout, absolute timeout, a new key at sign-in.
"""

import datetime
import logging
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.conf import settings
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.contrib.sessions.middleware import SessionMiddleware as DjangoSessionMiddleware
from django.db import Error, transaction
from django.http import HttpRequest
from django.utils import timezone

from console.signin.encryption import decrypt_json, encrypt_json, hash_session_key
from console.signin.signals import expired_sessions_cleared

if TYPE_CHECKING:
    from console.signin.models import Session

    BaseSessionStore = DatabaseSessionStore[Any]  # the rows are not those of AbstractBaseSession
else:
    BaseSessionStore = DatabaseSessionStore

logger = logging.getLogger(__name__)

POLL_HEADER = "X-Console-Poll"
"""The header of requests that a page sends by itself. They do not keep the session alive."""


class SessionStore(BaseSessionStore):
    """Django's database sessions over ``console.signin.models.Session``.

    The cookie holds the key; the row holds its HMAC, and the data encrypted.

    Attributes:
        row: the row of an active session; ``None`` if there is none.

    """

    cache_key_prefix: ClassVar[str] = "console.session"

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self.row: Session | None = None

    @classmethod
    def get_model_class(cls) -> "type[Session]":
        """Return the model of its rows."""
        from console.signin.models import Session

        return Session

    @classmethod
    def clear_expired(cls) -> None:
        """Delete expired sessions, for ``manage.py clearsessions``."""
        super().clear_expired()
        expired_sessions_cleared.send(cls)

    def _validate_session_key(self, key: str) -> bool:
        """Accept only what Django generates: a quoted cookie can contain a NUL, which PostgreSQL rejects."""
        is_valid = super()._validate_session_key(key)  # type: ignore[misc]  # not in django-stubs
        return bool(is_valid) and key.isascii() and key.isalnum()

    @property
    def key_hash(self) -> str:
        """The primary key of the session's row; empty if it has no key."""
        return hash_session_key(self.session_key) if self.session_key else ""

    def encode(self, session_dict: dict[str, Any]) -> str:
        """Encrypt the data: the verifiers of frames that wait for their sign-in, and messages."""
        return encrypt_json(session_dict)

    def decode(self, session_data: str | bytes) -> dict[str, Any]:
        """Decrypt the data; an empty dictionary if none of the encryption keys fits any more."""
        try:
            decoded: dict[str, Any] = decrypt_json(str(session_data))
        except ValueError:
            return {}
        return decoded

    def exists(self, session_key: str) -> bool:
        """Return whether there is a session with this key."""
        return bool(self.model.objects.filter(key_hash=hash_session_key(session_key)).exists())

    def create_model_instance(self, data: dict[str, Any]) -> "Session":
        """Return a new row for this session."""
        expiry = self.get_expiry_date()
        return self.get_model_class()(key_hash=self.key_hash, session_data=self.encode(data), expire_date=expiry)

    def delete(self, session_key: str | None = None) -> None:
        """Delete the row of this session, or of the one with ``session_key``."""
        key = session_key or self.session_key
        if key is not None:
            self.model.objects.filter(key_hash=hash_session_key(key)).delete()

    def load(self) -> dict[str, Any]:
        """Return the data of an active session; an empty dictionary if it has ended."""
        self.row = None
        row = self.model.objects.select_related("user").filter(key_hash=self.key_hash).first()
        if row is None or not self._is_active(row):
            self._session_key = None
            return {}
        self.row = row
        return self.decode(row.session_data)

    def save(self, must_create: bool = False) -> None:
        """Write the session data only: tokens have their own columns, which other requests write."""
        if self.session_key is None:
            return self.create()
        data = self._get_session(no_load=must_create)  # type: ignore[attr-defined]  # not in django-stubs
        row = self.create_model_instance(data)
        if must_create:
            with transaction.atomic():
                return super().save(must_create=True)
        active = self.model.objects.filter(key_hash=row.key_hash, ended_at=None)
        if not active.update(session_data=row.session_data):
            raise UpdateError
        return None

    def attach_user(
        self,
        user: Any,
        secret: str,
        token_expires_at: datetime.datetime | None,
        *,
        provider_session_hash: str,
        ip: str = "",
        agent: str = "",
    ) -> None:
        """Make this the session of ``user``, who is at ``ip`` with the browser ``agent``. Its limits start now."""
        now = timezone.now()
        self.model.objects.filter(key_hash=self.key_hash).update(
            user=user,
            secret=secret,
            token_expires_at=token_expires_at,
            provider_session_hash=provider_session_hash,
            ip=ip,
            agent=agent,
            claims_read_at=now,
            signed_in_at=now,
            last_seen=now,
            expire_date=now + datetime.timedelta(seconds=settings.SESSION_COOKIE_AGE),
        )

    def end(self) -> None:
        """End the session. Its row stays, without its secret, until ``clearsessions`` deletes it."""
        self.model.objects.filter(key_hash=self.key_hash).update(
            ended_at=timezone.now(), secret="", session_data="", token_expires_at=None
        )
        self.row = None
        self._session_key = None
        self._session_cache: dict[str, Any] = {}
        self.modified = True

    def record_activity(self) -> None:
        """Reset the idle limit. Written at most once a minute; a read-only database does not break the page."""
        now = timezone.now()
        if self.row and self.row.last_seen and now - self.row.last_seen > _activity_interval():
            try:
                self.model.objects.filter(key_hash=self.key_hash).update(last_seen=now)
            except Error as error:
                logger.warning("The activity of a session could not be recorded: %s", error)
            else:
                self.row.last_seen = now

    @property
    def ends_at(self) -> datetime.datetime | None:
        """When the session ends without further activity; ``None`` if nobody is signed in."""
        if self.row is None or self.row.last_seen is None:
            return None
        ends: datetime.datetime = min(self.row.expire_date, self.row.last_seen + _idle_limit())
        return ends

    def _is_active(self, row: Any) -> bool:
        return is_session_active(row)


class SessionMiddleware(DjangoSessionMiddleware):
    """Django's session middleware, which also records the person's activity."""

    def process_request(self, request: HttpRequest) -> None:
        """Attach the session to the request."""
        super().process_request(request)
        if request.COOKIES.get(settings.SESSION_COOKIE_NAME):
            session = cast(SessionStore, request.session)
            session.get("_")  # loads the session: any key will do
            if request.headers.get(POLL_HEADER) is None:
                session.record_activity()


def is_session_active(row: Any) -> bool:
    """Return whether this row of a session has neither ended nor passed one of its limits."""
    now = timezone.now()
    if row.ended_at or row.expire_date <= now:
        return False
    return row.last_seen is None or now - row.last_seen < _idle_limit()


def _idle_limit() -> datetime.timedelta:
    return datetime.timedelta(minutes=settings.SESSION_IDLE_MINUTES)


def _activity_interval() -> datetime.timedelta:
    return min(datetime.timedelta(minutes=1), _idle_limit() / 20)
