"""Parsers for the environment variables. Each error names the variable and says how to fix it.

They run while the settings load, so all they use of Django is ``ImproperlyConfigured``.
"""

import base64
import binascii
import math
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.core.exceptions import ImproperlyConfigured
from environ import Env

from console.addresses import LOOPBACK_HOSTS, split_url
from console.redaction import MIN_SECRET_LENGTH


def required(env: Env, name: str, example: str, *, parse: Callable[[str], Any] = str) -> Any:
    """Return the parsed value of the variable ``name``.

    Raises:
        ImproperlyConfigured: it is unset, empty or invalid; the message names the variable and shows an example.

    """
    value = env.str(name, default="").strip()
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. Set it in the environment, for example: {name}={example}")
    return parse(value)


def number_setting(env: Env, name: str, *, default: float, least: float, most: float) -> float:
    """Return the number in the variable ``name``, which must be between ``least`` and ``most``."""
    text = env.str(name, default=str(default)).strip()
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value <= most:
        raise ImproperlyConfigured(f"{name}={text!r} is not a number from {least:g} to {most:g}.")
    return value


def comma_separated(text: str) -> list[str]:
    """Split ``text`` at its commas, strip each part and drop empty ones."""
    return [part.strip() for part in text.split(",") if part.strip()]


def one_of(env: Env, name: str, choices: tuple[str, ...], *, default: str) -> Any:
    """Return the value of the variable ``name``, which must be one of ``choices``."""
    value = str(env.str(name, default=default)).strip()
    if value not in choices:
        raise ImproperlyConfigured(f"{name}={value!r} is not one of: {', '.join(choices)}.")
    return value


class VariableParser:
    """Base of the parsers: it knows the variable's name, for error messages."""

    def __init__(self, name: str) -> None:
        self.name = name

    def error(self, detail: str) -> ImproperlyConfigured:
        """Return the exception to raise for an invalid value."""
        return ImproperlyConfigured(f"{self.name}: {detail}")


class ServiceUrl(VariableParser):
    """Parses an absolute ``https://`` URL; ``http://`` is accepted only for a loopback host."""

    def __call__(self, text: str) -> str:
        parts = split_url(text)
        if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
            raise self.error("not an absolute URL such as https://service.example.org")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise self.error("the URL must not contain a user, password, query or fragment")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
            raise self.error(f"http:// is accepted only for a loopback address; use https://{parts.netloc}")
        # An issuer is compared letter for letter (OpenID Connect Discovery 1.0, section 4.3), so it keeps its slash.
        return text.rstrip("/") if self.name != "OIDC_ISSUER" else text


class ClientSecret(VariableParser):
    """Parses a client secret. A short one could be guessed, and could not be told from an ordinary word in a log."""

    def __call__(self, text: str) -> str:
        if len(text) < MIN_SECRET_LENGTH:
            raise self.error(
                f"it has {len(text)} characters, and {MIN_SECRET_LENGTH} are required; "
                "let the provider generate a new client secret"
            )
        return text


class DatabaseUrl(VariableParser):
    """Parses the URL of an SQLite file or a PostgreSQL database. It may hold a password: no message repeats it."""

    def __call__(self, text: str) -> dict[str, Any]:
        try:
            config: dict[str, Any] = Env.db_url_config(text)
        except (ValueError, KeyError, ImproperlyConfigured):
            config = {}
        if config.get("ENGINE") not in ("django.db.backends.sqlite3", "django.db.backends.postgresql"):
            raise self.error(
                "not a URL such as sqlite:///console.sqlite3 or postgres://user:password@host:5432/name; "
                "percent-encode special characters in the password"
            )
        return config


class CacheUrl(VariableParser):
    """Parses the URL of a Redis server, or ``locmemcache://``. It may hold a password: no message repeats it."""

    def __call__(self, text: str) -> dict[str, Any]:
        parts = split_url(text)
        if parts is None or parts.scheme not in ("redis", "rediss", "rediscache", "locmemcache"):
            raise self.error("not a URL such as redis://:password@host:6379/0")
        config: dict[str, Any] = Env.cache_url_config(text)
        return config


