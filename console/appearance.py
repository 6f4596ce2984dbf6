"""How the pages look to one browser: language, theme, time zone.

All three are choices without a secret, kept in cookies of their own, so that they hold before anybody has signed in.
"""

import zoneinfo
from collections.abc import Callable
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from console.request import ConsoleRequest
from console.signin.access.gate import public
from console.signin.return_to import safe_path

THEMES: Final = (("", gettext_lazy("as the system")), ("light", gettext_lazy("light")), ("dark", gettext_lazy("dark")))
THEME_COOKIE: Final = f"{settings.COOKIE_PREFIX}console-theme"
ZONE_COOKIE: Final = f"{settings.COOKIE_PREFIX}console-zone"  # the page's script writes it
_YEAR: Final = 365 * 24 * 3600  # seconds


class AppearanceMiddleware:
    """Sets ``request.theme`` and the time zone in which times are shown; what is no choice counts for nothing."""

    def __init__(self, get_response: Callable[[ConsoleRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: ConsoleRequest) -> HttpResponseBase:
        theme = request.COOKIES.get(THEME_COOKIE, "")
        request.theme = theme if theme in dict(THEMES) else ""
        zone = zone_named(unquote(request.COOKIES.get(ZONE_COOKIE, "")))
        with timezone.override(zone):
            response = self.get_response(request)
        patch_vary_headers(response, ["Cookie"])  # of which the language is one; Django names Accept-Language alone
        return response


@lru_cache(maxsize=1024)
def zone_named(name: str) -> zoneinfo.ZoneInfo:
    """The time zone of this IANA name; UTC where there is none."""
    try:
        return zoneinfo.ZoneInfo(name) if 0 < len(name) < 64 else zoneinfo.ZoneInfo("UTC")
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return zoneinfo.ZoneInfo("UTC")


@public
@require_POST
def appearance(request: ConsoleRequest) -> HttpResponse:
    """``POST /appearance/``: choose ``language`` and ``theme``, and go back to ``next``."""
    response = HttpResponseRedirect(safe_path(request.POST.get("next")), status=303)
    language, theme = request.POST.get("language", ""), request.POST.get("theme", "")
    if language in dict(settings.LANGUAGES):
        _keep(response, settings.LANGUAGE_COOKIE_NAME, language)
    if theme in dict(THEMES):
        _keep(response, THEME_COOKIE, theme)
    return response


def _keep(response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(
        name,
        value,
        max_age=_YEAR,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite=settings.SESSION_COOKIE_SAMESITE,
    )
