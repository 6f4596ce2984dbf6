"""Embedding: which origins may frame the console, and the cookies, policy and headers that this needs.

There are three modes. ``none``: nobody may frame it. ``same-site``: origins of the console's own site (the same
registrable domain) may; browsers send ``SameSite=Lax`` cookies into such a frame. ``cross-site``: any listed origin
may; this needs cookies with ``SameSite=None; Secure; Partitioned``, of which browsers keep a set for each framing site.
``console/docs/embedding.md`` is for operators and for authors of portals.

``console.settings`` calls these functions while it loads, so they get all values as arguments.
"""

import re
from collections.abc import Iterable
from typing import Any, Final, Literal

from csp.constants import NONCE, NONE, SELF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse

from console.addresses import is_loopback
from console.request import ConsoleRequest

Mode = Literal["none", "same-site", "cross-site"]

# RFC 6454, section 6.2, with the wildcard label that CSP allows. It matches no character that could end a directive.
_ORIGIN: Final = re.compile(r"https?://(\*\.)?([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?")

# Browser features that no page needs, so that an injected script does not get them either.
_DISABLED_FEATURES: Final = (
    "accelerometer",
    "autoplay",
    "browsing-topics",
    "camera",
    "display-capture",
    "encrypted-media",
    "fullscreen",
    "geolocation",
    "gyroscope",
    "hid",
    "idle-detection",
    "local-fonts",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "picture-in-picture",
    "publickey-credentials-get",
    "screen-wake-lock",
    "serial",
    "usb",
    "xr-spatial-tracking",
)

_RESOURCE_POLICIES: Final = {"none": "same-origin", "same-site": "same-site", "cross-site": "cross-origin"}


def content_security_policy(mode: Mode, embedders: Iterable[str]) -> dict[str, Any]:
    """Return django-csp's setting ``CONTENT_SECURITY_POLICY``.

    Args:
        mode: one of the three modes above.
        embedders: the origins that may frame the console; ignored in the mode ``none``.

    Raises:
        ImproperlyConfigured: an embedder is not an origin; the policy would be invalid as a whole.

    """
    return {
        "DIRECTIVES": {
            "default-src": [NONE],
            "script-src": [NONCE],  # only scripts of our templates, not other files of this host
            "style-src": [SELF],
            "img-src": [SELF, "data:"],
            "font-src": [SELF],
            "connect-src": [SELF],
            "manifest-src": [SELF],
            "form-action": [SELF],  # console.signin.middleware adds the provider's origins
            "frame-ancestors": _frame_ancestors(mode, list(embedders)),
            "base-uri": [NONE],
            "object-src": [NONE],
            # The one policy is in static/js/core/trusted_types.js: only htmx's answers from this host become HTML.
            "require-trusted-types-for": ["'script'"],
            "trusted-types": ["default"],
        }
    }


def cookie_settings(mode: Mode, *, https: bool) -> dict[str, Any]:
    """Return the settings of all cookies: session, CSRF token and appearance.

    With HTTPS their names have the prefix ``__Host-`` (RFC 6265bis, section 4.1.3.2), so that no other host of the
    domain can set them. ``SameSite=None`` and ``Partitioned`` (CHIPS) require ``Secure``, which browsers also accept
    from loopback addresses without HTTPS.
    """
    cross_site = mode == "cross-site"
    secure = https or cross_site
    same_site = "None" if cross_site else "Lax"
    prefix = "__Host-" if https else ""
    cookies: dict[str, Any] = {
        "COOKIE_PREFIX": prefix,
        "COOKIES_PARTITIONED": cross_site,
        "LANGUAGE_COOKIE_NAME": f"{prefix}console-language",
    }
    for kind in ("SESSION", "CSRF"):
        cookies[f"{kind}_COOKIE_NAME"] = f"{prefix}console-{kind.lower()}"
        cookies[f"{kind}_COOKIE_SECURE"] = secure
        cookies[f"{kind}_COOKIE_HTTPONLY"] = True
        cookies[f"{kind}_COOKIE_SAMESITE"] = same_site
        cookies[f"{kind}_COOKIE_PATH"] = "/"
        cookies[f"{kind}_COOKIE_DOMAIN"] = None
    return cookies


def security_headers(mode: Mode) -> dict[str, str]:
    """Return the headers that Django and django-csp do not send, and theirs for responses that bypass them."""
    headers = {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": _RESOURCE_POLICIES[mode],
        "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _DISABLED_FEATURES),
    }
    if mode == "none":
        headers["X-Frame-Options"] = "DENY"  # this header cannot list origins
    return headers


def is_framed(request: ConsoleRequest) -> bool:
    """Return whether the browser loads the page into a frame (Fetch Metadata), if embedding is enabled at all."""
    return settings.CONSOLE_EMBED_MODE != "none" and request.headers.get("Sec-Fetch-Dest") in ("iframe", "frame")


def allow_opener(response: HttpResponse) -> HttpResponse:
    """Let a window and the frame that opened it message each other. Only for pages without personal data."""
    response.headers["Cross-Origin-Opener-Policy"] = "unsafe-none"
    return response


def served_over_https(allowed_hosts: Iterable[str], debug: bool) -> bool:
    """Return whether browsers use HTTPS: always, except in ``DEBUG`` or if all hosts are loopback addresses."""
    return not debug and not all(is_loopback(host) for host in allowed_hosts)


def _frame_ancestors(mode: Mode, embedders: list[str]) -> list[str]:
    for origin in embedders:
        if not _ORIGIN.fullmatch(origin):
            raise ImproperlyConfigured(
                f"CONSOLE_EMBED_ORIGINS: {origin!r} is not an origin. Use only scheme, host and port, "
                "for example: CONSOLE_EMBED_ORIGINS=https://portal.example.org,https://intranet.example.org:8443"
            )
    return [NONE] if mode == "none" else [SELF, *embedders]
