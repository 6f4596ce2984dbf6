"""Which addresses a discovery document may name.

The client secret, codes and tokens are sent to these addresses. So the check is stricter than any URL parser: an
address that passes has one meaning for all of them, and the checked string is the string that is called.
"""

import re
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, Final

from console.addresses import LOOPBACK_HOSTS

# RFC 3986, reduced: a lower-case scheme, no user, a plain host, a decimal port, no fragment, printable ASCII only.
_LABEL: Final = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_ADDRESS: Final = re.compile(
    rf"(?P<scheme>https?)://(?P<host>{_LABEL}(?:\.{_LABEL})*\.?|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[1-9][0-9]{{0,4}}))?"
    r"(?:/[!$-;=?-\[\]_a-z~%]*)?(?:\?[!$-;=?-\[\]_a-z~%]*)?"
)
_MAX_PORT: Final = 65535
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")  # all that IANA assigns; NAT64 and site-local addresses are outside


def is_acceptable_address(value: Any, *, issuer: str, allow_private: bool) -> bool:
    """Return whether a discovery document of ``issuer`` may name this address.

    ``https://``; ``http://`` on this machine only, and only if the issuer is such an address itself.

    Args:
        allow_private: accept hosts that are private, link-local or loopback addresses even if the issuer's is not.

    """
    match = _ADDRESS.fullmatch(value) if isinstance(value, str) else None
    if match is None or int(match["port"] or 0) > _MAX_PORT or not _is_valid_host(match["host"]):
        return False
    if match["scheme"] == "http" and not (_is_http_on_loopback(value) and _is_http_on_loopback(issuer)):
        return False
    return allow_private or not _is_private_host(match["host"]) or is_private_address(issuer)


def is_private_address(address: str) -> bool:
    """Return whether the host of the address is a literal private, link-local or loopback address."""
    match = _ADDRESS.fullmatch(address)
    return match is not None and _is_private_host(match["host"])


def _is_http_on_loopback(address: str) -> bool:
    match = _ADDRESS.fullmatch(address)
    return match is not None and match["scheme"] == "http" and match["host"].strip("[]") in LOOPBACK_HOSTS


def _is_valid_host(host: str) -> bool:
    """Refuse names that resolvers take for an IPv4 address in another notation, such as 127.1 or 0x7f000001."""
    if host.startswith("["):
        return isinstance(_ip_address(host), IPv6Address)
    last_label = host.rstrip(".").rpartition(".")[2]
    looks_like_ipv4 = re.fullmatch(r"[0-9]+|0[xX][0-9A-Fa-f]*", last_label) is not None
    return not looks_like_ipv4 or isinstance(_ip_address(host), IPv4Address)


def _is_private_host(host: str) -> bool:
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    ip = _ip_address(host)
    if ip is None:
        return False
    if isinstance(ip, IPv6Address) and (ip not in _GLOBAL_UNICAST or ip.sixtofour or ip.teredo):
        return True  # local, or an IPv4 address in disguise: no provider needs it
    return not ip.is_global or ip.is_multicast


def _ip_address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None
