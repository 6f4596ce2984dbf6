"""``/sessions/``: where the person is signed in, with a button to end each other session, or all of them."""

import datetime
import logging
from dataclasses import dataclass

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.crypto import salted_hmac
from django.views.decorators.http import require_http_methods

from console.request import SignedInRequest
from console.signin import user_agent
from console.signin.access.gate import signed_in
from console.signin.models import Session
from console.signin.tokens import revoke, unseal

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """A session as its person sees it. ``name`` stands for it in forms: its key is the cookie's secret."""

    name: str
    device: str
    ip: str
    signed_in_at: datetime.datetime | None
    last_seen: datetime.datetime | None
    is_this: bool


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def sessions(request: SignedInRequest) -> HttpResponse:
    """``GET`` lists them; ``POST`` ends the one that ``session`` names, or all others (``others=1``)."""
    if request.method != "POST":
        return _list(request)
    ended = _end(request)
    return HttpResponseRedirect(f"{reverse('sessions')}?ended={ended}", status=303)


def _list(request: SignedInRequest) -> HttpResponse:
    this = request.session.session_key
    places = [
        Place(
            name_of(row.session_key),
            user_agent.name_of(row.agent),
            row.ip,
            row.signed_in_at,
            row.last_seen,
            row.session_key == this,
        )
        for row in _alive(request)
    ]
    told = request.GET.get("ended", "")
    values = {
        "places": sorted(places, key=lambda one: one.is_this, reverse=True),
        "ended": int(told) if told.isascii() and told.isdigit() and len(told) < 5 else None,
    }
    fragment = bool(request.headers.get("HX-Request"))
    response = render(request, "signin/_sessions.html" if fragment else "signin/sessions.html", values)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _end(request: SignedInRequest) -> int:
    """End what the form names, here and, as far as the provider takes part, there. How many ended."""
    others = [row for row in _alive(request) if row.session_key != request.session.session_key]
    if request.POST.get("others") != "1":
        others = [row for row in others if name_of(row.session_key) == request.POST.get("session", "")]
    secrets = [unseal(row.secret) for row in others]
    found = Session.objects.filter(session_key__in=[row.session_key for row in others], ended_at=None)
    ended = found.update(ended_at=timezone.now(), secret="", session_data="", token_expires_at=None)
    logger.info("%s ended %s of their other sessions", request.actor.subject, ended)
    for secret in secrets:
        if secret is not None and not revoke(secret):
            break  # the provider is away: nobody waits for each of them
    return ended


def _alive(request: SignedInRequest) -> QuerySet[Session]:
    now = timezone.now()
    seen_since = now - datetime.timedelta(minutes=settings.SESSION_IDLE_MINUTES)
    actor = request.actor
    mine = Session.objects.filter(user__issuer=actor.issuer, user__subject=actor.subject, ended_at=None)
    return mine.filter(expire_date__gt=now, last_seen__gt=seen_since).order_by("-last_seen")


def name_of(key: str) -> str:
    """A name that tells nothing of the key."""
    return salted_hmac("console.signin.session_views", key, algorithm="sha256").hexdigest()[:32]
