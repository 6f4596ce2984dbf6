"""What an https:// issuer may name in its discovery document: nothing that leads to http:// on this machine."""

import pytest
import redis

from tests import servers
from tests.faults.wires import certificates
from tests.signin.hostile_provider import DISCOVERY, Attempt, HostileProvider

ENDPOINTS = (
    "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "end_session_endpoint",
    "revocation_endpoint",
)  # fmt: skip


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return certificates(tmp_path_factory.mktemp("tls"), "localhost")


@pytest.fixture(scope="module")
def providers(authority):
    """A provider behind TLS, and one without it on the same machine."""
    _, tls, _ = authority
    providers = HostileProvider(tls), HostileProvider()
    yield providers
    for provider in providers:
        provider.server.shutdown()
        provider.server.server_close()


@pytest.fixture(scope="module")
def console_behind_tls(start_console, providers, authority):
    secure, _ = providers
    return start_console("sqlite", OIDC_ISSUER=secure.issuer, CA_BUNDLE=str(authority[0]), OIDC_TIMEOUT="2")


@pytest.fixture
def attempt(console_behind_tls, providers):
    with redis.from_url(servers.REDIS) as cache:
        cache.flushdb()
    for provider in providers:
        provider.behave()
    return Attempt(console_behind_tls, providers[0])


def test_a_provider_behind_tls(attempt):
    assert attempt.run().status_code == 302
    assert attempt.is_signed_in()


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_an_https_issuer_cannot_lead_to_http_on_this_machine(attempt, providers, endpoint):
    secure, plain = providers
    secure.answers[DISCOVERY] = secure.discovery(**{endpoint: f"{plain.issuer}/{endpoint}"})
    page = attempt.run()
    assert page.status_code == 502
    assert 'data-code="invalid_discovery"' in page.text
    assert plain.calls == [], "neither the client secret nor a code went there"
    assert not attempt.is_signed_in()
