"""Sign-ins that are under way: each has a record of its own, from the authorization request to its callback.

A record belongs to the browser that started it, which holds a random secret in a cookie. Requests without a cookie
that come at the same time each get one under another name, so none of them overwrites another. Neither signing in,
nor signing out, nor the end of another attempt touches a record.
"""

import datetime
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.conf import settings
from django.dispatch import receiver
from django.http import HttpResponse, HttpResponseRedirect
from django.utils import timezone

from console.request import ConsoleRequest
from console.signin.encryption import decrypt_json, encrypt_json, hash_browser, hash_state
from console.signin.models import SignInAttempt
from console.signin.signals import expired_sessions_cleared

PENDING_SECONDS: Final = 900  # for which a sign-in can be completed
REMEMBERED_SECONDS: Final = 24 * 3600  # for which a tab that comes back too late still leads where it wanted to go
MAX_ATTEMPTS: Final = 100  # of one browser; the oldest ones give way
_COOKIE: Final = f"{settings.COOKIE_PREFIX}console-browser-"
_LONGEST_SECRET: Final = 64  # characters; ours have 43


@dataclass(frozen=True, slots=True)
class Attempt:
    """What the console remembers of a sign-in between the authorization request and its callback.

    Attributes:
        nonce: of the ID token.
        verifier: of PKCE (RFC 7636, section 4.1).
        next: the path to go to afterwards.
        frame: the frame that the session is for, if it is not for this browser (``frames/handover.py``).
        is_stale: whether it was started too long ago to be completed.

    """

    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    next: str
    frame: dict[str, Any] | None
    is_stale: bool = False


@dataclass(frozen=True, slots=True)
class StartedSignIn:
    """A sign-in that was just started: where the browser has to go, and the cookie that it has to keep."""

    url: str
    cookie: str
    secret: str = field(repr=False)

    def redirect(self) -> HttpResponse:
        """Return the redirect to the provider."""
        return self.remember(HttpResponseRedirect(self.url))

    def remember(self, response: HttpResponse) -> HttpResponse:
        """Set the cookie. ``SameSite=Lax``: the callback is a navigation that the provider's site starts."""
        response.set_cookie(
            self.cookie,
            self.secret,
            max_age=REMEMBERED_SECONDS,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
        return response


def store_attempt(request: ConsoleRequest, state: str, attempt: Attempt) -> tuple[str, str]:
    """Store a sign-in under its ``state``. Return name and value of the browser's cookie."""
    known = browser_secrets(request.COOKIES)
    cookie, secret = next(iter(known.items()), (f"{_COOKIE}{secrets.token_hex(4)}", secrets.token_urlsafe(32)))
    browser_hash = hash_browser(secret)
    document = {"nonce": attempt.nonce, "verifier": attempt.verifier, "next": attempt.next, "frame": attempt.frame}
    SignInAttempt.objects.create(
        state_hash=hash_state(state),
        browser_hash=browser_hash,
        secret=encrypt_json(document),
        started_at=timezone.now(),
    )
    _delete_oldest(browser_hash)
    return cookie, secret


def take_attempt(request: ConsoleRequest, state: str) -> Attempt | None:
    """Return this browser's sign-in with this ``state``, once; ``None`` if there is none."""
    browsers = [hash_browser(secret) for secret in browser_secrets(request.COOKIES).values()]
    if not state or not browsers:
        return None
    row = SignInAttempt.objects.filter(state_hash=hash_state(state), browser_hash__in=browsers).first()
    # Deleting the row decides which of several simultaneous callbacks goes on.
    if row is None or not SignInAttempt.objects.filter(pk=row.pk).delete()[0]:
        return None
    try:
        document = decrypt_json(row.secret)
    except ValueError:  # none of the encryption keys fits any more
        return None
    return Attempt(**document, is_stale=row.started_at < _seconds_ago(PENDING_SECONDS))


def browser_secrets(cookies: Mapping[str, str]) -> dict[str, str]:
    """Return the secrets that a browser holds, by the names of their cookies."""
    return {
        name: value
        for name, value in cookies.items()
        if name.startswith(_COOKIE) and 0 < len(value) <= _LONGEST_SECRET and value.isascii()
    }


@receiver(expired_sessions_cleared)
def delete_forgotten(**_: Any) -> None:
    """Delete the records of sign-ins that nobody will come back to."""
    SignInAttempt.objects.filter(started_at__lt=_seconds_ago(REMEMBERED_SECONDS)).delete()


def _delete_oldest(browser_hash: str) -> None:
    of_browser = SignInAttempt.objects.filter(browser_hash=browser_hash).order_by("-started_at", "pk")
    surplus = list(of_browser.values_list("pk", flat=True)[MAX_ATTEMPTS : MAX_ATTEMPTS + 10])
    if surplus:
        SignInAttempt.objects.filter(pk__in=surplus).delete()


def _seconds_ago(seconds: int) -> datetime.datetime:
    return timezone.now() - datetime.timedelta(seconds=seconds)
