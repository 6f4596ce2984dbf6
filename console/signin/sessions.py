"""Server-side sessions with an idle and an absolute limit, both decided here and not by the cookie.

OWASP Session Management: idle timeout, absolute timeout, a new key at sign-in.
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

if TYPE_CHECKING:
    from console.signin.models import Session

    BaseSessionStore = DatabaseSessionStore[Session]
else:
    BaseSessionStore = DatabaseSessionStore

logger = logging.getLogger(__name__)

POLL_HEADER = "X-Console-Poll"
"""A request of the page's own, not of the person's: it does not keep the session alive."""


class SessionStore(BaseSessionStore):
    """Django's database sessions over ``console.signin.models.Session``.

    Attributes:
        row: the row of a session that is alive.
        former: issuer and subject of whoever an ended session belonged to.

    """

    cache_key_prefix: ClassVar[str] = "console.session"

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self.row: Session | None = None
        self.former: tuple[str, str] | None = None

    @classmethod
    def get_model_class(cls) -> "type[Session]":
        """The model of its rows."""
        from console.signin.models import Session

        return Session

    @classmethod
    def clear_expired(cls) -> None:
        """What ``clearsessions`` does: expired sessions go, and sign-ins that waited for a frame in vain."""
        from console.signin.frames import handover

        super().clear_expired()
        handover.clear()

    def _validate_session_key(self, key: str) -> bool:
        """As Django makes them: a quoted cookie can smuggle a NUL in, at which PostgreSQL raises."""
        is_valid = super()._validate_session_key(key)  # type: ignore[misc]  # not in django-stubs
        return bool(is_valid) and key.isascii() and key.isalnum()

    def load(self) -> dict[str, Any]:
        """The data of a session that is alive; an empty one otherwise."""
        self.row = None
        row = self.model.objects.select_related("user").filter(session_key=self.session_key).first()
        if row is None or not self._is_alive(row):
            if row is not None and row.user is not None:
                self.former = (row.user.issuer, row.user.subject)
            self._session_key = None
            return {}
        self.row = row
        decoded: dict[str, Any] = self.decode(row.session_data)
        return decoded

    def save(self, must_create: bool = False) -> None:
        """Write the data and nothing else: tokens have columns of their own, and other writers."""
        if self.session_key is None:
            return self.create()
        data = self._get_session(no_load=must_create)  # type: ignore[attr-defined]  # not in django-stubs
        row = self.create_model_instance(data)
        if must_create:
            with transaction.atomic():
                return super().save(must_create=True)
        changed = self.model.objects.filter(session_key=row.session_key, ended_at=None).update(
            session_data=row.session_data
        )
        if not changed:
            raise UpdateError
        return None

    def hold(
        self, user: Any, secret: str, token_expires_at: datetime.datetime | None, *, ip: str = "", agent: str = ""
    ) -> None:
        """Make this the session of ``user``, at ``ip`` with the browser ``agent``: from now on its limits count."""
        now = timezone.now()
        self.model.objects.filter(session_key=self.session_key).update(
            user=user,
            secret=secret,
            token_expires_at=token_expires_at,
            ip=ip,
            agent=agent,
            signed_in_at=now,
            last_seen=now,
            expire_date=now + datetime.timedelta(seconds=settings.SESSION_COOKIE_AGE),
        )

    def end(self) -> None:
        """End it. The row stays without its secret, so that a form sent too late can still find its way back."""
        self.model.objects.filter(session_key=self.session_key).update(
            ended_at=timezone.now(), secret="", session_data="", token_expires_at=None
        )
        if self.row is not None and self.row.user is not None:
            self.former = (self.row.user.issuer, self.row.user.subject)
        self.row = None
        self._session_key = None
        self._session_cache: dict[str, Any] = {}
        self.modified = True

    def touch(self) -> None:
        """Count now as activity; written seldom. Who only reads can do so where nothing can be written."""
        now = timezone.now()
        if self.row and self.row.last_seen and now - self.row.last_seen > _touch_interval():
            try:
                self.model.objects.filter(session_key=self.session_key).update(last_seen=now)
            except Error as error:
                logger.warning("A session's activity was not noted: %s", error)
            else:
                self.row.last_seen = now

    @property
    def ends_at(self) -> datetime.datetime | None:
        """When it ends without further activity; ``None`` where nobody is signed in."""
        if self.row is None or self.row.last_seen is None:
            return None
        ends: datetime.datetime = min(self.row.expire_date, self.row.last_seen + _idle_limit())
        return ends

    def _is_alive(self, row: Any) -> bool:
        now = timezone.now()
        if row.ended_at or row.expire_date <= now:
            return False
        return row.last_seen is None or now - row.last_seen < _idle_limit()


class SessionMiddleware(DjangoSessionMiddleware):
    """Django's, which also notes when the person was last here."""

    def process_request(self, request: HttpRequest) -> None:
        """Attach the session."""
        super().process_request(request)
        if request.COOKIES.get(settings.SESSION_COOKIE_NAME):
            session = cast(SessionStore, request.session)
            session.get("_")  # loads it
            if request.headers.get(POLL_HEADER) is None:
                session.touch()


def _idle_limit() -> datetime.timedelta:
    return datetime.timedelta(minutes=settings.SESSION_IDLE_MINUTES)


def _touch_interval() -> datetime.timedelta:
    return min(datetime.timedelta(minutes=1), _idle_limit() / 20)
