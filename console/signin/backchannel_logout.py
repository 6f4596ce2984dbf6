"""``POST /signin/backchannel-logout/``: the provider ends sessions (OpenID Connect Back-Channel Logout 1.0)."""

import datetime
import logging
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.dispatch import receiver
from django.http import HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from console.rate_limits import rate_limited
from console.recorded_text import recorded
from console.request import ConsoleRequest
from console.signin.access.gate import public
from console.signin.encryption import hash_provider_session, hash_subject
from console.signin.errors import InvalidIdToken, InvalidLogoutToken, SignInRefused
from console.signin.models import FrameSignIn, Session, UsedLogoutToken
from console.signin.oidc.discovery import fetch_for_stranger, provider_configuration
from console.signin.oidc.logout_token import REMEMBERED_SECONDS, LogoutToken, verify_logout_token
from console.signin.signals import expired_sessions_cleared

logger = logging.getLogger(__name__)


@csrf_exempt  # the provider calls it; the signature of the token takes the place of the form's token
@public
@rate_limited("")
@require_POST
def backchannel_logout(request: ConsoleRequest) -> HttpResponse:
    """End the sessions that the logout token names. The response is that of section 2.8."""
    tokens = request.POST.getlist("logout_token")
    try:
        if len(tokens) != 1:
            raise InvalidLogoutToken
        with fetch_for_stranger():
            logout_token = verify_logout_token(tokens[0], provider_configuration())
        ended = _end_once(logout_token)
    except SignInRefused as refused:
        logger.warning("Back-channel logout refused: %s: %s", refused.code, refused.message)
        # Section 2.8: 400 for an invalid token. If the provider's keys cannot be read, it may try again.
        status = 400 if isinstance(refused, InvalidLogoutToken | InvalidIdToken) else 503
        error = {"error": "temporarily_unavailable" if status == 503 else "invalid_request"}
        return JsonResponse(error, status=status, headers={"Cache-Control": "no-store"})
    logger.info("The provider ended %s sessions.", ended)
    return HttpResponse(headers={"Cache-Control": "no-store"})


def _end_once(logout_token: LogoutToken) -> int:
    """End the sessions unless the token did so before. If that fails, the provider may send it again.

    The database remembers it: while the cache is down, a token that somebody repeats could end newer sessions.
    """
    with transaction.atomic():
        used = {"used_at": timezone.now()}
        _, is_new = UsedLogoutToken.objects.get_or_create(jti_hash=logout_token.jti_hash, defaults=used)
        if not is_new:
            raise InvalidLogoutToken(recorded("logout_token.replayed", "It was received before (jti)."))
        return end_sessions_of(logout_token)


@receiver(expired_sessions_cleared)
def _forget_used_tokens(**_: Any) -> None:
    """Delete what is remembered of tokens that would be refused as too old."""
    oldest = timezone.now() - datetime.timedelta(seconds=REMEMBERED_SECONDS)
    UsedLogoutToken.objects.filter(used_at__lt=oldest).delete()


def end_sessions_of(logout_token: LogoutToken) -> int:
    """End the sessions, and discard the sign-ins that wait for a frame. Return how many sessions ended.

    Their tokens are forgotten and not revoked: the provider waits for this response, and knows itself that they ended.
    """
    sessions = Session.objects.filter(user__issuer=settings.OIDC_ISSUER, ended_at=None)
    waiting = Q()
    if logout_token.subject:
        sessions = sessions.filter(user__subject=logout_token.subject)
        waiting &= Q(subject_hash=hash_subject(logout_token.subject))
    if logout_token.sid:
        provider_session_hash = hash_provider_session(logout_token.sid)
        sessions = sessions.filter(provider_session_hash=provider_session_hash)
        waiting &= Q(provider_session_hash=provider_session_hash)
    FrameSignIn.objects.filter(waiting).delete()
    return sessions.update(ended_at=timezone.now(), secret="", session_data="", token_expires_at=None)
