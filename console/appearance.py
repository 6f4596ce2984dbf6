"""Language, theme, time zone and keyboard of a browser.

All of them are stored in their own cookies, so that they apply before anybody has signed in. None of them is secret.
"""

import zoneinfo
from collections.abc import Callable
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from django import forms
from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from console.forms import StrictForm, TextField
from console.request import ConsoleRequest
from console.signin.access.gate import public
from console.signin.return_to import safe_path

THEMES: Final = (("", gettext_lazy("as the system")), ("light", gettext_lazy("light")), ("dark", gettext_lazy("dark")))
THEME_COOKIE: Final = f"{settings.COOKIE_PREFIX}console-theme"
ZONE_COOKIE: Final = f"{settings.COOKIE_PREFIX}console-zone"  # set by the pages' script
KEYS_COOKIE: Final = f"{settings.COOKIE_PREFIX}console-keys"  # likewise, and only they read it: single keys on or off
_YEAR: Final = 365 * 24 * 3600  # seconds


class AppearanceMiddleware:
    """Sets ``request.theme`` and the time zone in which times are shown. Invalid values are ignored."""

    def __init__(self, get_response: Callable[[ConsoleRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: ConsoleRequest) -> HttpResponseBase:
        theme = request.COOKIES.get(THEME_COOKIE, "")
        request.theme = theme if theme in dict(THEMES) else ""
        zone = find_time_zone(unquote(request.COOKIES.get(ZONE_COOKIE, "")))
        with timezone.override(zone):
            response = self.get_response(request)
        patch_vary_headers(response, ["Cookie"])  # the language is in one; Django only names Accept-Language
        return response


@lru_cache(maxsize=1024)
def find_time_zone(name: str) -> zoneinfo.ZoneInfo:
    """Return the time zone of an IANA name; UTC if there is no such zone."""
    try:
        return zoneinfo.ZoneInfo(name) if 0 < len(name) < 64 else zoneinfo.ZoneInfo("UTC")
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return zoneinfo.ZoneInfo("UTC")


class AppearanceForm(StrictForm):
    """The language and theme in the footer of every page; ``next`` is the page that the form is on."""

    language = forms.ChoiceField(required=False, choices=settings.LANGUAGES)
    theme = forms.ChoiceField(required=False, choices=THEMES)
    next = TextField(required=False)


@public
@require_POST
def set_appearance(request: ConsoleRequest) -> HttpResponse:
    """``POST /appearance/``: store ``language`` and ``theme``, and redirect to ``next``. Invalid values are ignored."""
    form = AppearanceForm(request.POST)
    form.is_valid()
    chosen = form.cleaned_data
    response = HttpResponseRedirect(safe_path(chosen.get("next")), status=303)
    if chosen.get("language"):
        _set_cookie(response, settings.LANGUAGE_COOKIE_NAME, chosen["language"])
    if "theme" in chosen:
        _set_cookie(response, THEME_COOKIE, chosen["theme"])
    return response


def _set_cookie(response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(
        name,
        value,
        max_age=_YEAR,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite=settings.SESSION_COOKIE_SAMESITE,
    )
