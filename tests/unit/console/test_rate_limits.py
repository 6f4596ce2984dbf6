"""What an address is counted as."""

import pytest

from console.rate_limits import networks_of


@pytest.mark.parametrize(
    ("address", "networks"),
    [
        ("", [("", 1)]),
        ("192.0.2.7", [("192.0.2.7", 1)]),
        ("::ffff:192.0.2.7", [("192.0.2.7", 1)]),
        ("2001:db8:1:2:3::4", [("2001:db8:1:2::/64", 1), ("2001:db8:1::/48", 4)]),
    ],
)
def test_networks(address, networks):
    assert networks_of(address) == networks
