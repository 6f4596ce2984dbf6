"""Readers for the settings that the environment must give, each with an error that says what to do.

They run while settings load, so they know nothing of Django beyond its ``ImproperlyConfigured``.
"""

import base64
import binascii
import math
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.core.exceptions import ImproperlyConfigured
from environ import Env

from console.signin.access.rules import Organizations, RulesError, parse_organizations

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


def required(env: Env, name: str, example: str, *, parse: Callable[[str], Any] = str) -> Any:
    """The value of ``name``, parsed.

    Raises:
        ImproperlyConfigured: unset, empty or unusable; the message names the variable and shows an example.

    """
    value = env.str(name, default="").strip()
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. Set it in the environment, for example: {name}={example}")
    return parse(value)


def number(env: Env, name: str, *, default: float, least: float, most: float) -> float:
    """The number in ``name``, between ``least`` and ``most``."""
    text = env.str(name, default=str(default)).strip()
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value <= most:
        raise ImproperlyConfigured(f"{name}={text!r} is not a number from {least:g} to {most:g}.")
    return value


def comma_separated(text: str) -> list[str]:
    """The parts of ``text`` between its commas, without spaces around them and without empty ones."""
    return [part.strip() for part in text.split(",") if part.strip()]


def one_of(env: Env, name: str, choices: tuple[str, ...], *, default: str) -> Any:
    """The value of ``name``, which must be one of ``choices``."""
    value = str(env.str(name, default=default)).strip()
    if value not in choices:
        raise ImproperlyConfigured(f"{name}={value!r} is not one of: {', '.join(choices)}.")
    return value


class _Reader:
    """A parser that knows the variable that it reads, for its messages."""

    def __init__(self, name: str) -> None:
        self.name = name

    def refuse(self, why: str) -> ImproperlyConfigured:
        return ImproperlyConfigured(f"{self.name}: {why}")


def _split(text: str) -> SplitResult | None:
    """The parts of an address; ``None`` where it is none."""
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018  (raises where it is no number)
    except ValueError:
        return None
    return parts


class ServiceUrl(_Reader):
    """An absolute ``https://`` address; ``http://`` only where the host is a loopback address."""

    def __call__(self, text: str) -> str:
        parts = _split(text)
        if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
            raise self.refuse("not an absolute address such as https://service.example.org")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise self.refuse("no user, password, query or fragment may stand in the address")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
            raise self.refuse(f"http:// is accepted only for a loopback address; use https://{parts.netloc}")
        return text.rstrip("/") if self.name != "OIDC_ISSUER" else text


class DatabaseUrl(_Reader):
    """The address of an SQLite file or a PostgreSQL database. It can hold a password, so no message repeats it."""

    def __call__(self, text: str) -> dict[str, Any]:
        try:
            found: dict[str, Any] = Env.db_url_config(text)
        except (ValueError, KeyError, ImproperlyConfigured):
            found = {}
        if found.get("ENGINE") not in ("django.db.backends.sqlite3", "django.db.backends.postgresql"):
            raise self.refuse(
                "not an address such as sqlite:///console.sqlite3 or postgres://user:password@host:5432/name; "
                "special characters in a password are percent-encoded"
            )
        return found


class CacheUrl(_Reader):
    """The address of a Redis, or ``locmemcache://``. It can hold a password, so no message repeats it."""

    def __call__(self, text: str) -> dict[str, Any]:
        parts = _split(text)
        if parts is None or parts.scheme not in ("redis", "rediss", "rediscache", "locmemcache"):
            raise self.refuse("not an address such as redis://:password@host:6379/0")
        found: dict[str, Any] = Env.cache_url_config(text)
        return found


class Networks(_Reader):
    """Networks of addresses, comma-separated: ``10.0.0.0/8, 2001:db8::/32``; a single address is one too."""

    def __call__(self, text: str) -> list[IPv4Network | IPv6Network]:
        try:
            return [ip_network(part) for part in comma_separated(text)]
        except ValueError as error:
            raise self.refuse(f"{error}; write networks as 10.20.0.0/16, comma-separated") from None


