"""How calls to other services leave this machine. ``console.settings`` says it once, while it loads.

``console.http`` reads it here, because it and the directory's client do not import Django.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from ssl import SSLContext

from console.addresses import is_loopback
from console.trust import tls_context


@dataclass(frozen=True, slots=True)
class OutgoingProxy:
    """The HTTP proxy of ``OUTGOING_PROXY``."""

    host: str
    port: int
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @property
    def address(self) -> str:
        """Host and port, without the password."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class DirectHosts:
    """One entry of ``NO_PROXY``: hosts that are called directly.

    Attributes:
        name: a host name; those below it count as well. ``*`` stands for every host.
        network: addresses, instead of a name. Names are not looked up to compare them with it.
        port: only this port, unless it is 0.

    """

    name: str = ""
    network: IPv4Network | IPv6Network | None = None
    port: int = 0

    def include(self, host: str, port: int) -> bool:
        """Return whether the entry means this host (a name or an address, without brackets) and port."""
        if self.port not in (0, port):
            return False
        if self.network is not None:
            return _is_in(host, self.network)
        name = host.lower().rstrip(".")
        return self.name in ("*", name) or name.endswith(f".{self.name}")


@dataclass(frozen=True, slots=True)
class OutgoingNetwork:
    """The settings of all outgoing calls.

    Attributes:
        ca_bundle: the file of further certificate authorities; empty if there is none.
        proxy: the proxy; ``None`` if all services are called directly.
        direct: the services that are called without the proxy.

    """

    ca_bundle: str = ""
    proxy: OutgoingProxy | None = None
    direct: Sequence[DirectHosts] = ()

    def proxy_for(self, host: str, port: int) -> OutgoingProxy | None:
        """Return the proxy to use; ``None`` for a direct call. This machine's own services are called directly."""
        if self.proxy is None or is_loopback(host) or any(entry.include(host, port) for entry in self.direct):
            return None
        return self.proxy


_network = OutgoingNetwork()


def set_outgoing_network(network: OutgoingNetwork) -> None:
    """Use these settings for all calls from now on."""
    global _network  # one for each process, like the environment that it comes from
    _network = network
    client_context.cache_clear()


def outgoing_network() -> OutgoingNetwork:
    """Return the settings of all outgoing calls."""
    return _network


@lru_cache(maxsize=4)
def client_context(socket_class: type | None = None) -> SSLContext:
    """Return one TLS context for the whole process: reading the authorities takes longer than an exchange."""
    context = tls_context(_network.ca_bundle)
    if socket_class is not None:
        context.sslsocket_class = socket_class
    return context


def _is_in(host: str, network: IPv4Network | IPv6Network) -> bool:
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped and network.version == 4:
        return address.ipv4_mapped in network
    return address in network
