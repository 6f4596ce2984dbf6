"""The browser's address behind proxies: the one that our outermost proxy saw, or none."""

import logging

import pytest

from console.runtime import client_address
from console.runtime.client_address import forwarded_scheme, peer_address

PROXY = "192.0.2.1"


@pytest.mark.parametrize(
    ("forwarded", "proxies", "address"),
    [
        ("", 0, PROXY),  # no proxy: the connection is the browser's
        ("198.51.100.7", 0, PROXY),  # no proxy is ours: anybody can send the header
        ("198.51.100.7", 1, "198.51.100.7"),
        ("203.0.113.9, 198.51.100.7", 1, "198.51.100.7"),  # the first entry can be forged
        ("203.0.113.9, 198.51.100.7", 2, "203.0.113.9"),
        ("2001:DB8::7%eth0", 1, "2001:db8::7"),
        ("::ffff:198.51.100.7", 1, "198.51.100.7"),
        # as load balancers write it
        ("198.51.100.7:51234", 1, "198.51.100.7"),
        ("[2001:db8::7]:51234", 1, "2001:db8::7"),
        ("[2001:db8::7]", 1, "2001:db8::7"),
        ('"[2001:db8::7]:51234"', 1, "2001:db8::7"),
        ('"198.51.100.7"', 1, "198.51.100.7"),
        ("[::ffff:198.51.100.7]:443", 1, "198.51.100.7"),
        # never the proxy's address
        ("", 1, ""),
        ("198.51.100.7", 2, ""),  # fewer entries than proxies
        ("not an address", 1, ""),
        ("198.51.100.7, ", 1, ""),
        ("unknown", 1, ""),
        ("198.51.100.7:port", 1, ""),
        ("198.51.100.7 evil", 1, ""),
        ("[198.51.100.7", 1, ""),
        ("1.2.3", 1, ""),
        ("0x7f000001", 1, ""),
    ],
)
def test_x_forwarded_for(forwarded: str, proxies: int, address: str) -> None:
    environ = {"REMOTE_ADDR": PROXY} | ({"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {})
    assert client_address.client_address(environ, proxies) == address


@pytest.mark.parametrize(
    ("forwarded", "proxies", "address"),
    [
        ("for=198.51.100.7", 1, "198.51.100.7"),
        ("for=198.51.100.7;proto=https;by=203.0.113.43", 1, "198.51.100.7"),
        ("For=6.6.6.6, for=198.51.100.7", 1, "198.51.100.7"),
        ("for=198.51.100.7, for=203.0.113.43", 2, "198.51.100.7"),
        ('for="[2001:db8::7]:51234"', 1, "2001:db8::7"),
        ('proto=http ; FOR="198.51.100.7:80"', 1, "198.51.100.7"),
        ('by="a\\"b,c";for=198.51.100.7', 1, "198.51.100.7"),
        ("for=unknown", 1, ""),
        ("for=_hidden", 1, ""),
        ("proto=https", 1, ""),
        ("", 1, ""),
        # a stranger begins a quoted text, or an element, that is to swallow what our proxy appends
        ('for="6.6.6.6, for=198.51.100.7', 1, ""),
        ('for=6.6.6.6;by=", for="[2001:db8::7]:1"', 1, ""),
        ('for=6.6.6.6;by="x\\, for="[2001:db8::7]:1"', 1, ""),
        ("for=6.6.6.6;for=198.51.100.7", 1, ""),
        ("for 6.6.6.6, for=198.51.100.7", 1, ""),
    ],
)
def test_forwarded(forwarded: str, proxies: int, address: str) -> None:
    environ = {"REMOTE_ADDR": PROXY, "HTTP_X_FORWARDED_FOR": "6.6.6.6"}
    environ |= {"HTTP_FORWARDED": forwarded} if forwarded else {}
    assert client_address.client_address(environ, proxies, "Forwarded") == address


def test_forwarded_counts_only_if_it_is_the_header() -> None:
    environ = {"REMOTE_ADDR": PROXY, "HTTP_FORWARDED": "for=6.6.6.6", "HTTP_X_FORWARDED_FOR": "198.51.100.7"}
    assert client_address.client_address(environ, 1) == "198.51.100.7"
    del environ["HTTP_X_FORWARDED_FOR"]
    assert client_address.client_address(environ, 1) == ""


def test_the_scheme_is_that_of_the_same_element() -> None:
    environ = {"HTTP_FORWARDED": "for=6.6.6.6;proto=http, for=198.51.100.7;proto=HTTPS"}
    assert forwarded_scheme(environ, 1) == "https"
    assert forwarded_scheme(environ, 0) == ""
    assert forwarded_scheme({"HTTP_FORWARDED": 'proto="https'}, 1) == ""


@pytest.mark.parametrize(
    ("forwarded", "scheme"),
    [
        ("", "https"),  # no proxy has sent the header, such as a probe of the platform
        ("for=198.51.100.7", "https"),  # our proxy says the scheme in the other header
        ("for=198.51.100.7;proto=http", "http"),
        ('for="198.51.100.7', ""),
        ("for=6.6.6.6;for=198.51.100.7", ""),
        ("for=6.6.6.6;;proto=https x", ""),
    ],
)
def test_the_other_header_counts_only_beside_a_readable_one(forwarded, scheme):
    assert forwarded_scheme({"HTTP_FORWARDED": forwarded, "HTTP_X_FORWARDED_PROTO": "https"}, 1) == scheme


def test_each_problem_is_logged_once(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_address, "_reported", set())
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            for value in ("", "nonsense", "198.51.100.7", "unknown"):
                client_address.client_address({"HTTP_X_FORWARDED_FOR": value}, 1)
            client_address.client_address({"HTTP_X_FORWARDED_FOR": "198.51.100.7"}, 2)
    assert len(caplog.messages) == 3
    assert "is absent." in caplog.messages[0]
    assert "is unreadable: 'nonsense'." in caplog.messages[1]


def test_a_unix_socket_has_no_address() -> None:
    assert client_address.client_address({"REMOTE_ADDR": ""}, 0) == ""


def test_the_peer_is_who_asks_directly() -> None:
    assert peer_address({"REMOTE_ADDR": "::ffff:127.0.0.1"}) == "127.0.0.1"
    for variable in ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_VIA", "HTTP_X_REAL_IP"):
        assert peer_address({"REMOTE_ADDR": PROXY, variable: "anything"}) == ""
