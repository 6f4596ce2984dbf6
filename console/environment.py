"""Parsers for the environment variables. Each error names the variable and says how to fix it.

They run while the settings load, so all they use of Django is ``ImproperlyConfigured``.
"""

import base64
import binascii
import math
import os
import re
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.exceptions import ImproperlyConfigured
from environ import Env, FileAwareEnv

from console.addresses import LOOPBACK_HOSTS, split_url
from console.redaction import MIN_SECRET_LENGTH

_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_YES = ("on", "true", "yes", "1")
_NO = ("off", "false", "no", "0", "")


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
        raise ImproperlyConfigured(
            f"{name}={text!r} is not a number from {least:g} to {most:g}; for example: {name}={default:.12g}"
        )
    return value


def whole_number_setting(env: Env, name: str, *, default: int, least: int, most: int) -> int:
    """Return the whole number in the variable ``name``, which must be between ``least`` and ``most``."""
    value = number_setting(env, name, default=default, least=least, most=most)
    if value != int(value):
        raise ImproperlyConfigured(f"{name}={value:g} is not a whole number; for example: {name}={default}")
    return int(value)


def switch_setting(env: Env, name: str, *, default: bool = False) -> bool:
    """Return whether the variable ``name`` says yes. A word that says neither yes nor no is an error."""
    text = env.str(name, default="on" if default else "off").strip().lower()
    if text not in (*_YES, *_NO):
        raise ImproperlyConfigured(f"{name}={text!r} is neither on nor off; for example: {name}=on")
    return text in _YES


def comma_separated(text: str) -> list[str]:
    """Split ``text`` at its commas, strip each part and drop empty ones."""
    return [part.strip() for part in text.split(",") if part.strip()]


def one_of(env: Env, name: str, choices: tuple[str, ...], *, default: str) -> Any:
    """Return the value of the variable ``name``, which must be one of ``choices``."""
    value = str(env.str(name, default=default)).strip()
    if value not in choices:
        raise ImproperlyConfigured(
            f"{name}={value!r} is not one of: {', '.join(choices)}; for example: {name}={default}"
        )
    return value


class FileAwareSettings(FileAwareEnv):  # type: ignore[misc]  # the library has no types
    """The environment, in which ``NAME_FILE`` may name a file with the value of ``NAME``."""

    def get_value(self, var: str, *args: Any, **options: Any) -> Any:
        """Return the value. Raises ``ImproperlyConfigured`` if the file cannot be read."""
        try:
            return super().get_value(var, *args, **options)
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", "") or "it is not UTF-8"
            name = f"{var}_FILE"
            raise ImproperlyConfigured(
                f"{name}={os.environ.get(name, '')} cannot be read ({reason}); for example: {name}=/etc/console/{var}"
            ) from None


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
        mode = config.get("OPTIONS", {}).get("sslmode", "verify-full")
        if mode not in _SSL_MODES:
            raise self.error(f"sslmode={mode} is none of {', '.join(_SSL_MODES)}; for example: ?sslmode=verify-full")
        return config


class CacheUrl(VariableParser):
    """Parses the URL of a Redis server, or ``locmemcache://``. It may hold a password: no message repeats it."""

    def __call__(self, text: str) -> dict[str, Any]:
        parts = split_url(text)
        if parts is None or parts.scheme not in ("redis", "rediss", "rediscache", "locmemcache"):
            raise self.error("not a URL such as redis://:password@host:6379/0")
        if parts.scheme in ("redis", "rediss") and not parts.hostname:
            raise self.error("no host; for example: CACHE_URL=redis://127.0.0.1:6379/0")
        if parts.query or parts.fragment:
            names = ", ".join(pair.partition("=")[0] for pair in parts.query.split("&")) or "#"
            raise self.error(
                f"the URL must not have options ({names}); CA_BUNDLE names certificate authorities, for example: "
                "CACHE_URL=rediss://:password@host:6379/0"
            )
        config: dict[str, Any] = Env.cache_url_config(text)
        return config


class Networks(VariableParser):
    """Parses comma-separated IP networks: ``10.0.0.0/8, 2001:db8::/32``. A single address is accepted too."""

    def __call__(self, text: str) -> list[IPv4Network | IPv6Network]:
        try:
            return [ip_network(part) for part in comma_separated(text)]
        except ValueError as error:
            raise self.error(f"{error}; for example: {self.name}=10.20.0.0/16,2001:db8::/32") from None


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


class LogOrigin(VariableParser):
    """Parses the name under which this installation's logs are known: a host name, and a path if it needs one.

    It is a part of every checkpoint, and of the names of keys in them (c2sp.org/signed-note). So it has no scheme and
    none of the characters that such a name must not contain.
    """

    def __call__(self, text: str) -> str:
        name = r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*"
        if not re.fullmatch(name, text) or len(text) > 200:
            raise self.error(
                f"{text!r} is not a name such as console.example.org or example.org/console: a host name in lower case "
                "without https://, and a path if you need one"
            )
        return text


class FormerSigningKey(VariableParser):
    """Parses the signing key that a new one is about to replace. It may be absent, and must not be the new one."""

    def __init__(self, name: str, current: Ed25519PrivateKey) -> None:
        super().__init__(name)
        self._current = current.private_bytes_raw()

    def __call__(self, text: str) -> Ed25519PrivateKey | None:
        if not text:
            return None
        key = Ed25519Key(self.name)(text)
        if key.private_bytes_raw() == self._current:
            raise self.error("is the same key as AUDIT_SIGNING_KEY; set the new key there, or remove this one")
        return key


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
