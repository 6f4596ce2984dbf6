"""The addresses in a discovery document: which are accepted for an issuer, and which are refused."""

import pytest

from console.signin.oidc.addresses import is_acceptable_address

PUBLIC = "https://login.example.org"
LOOPBACK = "http://127.0.0.1:8000"

ACCEPTED = [
    (PUBLIC, "https://login.example.org/token"),
    (PUBLIC, "https://LOGIN.example.org:8443/token?tenant=a&x=%20"),
    (PUBLIC, "https://accounts.example.com"),
    (PUBLIC, "https://203.0.114.9/token"),
    (PUBLIC, "https://[2606:4700::1111]:443/token"),
    (PUBLIC, "https://login.example.org:65535/"),
    (LOOPBACK, "http://127.0.0.1:8000/token"),
    (LOOPBACK, "http://localhost:8001/token"),
    (LOOPBACK, "http://[::1]/token"),
    (LOOPBACK, "https://login.example.org/token"),
    ("https://10.0.0.5", "https://10.0.0.6/token"),
    ("https://localhost", "https://127.0.0.1/token"),
]
REFUSED = [
    (PUBLIC, "http://login.example.org/token"),
    (PUBLIC, "http://127.0.0.1/token"),
    (PUBLIC, "http://localhost/token"),
    (LOOPBACK, "http://login.example.org/token"),
    (LOOPBACK, "http://127.0.0.1.evil.example/token"),
    *[
        (PUBLIC, address)
        for address in (
            "https://user@login.example.org/",
            "https://@login.example.org/",
            "https://user:password@login.example.org/",
            "https://:@login.example.org/",
            "https://login.example.org:65536/",
            "https://login.example.org:+443/",
            "https://login.example.org:https/",
            "https://login.example.org:/",
            "https://login.example.org:0/",
            "https://login.example.org:-1/",
            "https://login.example.org:４４３/",
            "https://login.example.org\n/token",
            "https://login.example.org/token\n",
            "\nhttps://login.example.org/token",
            " https://login.example.org/token",
            "https://login.example.org/to\tken",
            "https://login.example.org/to\x00ken",
            "https://login.example.org/a b",
            "HTTPS://login.example.org/token",
            "Https://login.example.org/token",
            "https:login.example.org/token",
            "https:/login.example.org/token",
            "https:///login.example.org/token",
            "https://",
            "https://?x",
            "https://login.example.org/token#x",
            "https://login.example.org/token#",
            "https://login.example.org\\@evil.example/",
            "https://login.example.org/\\evil",
            "https://lögin.example.org/",
            "https://login.example.org/ä",
            "https://login_example/",
            "https://.example.org/",
            "https://login..example.org/",
            "https://-login.example.org/",
            "javascript:alert(1)",
            "//login.example.org/token",
            "/token",
            "",
            "https://[::1/token",
            "https://::1/token",
            "https://[fe80::1%25eth0]/token",
            "https://[login.example.org]/",
        )
    ],
]
PRIVATE = [
    "https://127.0.0.1/",
    "https://127.8.8.8/",
    "https://localhost/",
    "https://localhost./",
    "https://sandbox.localhost/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://169.254.169.254/latest/",
    "https://100.64.0.1/",
    "https://0.0.0.0/",
    "https://255.255.255.255/",
    "https://224.0.0.1/",
    "https://[::1]/",
    "https://[::]/",
    "https://[fe80::1]/",
    "https://[fc00::1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[::ffff:8.8.8.8]/",
    "https://[64:ff9b::a00:1]/",
    "https://[64:ff9b:1::a00:1]/",
    "https://[::a00:1]/",
    "https://[::ffff:0:a00:1]/",
    "https://[fec0::1]/",
    "https://[2002:a00:1::]/",
    "https://[ff02::1]/",
]
# Spellings that resolvers take for an IPv4 address, and nobody needs.
DISGUISED = [
    "https://2130706433/",
    "https://0x7f.0.0.1/",
    "https://127.1/",
    "https://0177.0.0.1/",
    "https://127.0.0.1./",
]


@pytest.mark.parametrize(("issuer", "address"), ACCEPTED)
def test_accepted(issuer: str, address: str) -> None:
    assert is_acceptable_address(address, issuer=issuer, allow_private=False)


@pytest.mark.parametrize(("issuer", "address"), REFUSED)
def test_refused(issuer: str, address: str) -> None:
    assert not is_acceptable_address(address, issuer=issuer, allow_private=False)
    assert not is_acceptable_address(address, issuer=issuer, allow_private=True)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_needs_the_operators_permission(address: str) -> None:
    assert not is_acceptable_address(address, issuer=PUBLIC, allow_private=False)
    assert is_acceptable_address(address, issuer=PUBLIC, allow_private=True)


@pytest.mark.parametrize("address", DISGUISED)
def test_a_disguised_ipv4_address_is_refused(address: str) -> None:
    assert not is_acceptable_address(address, issuer=PUBLIC, allow_private=True)


@pytest.mark.parametrize("value", [None, 7, True, ["https://login.example.org/"], {}])
def test_what_is_no_string_is_refused(value: object) -> None:
    assert not is_acceptable_address(value, issuer=PUBLIC, allow_private=True)
