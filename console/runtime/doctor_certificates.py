"""The doctor's check of certificates: each server with TLS that the console calls, by host and setting."""

import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from console.http import ExchangeError
from console.http_deadline import HostNotResolved, deadline_after, open_connection
from console.outgoing import outgoing_network
from console.runtime.doctor import Finding, doctor_check, error, ok, warning
from console.runtime.syslog import PORTS as SYSLOG_PORTS
from console.signin.errors import SignInRefused
from console.signin.oidc.discovery import provider_configuration
from console.trust import tls_context

TIMEOUT: Final = 5.0  # seconds for one server
DAYS_TO_RENEW: Final = 14

# PostgreSQL's protocol, "SSLRequest": TLS begins after the server has answered S.
_POSTGRESQL_REQUEST: Final = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"

# OpenSSL's X509_V_ERR_ codes
_WRONG_DATES: Final = {9: "is not valid yet", 10: "has expired"}
_WRONG_NAMES: Final = (62, 64)


@dataclass(frozen=True, slots=True)
class TlsServer:
    """A server to check. ``setting`` says why it is called."""

    setting: str
    host: str
    port: int
    is_web: bool = False
    """Whether it is called by ``console.http``, and so through the outgoing proxy."""
    is_postgresql: bool = False
    has_name: bool = True
    """Whether the certificate's name has to be the host's; PostgreSQL's ``verify-ca`` does not compare it."""


class NotReached(Exception):
    """No connection could be made; the message says why."""


class NoTls(Exception):
    """The server answers without TLS."""


@doctor_check("certificates", fix="Correct CA_BUNDLE.")
def diagnose_certificates() -> Iterator[Finding]:
    """Check the certificate of each server: its authority, its name and its dates."""
    for server in tls_servers():
        yield _certificate_finding(server)


def tls_servers() -> Iterator[TlsServer]:
    """Yield each server once, with the first setting that leads to it."""
    known: set[tuple[str, int]] = set()
    for server in (*_https_servers(), *_cache_servers(), *_database_servers(), *_syslog_servers()):
        if (server.host, server.port) not in known:
            known.add((server.host, server.port))
            yield server


def _https_servers() -> Iterator[TlsServer]:
    named = {name: getattr(settings, name) for name in ("OIDC_ISSUER", "DIRECTORY_API_URL", "AUDIT_CHECKPOINT_TARGET")}
    for setting, url in (*named.items(), *_provider_endpoints()):
        parts = urlsplit(url)
        if parts.scheme == "https":
            yield TlsServer(setting, parts.hostname or "", parts.port or 443, is_web=True)


def _provider_endpoints() -> Iterator[tuple[str, str]]:
    """Yield the endpoints that the console calls: a provider can have them on other hosts."""
    try:
        configuration = provider_configuration()
    except SignInRefused:
        return  # the check of the provider says why
    for name in ("token_endpoint", "userinfo_endpoint", "jwks_uri", "revocation_endpoint"):
        yield f"{name} of OIDC_ISSUER", getattr(configuration, name)


def _cache_servers() -> Iterator[TlsServer]:
    for location in str(settings.CACHES["default"].get("LOCATION", "")).split(","):
        parts = urlsplit(location)
        if parts.scheme == "rediss":
            yield _server("CACHE_URL", parts, 6379)


def _database_servers() -> Iterator[TlsServer]:
    database: dict[str, Any] = settings.DATABASES["default"]
    mode = database.get("OPTIONS", {}).get("sslmode", "")
    if mode in ("verify-ca", "verify-full") and database["HOST"]:
        port = int(database["PORT"] or 5432)
        yield TlsServer("DATABASE_URL", database["HOST"], port, is_postgresql=True, has_name=mode == "verify-full")


def _syslog_servers() -> Iterator[TlsServer]:
    parts = urlsplit(settings.CHANGES_SYSLOG)
    if parts.scheme == "tcp+tls":
        yield _server("CHANGES_SYSLOG", parts, SYSLOG_PORTS[parts.scheme])


def _server(setting: str, parts: SplitResult, port: int) -> TlsServer:
    return TlsServer(setting, parts.hostname or "", parts.port or port)


def _certificate_finding(server: TlsServer) -> Finding:
    what = f"{server.host} ({server.setting})"
    try:
        expires = _expiry(server)
    except ssl.SSLCertVerificationError as failure:
        return _verification_finding(server, failure)
    except NotReached as failure:
        message = f"the certificate of {what} cannot be checked: {failure}"
        return warning(message, f"Let this machine reach {server.host}.")
    except (NoTls, OSError) as failure:
        reason = str(failure) or type(failure).__name__
        return error(f"{what} does not speak TLS: {reason}", f"Correct host and port in {server.setting}.")
    left = (expires - time.time()) / (24 * 3600)
    date = datetime.fromtimestamp(expires, UTC).strftime("%Y-%m-%d")
    if left < DAYS_TO_RENEW:
        return warning(f"the certificate of {what} expires on {date}", f"Renew the certificate of {server.host}.")
    return ok(f"the certificate of {what} is trusted, and valid until {date}")


def _expiry(server: TlsServer) -> float:
    """Return when the certificate expires (a time stamp). Raises OpenSSL's error if it is not trusted."""
    context = tls_context(outgoing_network().ca_bundle)
    context.check_hostname = server.has_name
    with deadline_after(TIMEOUT), _open(server) as peer:
        if server.is_postgresql:
            _begin_postgresql_tls(peer)
        with context.wrap_socket(peer, server_hostname=server.host) as connection:
            certificate: Any = connection.getpeercert()
            return float(ssl.cert_time_to_seconds(certificate["notAfter"]))


def _open(server: TlsServer) -> socket.socket:
    try:
        return open_connection(server.host, server.port, is_direct=not server.is_web)
    except (HostNotResolved, OSError, ExchangeError) as failure:
        raise NotReached(str(failure).rstrip(".") or type(failure).__name__) from failure


def _begin_postgresql_tls(peer: socket.socket) -> None:
    peer.sendall(_POSTGRESQL_REQUEST)
    if peer.recv(1) != b"S":
        raise NoTls("the server does not offer TLS")


def _verification_finding(server: TlsServer, failure: ssl.SSLCertVerificationError) -> Finding:
    what, reason = f"{server.host} ({server.setting})", failure.verify_message.rstrip(".")
    if failure.verify_code in _WRONG_DATES:
        return error(
            f"the certificate of {what} {_WRONG_DATES[failure.verify_code]}",
            f"Renew the certificate of {server.host}, and check this machine's clock.",
        )
    if failure.verify_code in _WRONG_NAMES:
        return error(
            f"the certificate of {what} is for another name: {reason}",
            f"Correct the host in {server.setting}, or let the server have a certificate with the name {server.host}.",
        )
    return error(
        f"the certificate of {what} is from an unknown authority: {reason}",
        "Add the authority's certificate to the file that CA_BUNDLE names, and restart.",
    )
