"""What every page of the site shows around its own part."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from console.appearance import THEMES


def console(request: HttpRequest) -> dict[str, Any]:
    """Name of the site, who is signed in, where they are and until when, and how the page looks to them."""
    actor = getattr(request, "actor", None)
    session = getattr(request, "session", None)
    return {
        "site_name": settings.SITE_NAME,
        "provider_name": settings.OIDC_PROVIDER_NAME,
        "actor": actor,
        "organization": getattr(request, "organization", None),
        "role": getattr(request, "role", None),
        "theme": getattr(request, "theme", ""),
        "themes": THEMES,
        "languages": settings.LANGUAGES,
        "zone": timezone.get_current_timezone_name(),
        "cookie_samesite": settings.SESSION_COOKIE_SAMESITE,
        "session_ends_at": session.ends_at if actor and session is not None else None,
    }