class Networks(VariableParser):
    """Parses comma-separated IP networks: ``10.0.0.0/8, 2001:db8::/32``. A single address is accepted too."""

    def __call__(self, text: str) -> list[IPv4Network | IPv6Network]:
        try:
            return [ip_network(part) for part in comma_separated(text)]
        except ValueError as error:
            raise self.error(f"{error}; write networks as 10.20.0.0/16, separated by commas") from None


class FernetKeys(VariableParser):
    """Parses comma-separated Fernet keys; the first one encrypts, all of them decrypt."""

    def __call__(self, text: str) -> list[str]:
        keys = comma_separated(text)
        for position, key in enumerate(keys, start=1):
            try:
                Fernet(key)
            except (ValueError, binascii.Error):
                raise self.error(
                    f"key {position} is not a Fernet key (32 bytes, URL-safe base64); `manage.py newkeys` prints one"
                ) from None
        return keys


class Ed25519Key(VariableParser):
    """Parses an Ed25519 private key: the base64 of its 32 bytes."""

    def __call__(self, text: str) -> Ed25519PrivateKey:
        try:
            return Ed25519PrivateKey.from_private_bytes(base64.b64decode(text, validate=True))
        except (ValueError, binascii.Error):
            raise self.error(
                "not the base64 of the 32 bytes of an Ed25519 private key; `manage.py newkeys` prints one"
            ) from None


class RetiredKeys(VariableParser):
    """Parses former Ed25519 public keys, oldest first: ``KEY`` or ``KEY@LAST``.

    ``LAST`` is the last sequence that the key signed.
    """

    def __init__(self, name: str, current: Ed25519PrivateKey) -> None:
        super().__init__(name)
        self.current = current.public_key().public_bytes_raw()

    def __call__(self, text: str) -> list[tuple[Ed25519PublicKey, int | None]]:
        keys = [self._parse_entry(entry) for entry in comma_separated(text)]
        raw = [key.public_bytes_raw() for key, _ in keys]
        if self.current in raw:
            raise self.error("contains the public half of AUDIT_SIGNING_KEY; a retired key must not sign new events")
        if len(set(raw)) < len(raw):
            raise self.error("contains the same key twice")
        ends = [last for _, last in keys if last is not None]
        if ends != sorted(ends):
            raise self.error("the ranges are out of order: list the oldest key first")
        return keys

    def _parse_entry(self, entry: str) -> tuple[Ed25519PublicKey, int | None]:
        text, at, last = entry.partition("@")
        try:
            key = Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))
        except (ValueError, binascii.Error):
            key = None
        if key is None or (at and not (last.isascii() and last.isdigit())):
            raise self.error("not KEY or KEY@LAST, as `manage.py checkpoint --retire` prints it")
        return key, int(last) if at else None


class CheckpointTarget(ServiceUrl):
    """Parses the target of checkpoints: the absolute path of a file, or a URL."""

    def __call__(self, text: str) -> str:
        if not text or text.startswith("/"):
            return text
        if "://" not in text:
            raise self.error(f"{text!r} is neither the absolute path of a file nor an https:// URL")
        super().__call__(text)
        return text


class SyslogAddress(VariableParser):
    """Parses the syslog server's address: ``udp://host``, ``tcp://host:601`` or ``tcp+tls://host:6514``."""

    def __call__(self, text: str) -> str:
        parts = split_url(text)
        if text and (parts is None or parts.scheme not in ("udp", "tcp", "tcp+tls") or not parts.hostname):
            raise self.error("not an address such as udp://siem.example.org:514 or tcp+tls://siem.example.org:6514")
        if parts and (parts.username or parts.path.strip("/") or parts.query):
            raise self.error("the address may contain only a host and a port")
        return text