class FernetKeys(_Reader):
    """Fernet keys, comma-separated; the first encrypts, all decrypt."""

    def __call__(self, text: str) -> list[str]:
        keys = comma_separated(text)
        for position, key in enumerate(keys, start=1):
            try:
                Fernet(key)
            except (ValueError, binascii.Error):
                raise self.refuse(
                    f"key {position} is not a Fernet key (32 bytes, URL-safe base64); `manage.py newkeys` prints one"
                ) from None
        return keys


class Ed25519Key(_Reader):
    """An Ed25519 private key: the base64 of its 32 bytes."""

    def __call__(self, text: str) -> Ed25519PrivateKey:
        try:
            return Ed25519PrivateKey.from_private_bytes(base64.b64decode(text, validate=True))
        except (ValueError, binascii.Error):
            raise self.refuse(
                "not the base64 of the 32 bytes of an Ed25519 private key; `manage.py newkeys` prints one"
            ) from None


class RetiredKeys(_Reader):
    """Former Ed25519 public keys, oldest first: ``KEY`` or ``KEY@LAST``, the last sequence that it signed."""

    def __init__(self, name: str, current: Ed25519PrivateKey) -> None:
        super().__init__(name)
        self.current = current.public_key().public_bytes_raw()

    def __call__(self, text: str) -> list[tuple[Ed25519PublicKey, int | None]]:
        keys = [self._read(entry) for entry in comma_separated(text)]
        raw = [key.public_bytes_raw() for key, _ in keys]
        if self.current in raw:
            raise self.refuse("has the public half of AUDIT_SIGNING_KEY: a retired key signs nothing new")
        if len(set(raw)) < len(raw):
            raise self.refuse("has the same key twice")
        ends = [last for _, last in keys if last is not None]
        if ends != sorted(ends):
            raise self.refuse("its ranges do not follow each other: list the oldest key first")
        return keys

    def _read(self, entry: str) -> tuple[Ed25519PublicKey, int | None]:
        text, at, last = entry.partition("@")
        try:
            key = Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))
        except (ValueError, binascii.Error):
            key = None
        if key is None or (at and not (last.isascii() and last.isdigit())):
            raise self.refuse("not KEY or KEY@LAST, as `manage.py checkpoint --retire` prints it")
        return key, int(last) if at else None


class CheckpointTarget(ServiceUrl):
    """Where checkpoints go: the absolute path of a file, or an address."""

    def __call__(self, text: str) -> str:
        if not text or text.startswith("/"):
            return text
        if "://" not in text:
            raise self.refuse(f"{text!r} is neither the absolute path of a file nor an https:// address")
        super().__call__(text)
        return text


class SyslogAddress(_Reader):
    """Where the change log's lines go as syslog: ``udp://host``, ``tcp://host:601`` or ``tcp+tls://host:6514``."""

    def __call__(self, text: str) -> str:
        parts = _split(text)
        if text and (parts is None or parts.scheme not in ("udp", "tcp", "tcp+tls") or not parts.hostname):
            raise self.refuse("not an address such as udp://siem.example.org:514 or tcp+tls://siem.example.org:6514")
        if parts and (parts.username or parts.path.strip("/") or parts.query):
            raise self.refuse("nothing but a host and a port may stand in the address")
        return text


class OrganizationRules(_Reader):
    """The JSON that says who may open which organization (``signin/access/rules.py``), or its path."""

    def __call__(self, text: str) -> Organizations:
        if text.startswith("/"):
            try:
                text = Path(text).read_text(encoding="utf-8")
            except (OSError, UnicodeError) as error:
                raise self.refuse(f"{text} cannot be read: {type(error).__name__}") from None
        try:
            return parse_organizations(text)
        except RulesError as error:
            raise self.refuse(str(error)) from None
