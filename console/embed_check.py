"""``/embed/check/``: what works inside of the frame in which it is opened, and what the operator has to change.

Opened in a window of its own it says what the server and whatever stands in front of it send.
"""

import secrets
from typing import Final

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from console.embedding import allow_opener
from console.request import ConsoleRequest
from console.signin.access.gate import public

_KEPT: Final = f"{settings.COOKIE_PREFIX}console-check"
_UNPARTITIONED: Final = f"{settings.COOKIE_PREFIX}console-check-plain"
_SECONDS: Final = 300


@public
@require_GET
def check(request: ConsoleRequest) -> HttpResponse:
    """The page. It sets two cookies: one like the session's, and one that only unpartitioned jars keep."""
    response = render(
        request, "embed_check/page.html", {"mode": settings.CONSOLE_EMBED_MODE, "origin": _origin(request)}
    )
    value = secrets.token_hex(8)
    for name in (_KEPT, _UNPARTITIONED) if settings.COOKIES_PARTITIONED else (_KEPT,):
        response.set_cookie(
            name,
            value,
            max_age=_SECONDS,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite=settings.SESSION_COOKIE_SAMESITE,
        )
    response.unpartitioned = {_UNPARTITIONED}  # type: ignore[attr-defined]
    return response


@public
@require_GET
def seen(request: ConsoleRequest) -> JsonResponse:
    """``GET /embed/check/seen/``: which of the two came back."""
    return JsonResponse({"kept": _KEPT in request.COOKIES, "unpartitioned": _UNPARTITIONED in request.COOKIES})


@public
@require_GET
def window(request: ConsoleRequest) -> HttpResponse:
    """``GET /embed/check/window/``: the window that the page opens, as sign-in would; it reports to who opened it."""
    return allow_opener(render(request, "embed_check/window.html"))


def _origin(request: ConsoleRequest) -> str:
    return f"{request.scheme}://{request.get_host()}"
