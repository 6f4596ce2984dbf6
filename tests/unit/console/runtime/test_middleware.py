"""The browser's address behind proxies, and request ids."""

import uuid

import pytest

from console.runtime.middleware import read_address, read_request_id


@pytest.mark.parametrize(
    ("forwarded", "proxies", "address"),
    [
        ("", 0, "192.0.2.1"),
        ("198.51.100.7", 0, "192.0.2.1"),  # no proxy is ours: anybody can send the header
        ("198.51.100.7", 1, "198.51.100.7"),
        ("203.0.113.9, 198.51.100.7", 1, "198.51.100.7"),  # the first entry can be forged
        ("203.0.113.9, 198.51.100.7", 2, "203.0.113.9"),
        ("198.51.100.7", 2, "192.0.2.1"),  # fewer entries than proxies
        ("not an address", 1, "192.0.2.1"),
        ("2001:DB8::7%eth0", 1, "2001:db8::7"),
        ("::ffff:198.51.100.7", 1, "198.51.100.7"),
    ],
)
def test_the_address_is_the_one_that_our_outermost_proxy_saw(forwarded: str, proxies: int, address: str) -> None:
    environ = {"REMOTE_ADDR": "192.0.2.1"} | ({"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {})
    assert read_address(environ, proxies) == address


def test_a_unix_socket_has_no_address() -> None:
    assert read_address({"REMOTE_ADDR": ""}, 0) == ""


def test_a_safe_request_id_is_kept() -> None:
    assert read_request_id("from-proxy_1.2") == "from-proxy_1.2"


@pytest.mark.parametrize("header", ["", "a b", "a\nb", "x" * 129, "é"])
def test_any_other_request_id_is_replaced(header: str) -> None:
    assert uuid.UUID(read_request_id(header))
