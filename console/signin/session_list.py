"""A person's own sessions: list the active ones and end them."""

import datetime
import logging
from dataclasses import dataclass

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from console.request import SignedInRequest
from console.signin.models import Session
from console.signin.oidc.client import Revocation
from console.signin.revocation import revoke_session_tokens
from console.signin.session_secrets import decrypt_secrets
from console.signin.user_agent import browser_name

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """A session as its owner sees it. ``name`` identifies it in forms: its key must stay in the cookie."""

    name: str
    device: str
    ip: str
    signed_in_at: datetime.datetime | None
    last_seen: datetime.datetime | None
    is_this: bool


def own_sessions(request: SignedInRequest) -> list[SessionSummary]:
    """Return the person's active sessions: the current one first, then by their last activity."""
    summaries = [
        SessionSummary(
            name=_public_name(row.key_hash),
            device=browser_name(row.agent),
            ip=row.ip,
            signed_in_at=row.signed_in_at,
            last_seen=row.last_seen,
            is_this=row.key_hash == request.session.key_hash,
        )
        for row in _active_sessions(request)
    ]
    return sorted(summaries, key=lambda summary: summary.is_this, reverse=True)


def end_other_sessions(request: SignedInRequest, *, name: str | None = None) -> int:
    """End the person's other sessions and revoke their tokens. Return how many ended.

    Args:
        name: end only the session with this ``SessionSummary.name``.

    """
    rows = [row for row in _active_sessions(request) if row.key_hash != request.session.key_hash]
    if name is not None:
        rows = [row for row in rows if _public_name(row.key_hash) == name]
    sessions = Session.objects.filter(key_hash__in=[row.key_hash for row in rows], ended_at=None)
    ended = sessions.update(ended_at=timezone.now(), secret="", session_data="", token_expires_at=None)
    logger.info("%s ended %s of their other sessions", request.actor.subject, ended)
    _revoke_all(rows)
    return ended


def _revoke_all(rows: list[Session]) -> None:
    for secrets in (decrypt_secrets(row.secret) for row in rows):
        if secrets is None:
            continue
        if revoke_session_tokens(secrets) is Revocation.NO_ANSWER:
            return  # the provider does not answer: do not wait for a timeout for each session


def _active_sessions(request: SignedInRequest) -> QuerySet[Session]:
    now = timezone.now()
    seen_since = now - datetime.timedelta(minutes=settings.SESSION_IDLE_MINUTES)
    actor = request.actor
    sessions = Session.objects.filter(user__issuer=actor.issuer, user__subject=actor.subject, ended_at=None)
    return sessions.filter(expire_date__gt=now, last_seen__gt=seen_since).order_by("-last_seen")


def _public_name(key_hash: str) -> str:
    """Return a name for the session that appears in pages; it is not the primary key of its row."""
    return salted_hmac("console.signin.session_list", key_hash, algorithm="sha256").hexdigest()[:32]
