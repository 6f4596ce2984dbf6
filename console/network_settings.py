"""Parsers for the settings of the network. Like ``console.environment``, they name the variable in each error."""

import re
import ssl
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from console.addresses import split_url
from console.environment import VariableParser, comma_separated
from console.outgoing import DirectHosts, OutgoingProxy

_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?"
_HOST_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.ASCII)
_PATH: Final = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")
_MAX_PORT: Final = 65535
IPV6: Final = 6

OWN_PATHS: Final = frozenset(
    {
        "appearance",
        "embed",
        "healthz",
        "metrics",
        "orgs",
        "readyz",
        "session",
        "sessions",
        "signin",
        "signout",
        "static",
    }
)
"""What the console's own paths begin with. As a prefix, they could be removed from a path that a proxy stripped."""


class CaBundle(VariableParser):
    """Parses the path of a PEM file with certificate authorities; empty if there is none."""

    def __call__(self, text: str) -> str:
        if not text:
            return ""
        if not text.startswith("/"):
            raise self._bad(f"{text!r} is not an absolute path")
        try:
            content = Path(text).read_text(encoding="ascii", errors="replace")
        except OSError as error:
            raise self._bad(f"{text} cannot be read: {error.strerror}") from None
        if "-----BEGIN CERTIFICATE-----" not in content:
            raise self._bad(f"{text} has no certificate in PEM format")
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=text)
        except ssl.SSLError as error:
            raise self._bad(f"{text} has a certificate that cannot be read ({error.reason or error})") from None
        return text

    def _bad(self, detail: str) -> Exception:
        return self.error(f"{detail}; for example: {self.name}=/etc/ssl/certs/company-ca.pem")


class HostNames(VariableParser):
    """Parses the host names of the console, separated by commas. An IPv6 address may be in brackets or not."""

    def __call__(self, text: str) -> list[str]:
        entries = comma_separated(text)
        if not entries:
            raise self.error(f"{text!r} has no host name; for example: {self.name}=console.example.org")
        return [self._parse_entry(entry) for entry in entries]

    def _parse_entry(self, entry: str) -> str:
        name = entry.lower().removeprefix("*").removeprefix(".")
        if not name or _HOST_NAME.fullmatch(name):
            return entry  # `check --deploy` refuses a wildcard
        try:
            address = ip_address(entry.removeprefix("[").removesuffix("]"))
        except ValueError:
            detail = f"{entry!r} is not a host name: leave out scheme, port and path"
            raise self.error(f"{detail}; for example: {self.name}=console.example.org") from None
        return f"[{address}]" if address.version == IPV6 else str(address)  # as Django compares it


class TrustedOrigins(VariableParser):
    """Parses origins, separated by commas, perhaps with a wildcard, which `check --deploy` refuses."""

    def __call__(self, text: str) -> list[str]:
        origins = comma_separated(text)
        for origin in origins:
            parts = split_url(origin)
            if parts is None or parts.scheme not in ("http", "https") or origin != f"{parts.scheme}://{parts.netloc}":
                detail = f"{origin!r} is not an origin: only scheme, host and port"
                raise self.error(
                    f"{detail}; for example: {self.name}=https://portal.example.org,https://a.example:8443"
                )
        return origins


class PathPrefix(VariableParser):
    """Parses the path below which the console is served: ``/tools/accounts``; empty if it has a host of its own."""

    def __call__(self, text: str) -> str:
        prefix = text.rstrip("/")
        if not text or text == "/":
            return ""
        if not _PATH.fullmatch(prefix) or {".", ".."} & set(prefix.split("/")):
            raise self._bad(f"{text!r} is not a path of letters, digits and the characters - . _ ~ between slashes")
        first = prefix.split("/")[1]
        if first in OWN_PATHS:
            raise self._bad(f"/{first} is a path of the console itself")
        return prefix

    def _bad(self, detail: str) -> Exception:
        return self.error(f"{detail}; for example: {self.name}=/accounts-console")


class OutgoingProxyUrl(VariableParser):
    """Parses ``http://user:password@proxy.example.org:3128``. No message repeats the password."""

    def __call__(self, text: str) -> OutgoingProxy | None:
        if not text:
            return None
        parts = split_url(text)
        if parts is None or parts.scheme != "http" or not parts.hostname or not parts.port:
            raise self._bad("not the http:// address of a proxy with its port")
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise self._bad("a proxy's address has no path, query or fragment")
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        if ":" in user or not f"{user}{password}".isprintable():
            raise self._bad("the user must not contain a colon, nor user or password a control character")
        if password and not user:
            raise self._bad("it has a password, but no user")
        return OutgoingProxy(parts.hostname, parts.port, user, password)

    def _bad(self, detail: str) -> Exception:
        return self.error(
            f"{detail}; for example: {self.name}=http://proxy.example.org:3128, or with credentials, whose special "
            f"characters are percent-encoded: {self.name}=http://user:password@proxy.example.org:3128"
        )


class NoProxy(VariableParser):
    """Parses hosts that are called without the proxy, separated by commas.

    An entry is a name, an address, a network, or ``*``. A name means itself and those below it, whether it is written
    ``example.org``, ``.example.org`` or ``*.example.org``. An entry may have a port; IPv6 is in brackets then.
    """

    def __call__(self, text: str) -> list[DirectHosts]:
        return [self._parse_entry(entry) for entry in comma_separated(text)]

    def _parse_entry(self, entry: str) -> DirectHosts:
        host, port = self._split_port(entry.lower())
        address = host[1:-1] if host.startswith("[") and host.endswith("]") else host
        try:
            return DirectHosts(network=ip_network(address, strict=False), port=port)
        except ValueError:
            pass
        name = host.removeprefix("*").removeprefix(".").rstrip(".") if host != "*" else host
        if name == "*" or (_HOST_NAME.fullmatch(name) and not re.fullmatch(r"[0-9.]+", name)):
            return DirectHosts(name, port=port)
        raise self._bad(entry)

    def _split_port(self, entry: str) -> tuple[str, int]:
        """Return host and port; the port is 0 if there is none. Without brackets, colons belong to an IPv6 address."""
        match = re.fullmatch(r"(\[[^\]]*\]|[^:]*):([0-9]{1,5})", entry)
        if match is None:
            return entry, 0
        if not 0 < int(match[2]) <= _MAX_PORT:
            raise self._bad(entry)
        return match[1], int(match[2])

    def _bad(self, entry: str) -> Exception:
        return self.error(
            f"{entry!r} is not a host name, an address or a network; for example: "
            f"{self.name}=directory.example.org,.internal.example.org,10.0.0.0/8,[fd00::1]:8443"
        )
