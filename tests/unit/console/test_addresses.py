"""Loopback hosts, origins and URLs that cannot be parsed."""

import pytest

from console.addresses import LOOPBACK_HOSTS, is_loopback, split_url, url_origin


@pytest.mark.parametrize("host", [*sorted(LOOPBACK_HOSTS), "[::1]", "127.8.9.10", "sandbox.localhost"])
def test_loopback_hosts_are_recognized(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "localhost.example.org", "10.0.0.1", "::2", "127.0.0.1.example.org"])
def test_other_hosts_are_not_loopback(host: str) -> None:
    assert not is_loopback(host)


def test_an_origin_keeps_scheme_host_and_port() -> None:
    assert url_origin("https://login.example.org:8443/realms/a?b=c") == "https://login.example.org:8443"


@pytest.mark.parametrize("text", ["http://host:port/", "http://[::1/", "http://host:99999/"])
def test_a_malformed_url_has_no_parts(text: str) -> None:
    assert split_url(text) is None
