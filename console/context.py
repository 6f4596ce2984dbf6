"""What every page of the site shows around its own part."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def console(request: HttpRequest) -> dict[str, Any]:
    """Name of the site, who is signed in, where they are, and until when."""
    actor = getattr(request, "actor", None)
    session = getattr(request, "session", None)
    return {
        "site_name": settings.SITE_NAME,
        "provider_name": settings.OIDC_PROVIDER_NAME,
        "actor": actor,
        "organization": getattr(request, "organization", None),
        "role": getattr(request, "role", None),
        "session_ends_at": session.ends_at if actor and session is not None else None,
    }
