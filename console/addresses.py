"""Helpers for URLs and host names. They import neither Django nor the rest of the console: settings use them too."""

from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

LOOPBACK_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})
"""The hosts to which tokens may be sent over plain ``http://``.

Shorter than what ``is_loopback`` accepts: a name below ``.localhost`` is resolved by DNS on some systems.
"""


def is_loopback(host: str) -> bool:
    """Return whether ``host`` (a name or an IP address, IPv6 with or without brackets) is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def url_origin(url: str) -> str:
    """Return the origin (RFC 6454) of an absolute URL: its scheme, host and port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def split_url(text: str) -> SplitResult | None:
    """Return the parts of a URL, or ``None`` if it cannot be parsed."""
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018  (raises ValueError if the port is not a number)
    except ValueError:
        return None
    return parts
