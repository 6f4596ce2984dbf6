"""Parsers of environment variables: valid values, and errors that name the variable."""

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.exceptions import ImproperlyConfigured

from console import environment

# Fixed keys: each test process must collect tests with the same parameters.
CURRENT, OLDEST, OLDER = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2, 3))


def public_text(key: Ed25519PrivateKey) -> str:
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


FIRST, SECOND = public_text(OLDEST), public_text(OLDER)


def parse(parser: type[environment.VariableParser], text: str) -> Any:
    arguments = (CURRENT,) if parser is environment.RetiredKeys else ()
    return parser("NAME", *arguments)(text)


@pytest.mark.parametrize(
    ("parser", "text", "value"),
    [
        (environment.ServiceUrl, "https://service.example.org/base/", "https://service.example.org/base"),
        (environment.ServiceUrl, "http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        (environment.CheckpointTarget, "", ""),
        (environment.CheckpointTarget, "/mnt/archive/checkpoints.jsonl", "/mnt/archive/checkpoints.jsonl"),
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
        (environment.Networks, "10.1.2.3/8", "write networks as"),
        (environment.CheckpointTarget, "checkpoints.jsonl", "neither the absolute path"),
        (environment.SyslogAddress, "siem.example.org:514", "not an address such as udp"),
        (environment.SyslogAddress, "udp://siem.example.org/path", "only a host and a port"),
        (environment.RetiredKeys, "abc", "not KEY or KEY@LAST"),
        (environment.RetiredKeys, f"{FIRST}@x", "not KEY or KEY@LAST"),
        (environment.RetiredKeys, public_text(CURRENT), "public half of AUDIT_SIGNING_KEY"),
        (environment.RetiredKeys, f"{FIRST},{FIRST}", "the same key twice"),
        (environment.RetiredKeys, f"{FIRST}@9,{SECOND}@5", "list the oldest key first"),
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


def test_retired_keys_keep_their_ranges() -> None:
    keys = parse(environment.RetiredKeys, f"{FIRST}@5, {SECOND}@9")
    assert [last for _, last in keys] == [5, 9]
