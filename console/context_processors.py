"""What every page of the site shows around its content."""

from typing import Any

from django.conf import settings
from django.template.backends.utils import csrf_input
from django.utils import timezone
from django.utils.dates import MONTHS_3
from django.utils.formats import get_format
from django.utils.functional import lazy
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from console.appearance import KEYS_COOKIE, THEMES, ZONE_COOKIE
from console.partitioned_cookies import page_cookie_attributes
from console.request import ConsoleRequest
from console.signin.saved_forms import OWNER_FIELD, is_unsent, owner_token


def console(request: ConsoleRequest) -> dict[str, Any]:
    """Return the site's name, who is signed in and until when, their role here, and their language, theme and zone."""
    session = getattr(request, "session", None)
    return {
        "site_name": settings.SITE_NAME,
        "provider_name": settings.OIDC_PROVIDER_NAME,
        "actor": request.actor,
        "csrf_input": _lazy_form_input(request),
        "organization": request.organization,
        "role": request.role,
        "is_admin": request.role == "admin",
        "theme": request.theme,
        "themes": THEMES,
        "language": get_language() or settings.LANGUAGE_CODE,
        "languages": settings.LANGUAGES,
        "datetime_format": get_format("DATETIME_FORMAT"),
        "months": [str(MONTHS_3[number]).title() for number in range(1, 13)],
        "now": timezone.now(),
        "zone": timezone.get_current_timezone_name(),
        "embedders": settings.CONSOLE_EMBED_ORIGINS if settings.CONSOLE_EMBED_MODE != "none" else (),
        "zone_cookie": ZONE_COOKIE,
        "keys_cookie": KEYS_COOKIE,
        "cookie_attributes": page_cookie_attributes(),
        "is_unsent": is_unsent(request),
        "session_ends_at": session.ends_at if request.actor and session is not None else None,
    }


def _form_input(request: ConsoleRequest) -> SafeString:
    """Return the hidden fields of every form that changes something: the CSRF token, and for whom it was drawn."""
    token = csrf_input(request)
    owner = owner_token(request)
    return format_html('{}<input type="hidden" name="{}" value="{}">', token, OWNER_FIELD, owner) if owner else token


_lazy_form_input = lazy(_form_input, SafeString)  # only a page with a form needs the CSRF cookie
