"""Whom a connection is counted for, and how many one may have."""

import pytest

from console.runtime.buffering_worker import PER_SOURCE_WITHOUT_PROXY, connections_per_source, source_of


@pytest.mark.parametrize(
    ("address", "source"),
    [
        (("192.0.2.7", 4711), "192.0.2.7"),
        (("2001:db8:1:2:3:4:5:6", 4711, 0, 0), "2001:db8:1:2::/64"),
        (("fe80::1%eth0", 4711, 0, 2), "fe80::/64"),
        (("::ffff:192.0.2.7", 4711, 0, 0), "192.0.2.7"),
        ("/run/console.sock", ""),
        ("", ""),
        (("", 0), ""),
    ],
)
def test_source(address, source):
    assert source_of(address) == source


@pytest.mark.parametrize(
    ("environment", "limit"),
    [
        ({}, PER_SOURCE_WITHOUT_PROXY),
        ({"TRUSTED_PROXY_COUNT": "0"}, PER_SOURCE_WITHOUT_PROXY),
        ({"TRUSTED_PROXY_COUNT": "1"}, 0),
        ({"TRUSTED_PROXY_COUNT": "1", "CONNECTIONS_PER_SOURCE": "500"}, 500),
        ({"CONNECTIONS_PER_SOURCE": "0"}, 0),
    ],
)
def test_limit_per_source(monkeypatch, environment, limit):
    for name in ("TRUSTED_PROXY_COUNT", "CONNECTIONS_PER_SOURCE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert connections_per_source() == limit
