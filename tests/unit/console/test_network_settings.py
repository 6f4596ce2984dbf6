"""Parsers of the network's settings, and which services NO_PROXY means."""

import re

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.urls import get_resolver

from console.network_settings import OWN_PATHS, HostNames, NoProxy, OutgoingProxyUrl
from console.outgoing import OutgoingNetwork, OutgoingProxy

PROXY = OutgoingProxy("proxy.example.org", 3128)


@pytest.mark.parametrize(
    ("text", "proxy"),
    [
        ("http://proxy.example.org:3128", PROXY),
        ("http://proxy.example.org:3128/", PROXY),
        ("http://10.0.0.1:80", OutgoingProxy("10.0.0.1", 80)),
        ("http://[fd00::1]:3128", OutgoingProxy("fd00::1", 3128)),
        ("http://ada:p%40ss%3Aw%25rd@proxy.example.org:3128", OutgoingProxy(PROXY.host, 3128, "ada", "p@ss:w%rd")),
        ("http://ada:p@ss@proxy.example.org:3128", OutgoingProxy(PROXY.host, 3128, "ada", "p@ss")),
        ("http://DOM%5Cada:p%C3%A4ss@proxy.example.org:3128", OutgoingProxy(PROXY.host, 3128, "DOM\\ada", "päss")),
        ("http://ada@proxy.example.org:3128", OutgoingProxy(PROXY.host, 3128, "ada")),
    ],
)
def test_a_proxys_address(text: str, proxy: OutgoingProxy) -> None:
    parsed = OutgoingProxyUrl("OUTGOING_PROXY")(text)
    assert parsed == proxy
    assert "ss" not in repr(parsed)


@pytest.mark.parametrize(
    "text",
    [
        "proxy.example.org:3128",
        "https://proxy.example.org:3128",
        "socks5://proxy.example.org:1080",
        "http://proxy.example.org",
        "http://:3128",
        "http://proxy.example.org:99999",
        "http://proxy.example.org:0",
        "http://proxy.example.org:3128/path",
        "http://proxy.example.org:3128?a=b",
        "http://ada:hid/den@proxy.example.org:3128",
        "http://a%3Ada:hidden@proxy.example.org:3128",
        "http://ada:hid%0Aden@proxy.example.org:3128",
        "http://:hidden@proxy.example.org:3128",
        "direct",
    ],
)
def test_no_address_of_a_proxy(text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^OUTGOING_PROXY: .*for example: OUTGOING_PROXY=http://") as error:
        OutgoingProxyUrl("OUTGOING_PROXY")(text)
    assert "hid" not in str(error.value)


@pytest.mark.parametrize(
    ("no_proxy", "direct", "proxied"),
    [
        ("", ["127.0.0.1:443", "localhost:443", "::1 443", "x.localhost:1"], ["example.org:443", "10.0.0.1:443"]),
        ("example.org", ["example.org:443", "a.b.example.org:8443", "EXAMPLE.org.:1"], ["badexample.org:443", "org:1"]),
        (".example.org", ["example.org:443", "a.example.org:443"], ["badexample.org:443"]),
        ("*.example.org.", ["example.org:443", "a.example.org:443"], ["example.com:443"]),
        ("example.org:8443", ["a.example.org:8443"], ["a.example.org:443"]),
        ("10.0.0.0/8", ["10.1.2.3:443", "::ffff:10.1.2.3 443"], ["11.0.0.1:443", "ten.example.org:443"]),
        ("10.1.2.3/8", ["10.9.9.9:443"], ["11.0.0.1:443"]),
        ("10.1.2.3", ["10.1.2.3:443"], ["10.1.2.30:443"]),
        ("10.1.2.3:8443", ["10.1.2.3:8443"], ["10.1.2.3:443"]),
        ("10.0.0.0/8:8443", ["10.1.2.3:8443"], ["10.1.2.3:443"]),
        ("fd00::/8", ["fd12::1 443"], ["fe80::1 443", "10.0.0.1:443"]),
        ("[fd00::1]:8443", ["fd00::1 8443"], ["fd00::1 443"]),
        ("[fd00::1], fd00::2", ["fd00::1 443", "fd00:0::2 443"], ["fd00::3 443"]),
        ("*", ["example.org:443", "10.0.0.1:1"], []),
        ("a.example.org , ,B_C.example.org,", ["a.example.org:1", "b_c.example.org:1"], ["d.example.org:1"]),
    ],
)
def test_direct_hosts(no_proxy: str, direct: list[str], proxied: list[str]) -> None:
    network = OutgoingNetwork(proxy=PROXY, direct=NoProxy("NO_PROXY")(no_proxy))
    for expected, services in ((None, direct), (PROXY, proxied)):
        for service in services:
            host, port = re.split(r" |:(?=\d+$)", service) if " " not in service else service.split(" ")
            assert network.proxy_for(host, int(port)) == expected, service


@pytest.mark.parametrize(
    "entry",
    ["https://example.org", "10.0.0.0/33", "169.254/16", "a b.example.org", "1.2.3", "exa/mple.org", "[fd00::1", "fd00::zz",
     "example.org:99999", "example.org:0", "..", "[]", "-a.example.org", "a@b"],
)  # fmt: skip
def test_no_hosts(entry: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^NO_PROXY: .*for example: NO_PROXY=") as error:
        NoProxy("NO_PROXY")(f"example.org,{entry}")
    assert repr(entry.lower()) in str(error.value)


def test_host_names() -> None:
    names = HostNames("ALLOWED_HOSTS")("console.example.org, 10.0.0.7 ,[::1],fd00::7,.example.org,*,a_b.local")
    assert names == ["console.example.org", "10.0.0.7", "[::1]", "[fd00::7]", ".example.org", "*", "a_b.local"]


@pytest.mark.parametrize(
    "text", ["https://console.example.org", "console.example.org:8443", "console.example.org/x", "a b", "[::1]:80"]
)
def test_no_host_names(text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^ALLOWED_HOSTS: .*for example: ALLOWED_HOSTS=console"):
        HostNames("ALLOWED_HOSTS")(f"console.example.org,{text}")


def test_no_path_of_the_console_may_be_a_prefix() -> None:
    patterns = get_resolver("console.urls").url_patterns
    patterns = [*patterns, *(one for included in patterns for one in getattr(included, "url_patterns", []))]
    assert {str(one.pattern).split("/")[0] for one in patterns} - {""} <= OWN_PATHS
