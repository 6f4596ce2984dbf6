"""Parsers of environment variables: valid values, and errors that name the variable."""

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.exceptions import ImproperlyConfigured

from console import environment

# Fixed keys: each test process must collect tests with the same parameters.
CURRENT, OLDEST = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2))


def private_text(key: Ed25519PrivateKey) -> str:
    return base64.b64encode(key.private_bytes_raw()).decode()


def parse(parser: type[environment.VariableParser], text: str) -> Any:
    arguments = (CURRENT,) if parser is environment.FormerSigningKey else ()
    return parser("NAME", *arguments)(text)


@pytest.mark.parametrize(
    ("parser", "text", "value"),
    [
        (environment.ServiceUrl, "https://service.example.org/base/", "https://service.example.org/base"),
        (environment.ServiceUrl, "http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        (environment.CheckpointTarget, "", ""),
        (environment.CheckpointTarget, "/mnt/archive/checkpoints.txt", "/mnt/archive/checkpoints.txt"),
        (environment.SyslogAddress, "tcp+tls://siem.example.org", "tcp+tls://siem.example.org"),
        (environment.Networks, "", []),
    ],
)
def test_valid_values(parser: type[environment.VariableParser], text: str, value: Any) -> None:
    assert parse(parser, text) == value


@pytest.mark.parametrize(
    ("parser", "text", "detail"),
    [
        (environment.ServiceUrl, "service.example.org", "not an absolute URL"),
        (environment.ServiceUrl, "http://service.example.org", "only for a loopback address"),
        (environment.ServiceUrl, "http://sandbox.localhost", "only for a loopback address"),
        (environment.ServiceUrl, "https://user:word@service.example.org", "must not contain a user"),
        (environment.ServiceUrl, "https://service.example.org/?a=b", "must not contain a user"),
        (environment.DatabaseUrl, "mysql://root@localhost/console", "not a URL such as sqlite"),
        (environment.CacheUrl, "memcached://127.0.0.1", "not a URL such as redis"),
        (environment.Networks, "10.1.2.3/8", "for example: NAME=10.20.0.0/16"),
        (environment.CheckpointTarget, "checkpoints.txt", "neither the absolute path"),
        (environment.SyslogAddress, "siem.example.org:514", "not an address such as udp"),
        (environment.SyslogAddress, "udp://siem.example.org/path", "only a host and a port"),
        (environment.FormerSigningKey, "abc", "not the base64 of the 32 bytes"),
        (environment.FormerSigningKey, private_text(CURRENT), "the same key as AUDIT_SIGNING_KEY"),
        (environment.LogOrigin, "https://console.example.org", "without https://"),
        (environment.LogOrigin, "console.example.org/", "not a name such as"),
        (environment.LogOrigin, "console.example.org/a b", "not a name such as"),
        (environment.LogOrigin, "console.example.org+1", "not a name such as"),
        (environment.LogOrigin, "Console.example.org", "in lower case"),
        (environment.LogOrigin, "a" * 201, "not a name such as"),
        (environment.LogOrigin, "console.example.org\n", "not a name such as"),
    ],
)
def test_invalid_values_are_rejected_with_the_name(
    parser: type[environment.VariableParser], text: str, detail: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^NAME: ") as error:
        parse(parser, text)
    assert detail in str(error.value)


@pytest.mark.parametrize(
    ("parser", "text"),
    [(environment.DatabaseUrl, "mysql://root:hidden@localhost/x"), (environment.CacheUrl, "http://:hidden@localhost")],
)
def test_errors_do_not_repeat_passwords(parser: type[environment.VariableParser], text: str) -> None:
    with pytest.raises(ImproperlyConfigured) as error:
        parse(parser, text)
    assert "hidden" not in str(error.value)


def test_the_former_signing_key() -> None:
    assert parse(environment.FormerSigningKey, "") is None
    assert parse(environment.FormerSigningKey, private_text(OLDEST)).private_bytes_raw() == bytes([2]) * 32
