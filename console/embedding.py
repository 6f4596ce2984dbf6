"""Who may frame the console, and how its cookies, policy and headers then behave.

Three modes. ``none``: nobody frames it. ``same-site``: origins of the console's own site (same registrable domain) do;
browsers send ``SameSite=Lax`` cookies into such a frame. ``cross-site``: any listed origin does, for which cookies need
``SameSite=None; Secure; Partitioned``: one jar for each site that frames the console, apart from the console's own.
``console/docs/embedding.md`` is for operators and for who writes a portal.

``console.settings`` calls these functions while it loads, so they take what they need as arguments.
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

# RFC 6454 section 6.2, with the wildcard label that CSP allows. Nothing that could end a directive fits in here.
_ORIGIN: Final = re.compile(r"https?://(\*\.)?([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?")

# What a page of the console never needs, so that nothing injected into one gets it either.
_REFUSED_FEATURES: Final = (
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


def content_security_policy(
    mode: Mode, embedders: Iterable[str], *, form_targets: Iterable[str] = ()
) -> dict[str, Any]:
    """The policy, as django-csp's ``CONTENT_SECURITY_POLICY`` setting wants it.

    Args:
        mode: one of the three modes above.
        embedders: the origins that may frame the console; they count in the two embedding modes only.
        form_targets: origins that a submitted form may be redirected to. Chromium holds ``form-action`` against
            every redirect that follows a submission, so signing out needs the provider's origin here.

    Raises:
        ImproperlyConfigured: an embedder is no origin. It stops the start, because it would garble the whole policy.

    """
    return {
        "DIRECTIVES": {
            "default-src": [NONE],
            "script-src": [NONCE],  # what {% script %} writes, and nothing else that this host may serve
            "style-src": [SELF],
            "img-src": [SELF, "data:"],
            "font-src": [SELF],
            "connect-src": [SELF],
            "manifest-src": [SELF],
            "form-action": [SELF, *form_targets],
            "frame-ancestors": _frame_ancestors(mode, list(embedders)),
            "base-uri": [NONE],
            "object-src": [NONE],
            # The one policy is static/js/trusted.js: htmx's answers from here, and no other text, may become HTML.
            "require-trusted-types-for": ["'script'"],
            "trusted-types": ["default"],
        }
    }


def cookie_settings(mode: Mode, *, https: bool) -> dict[str, Any]:
    """The settings for every cookie: the session's, the CSRF token's and those of how the pages look.

    With HTTPS they carry the ``__Host-`` prefix (RFC 6265bis section 4.1.3.2): no neighbouring host can plant them.
    ``SameSite=None`` and ``Partitioned`` (CHIPS) count only with ``Secure``, which browsers take from this machine's
    own addresses without HTTPS, too.
    """
    cross_site = mode == "cross-site"
    secure = https or cross_site
    same_site = "None" if cross_site else "Lax"
    prefix = "__Host-" if https else ""
    found: dict[str, Any] = {
        "COOKIE_PREFIX": prefix,
        "COOKIES_PARTITIONED": cross_site,
        "LANGUAGE_COOKIE_NAME": f"{prefix}console-language",
    }
    for kind in ("SESSION", "CSRF"):
        found[f"{kind}_COOKIE_NAME"] = f"{prefix}console-{kind.lower()}"
        found[f"{kind}_COOKIE_SECURE"] = secure
        found[f"{kind}_COOKIE_HTTPONLY"] = True
        found[f"{kind}_COOKIE_SAMESITE"] = same_site
        found[f"{kind}_COOKIE_PATH"] = "/"
        found[f"{kind}_COOKIE_DOMAIN"] = None
    return found


def frame_headers(mode: Mode) -> dict[str, str]:
    """The headers that neither Django nor django-csp sends for us, and theirs where an answer never came to them."""
    headers = {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": _RESOURCE_POLICIES[mode],
        "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _REFUSED_FEATURES),
    }
    if mode == "none":
        headers["X-Frame-Options"] = "DENY"  # it cannot list origins, so only this mode can say it
    return headers


def is_framed(request: ConsoleRequest) -> bool:
    """Whether a browser asks for a page to show it in a frame (Fetch Metadata), where frames are allowed at all."""
    return settings.CONSOLE_EMBED_MODE != "none" and request.headers.get("Sec-Fetch-Dest") in ("iframe", "frame")


def in_touch(response: HttpResponse) -> HttpResponse:
    """Let a window and the frame that opened it stay in touch. For pages that show nothing of anybody."""
    response.headers["Cross-Origin-Opener-Policy"] = "unsafe-none"
    return response


def served_over_https(allowed_hosts: Iterable[str], debug: bool) -> bool:
    """Whether browsers reach the console over HTTPS: always, but in ``DEBUG`` or where only this machine is named."""
    return not debug and not all(is_loopback(host) for host in allowed_hosts)


def _frame_ancestors(mode: Mode, embedders: list[str]) -> list[str]:
    for origin in embedders:
        if not _ORIGIN.fullmatch(origin):
            raise ImproperlyConfigured(
                f"CONSOLE_EMBED_ORIGINS: {origin!r} is not an origin. Give scheme, host and perhaps port, nothing "
                "more, for example: CONSOLE_EMBED_ORIGINS=https://portal.example.org,https://intranet.example.org:8443"
            )
    return [NONE] if mode == "none" else [SELF, *embedders]
