"""The IP address that a request is recorded with: the browser's, or none. Never that of another machine.

Without a reverse proxy it is the address of the connection. Behind ``TRUSTED_PROXY_COUNT`` proxies of ours it is what
the outermost of them says in ``TRUSTED_PROXY_HEADER``: each one appends its client's address, so the n-th entry from
the end is the first one that a stranger cannot forge. If that entry is missing or cannot be read, the address stays
empty, because the connection's address is that of a proxy.
"""

import logging
import re
from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address
from typing import Any, Final

logger = logging.getLogger(__name__)

PROXY_HEADERS: Final = ("X-Forwarded-For", "Forwarded")
"""The values of ``TRUSTED_PROXY_HEADER``."""

_VARIABLES: Final = {"X-Forwarded-For": "HTTP_X_FORWARDED_FOR", "Forwarded": "HTTP_FORWARDED"}
_TRACES_OF_PROXIES: Final = (*_VARIABLES.values(), "HTTP_X_FORWARDED_PROTO", "HTTP_X_REAL_IP", "HTTP_VIA")
_LONGEST_LOGGED_VALUE: Final = 100  # characters

# RFC 7239, section 4: token=token or token="quoted text", separated by semicolons, whole elements by commas.
_PAIR: Final = re.compile(
    r"[ \t]*(?P<name>[!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:(?P<token>[^\s\",;]+)|\"(?P<quoted>(?:[^\"\\]|\\.)*)\")[ \t]*"
    r"(?P<end>[;,]|$)"
)
# An address, perhaps with a port: some proxies add it, and IPv6 is then in brackets.
_HOST_AND_PORT: Final = re.compile(r"(?:\[(?P<v6>[^\]]+)\]|(?P<v4>[0-9.]+))(?::[0-9]{1,5}|:_[\w.-]+)?")
_HIDDEN: Final = re.compile(r"unknown|_[\w.-]+", re.IGNORECASE)  # RFC 7239, section 6: an address that nobody may know

_reported: set[str] = set()


def client_address(meta: Mapping[str, Any], proxies: int, header: str = "X-Forwarded-For") -> str:
    """Return the browser's IP address in normal notation; empty if it is not known.

    Args:
        meta: the WSGI environment.
        proxies: the number of our own reverse proxies.
        header: the header to which they append, one of ``PROXY_HEADERS``.

    """
    if not proxies:
        return _normal_address(meta.get("REMOTE_ADDR", ""))
    value = meta.get(_VARIABLES[header], "")
    if not value:
        return _unknown("absent", header, value)
    entries = _forwarded_entries(value) if header == "Forwarded" else value.split(",")
    if len(entries) < proxies:
        return _unknown("too short or malformed", header, value)
    entry = entries[-proxies].strip()
    address = _normal_address(entry)
    return address if address or _HIDDEN.fullmatch(entry) else _unknown("unreadable", header, value)


def forwarded_scheme(meta: Mapping[str, Any], proxies: int) -> str:
    """Return the scheme that our outermost proxy names in ``Forwarded``, or else in ``X-Forwarded-Proto``.

    It is empty if ``Forwarded`` cannot be read: then the client may have written the other header.
    """
    named = str(meta.get("HTTP_X_FORWARDED_PROTO", ""))
    value = meta.get("HTTP_FORWARDED", "")
    if not value:
        return named
    elements = _forwarded_elements(value)
    return elements[-proxies].get("proto", named).lower() if 0 < proxies <= len(elements) else ""


def peer_address(meta: Mapping[str, Any]) -> str:
    """Return the address of a client that asks the console directly; empty if a proxy has passed the request on."""
    if any(meta.get(variable) for variable in _TRACES_OF_PROXIES):
        return ""
    return _normal_address(meta.get("REMOTE_ADDR", ""))


def _unknown(problem: str, header: str, value: str) -> str:
    """Return no address, and say so once in the life of this process: it would be the same with each request."""
    if problem not in _reported:
        _reported.add(problem)
        shown = f": {value[:_LONGEST_LOGGED_VALUE]!r}" if value else ""
        logger.warning(
            "The header %s, in which TRUSTED_PROXY_COUNT and TRUSTED_PROXY_HEADER expect the browser's address, is "
            "%s%s. Such requests are recorded without an address. This is logged once.",
            header,
            problem,
            shown,
        )
    return ""


def _forwarded_entries(value: str) -> list[str]:
    return [element.get("for", "") for element in _forwarded_elements(value)]


def _forwarded_elements(value: str) -> list[dict[str, str]]:
    """Return the elements of a ``Forwarded`` header; none if it is malformed anywhere.

    A stranger may have begun a quoted text that hides what our proxy appended. So nothing of such a header counts.
    """
    elements: list[dict[str, str]] = [{}]
    position = 0
    while match := _PAIR.match(value, position):
        quoted = match["quoted"]
        text = match["token"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        if match["name"].lower() in elements[-1]:
            return []
        elements[-1][match["name"].lower()] = text
        position = match.end()
        if not match["end"]:
            return elements
        if match["end"] == ",":
            elements.append({})
    return []


def _normal_address(text: str) -> str:
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    if match := _HOST_AND_PORT.fullmatch(text):
        text = match["v6"] or match["v4"]
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or IPv6Address(int(address)))  # the second without its zone, which is local
    return str(address)
