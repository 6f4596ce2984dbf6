"""``/embed/check/``: tests what works inside the frame that shows it, and says what the operator has to change.

Opened in a window of its own, it shows which headers the server and the proxies in front of it send.
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

_SESSION_LIKE_COOKIE: Final = f"{settings.COOKIE_PREFIX}console-check"
_UNPARTITIONED_COOKIE: Final = f"{settings.COOKIE_PREFIX}console-check-plain"
_COOKIE_SECONDS: Final = 300


@public
@require_GET
def embed_check_page(request: ConsoleRequest) -> HttpResponse:
    """Show the page, and set two cookies: one like the session's, and one that is not partitioned."""
    response = render(
        request, "embed_check/page.html", {"mode": settings.CONSOLE_EMBED_MODE, "origin": _origin(request)}
    )
    value = secrets.token_hex(8)
    names = [_SESSION_LIKE_COOKIE, *([_UNPARTITIONED_COOKIE] if settings.COOKIES_PARTITIONED else [])]
    for name in names:
        response.set_cookie(
            name,
            value,
            max_age=_COOKIE_SECONDS,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite=settings.SESSION_COOKIE_SAMESITE,
        )
    response.unpartitioned = {_UNPARTITIONED_COOKIE}  # type: ignore[attr-defined]
    return response


@public
@require_GET
def embed_check_cookies(request: ConsoleRequest) -> JsonResponse:
    """``GET /embed/check/seen/``: say which of the two cookies the browser sent back."""
    return JsonResponse(
        {"kept": _SESSION_LIKE_COOKIE in request.COOKIES, "unpartitioned": _UNPARTITIONED_COOKIE in request.COOKIES}
    )


@public
@require_GET
def embed_check_window(request: ConsoleRequest) -> HttpResponse:
    """``GET /embed/check/window/``: the window that the page opens, as sign-in would. It reports to its opener."""
    return allow_opener(render(request, "embed_check/window.html"))


def _origin(request: ConsoleRequest) -> str:
    return f"{request.scheme}://{request.get_host()}"
