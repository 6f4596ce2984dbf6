"""What the tests of sessions share."""

import pytest
import redis

from tests import servers
from tests.signin.ended_sessions import expire_token, key_hash
from tests.signin.hostile_provider import Attempt, RefreshingProvider


@pytest.fixture
def provider_again(provider):
    """The provider, which refuses to refresh no longer than a test wants it to."""
    yield provider
    provider.control(refuse_refresh=False)


@pytest.fixture(scope="module")
def rotating():
    provider = RefreshingProvider()
    yield provider
    provider.server.shutdown()
    provider.server.server_close()


@pytest.fixture(scope="module")
def rotating_console(start_console, rotating):
    return start_console("sqlite", OIDC_ISSUER=rotating.issuer, OIDC_TIMEOUT="6")


@pytest.fixture
def ada(rotating_console, rotating, directory):
    forget_metadata()
    rotating.behave()
    attempt = Attempt(rotating_console, rotating)
    assert attempt.run().status_code == 302
    attempt.browser.key = key_hash(
        rotating_console, attempt.browser
    )  # the browser gets another one when the session has ended
    expire_token(rotating_console, attempt.browser)
    return attempt.browser


def forget_metadata():
    with redis.from_url(servers.REDIS) as cache:
        cache.flushdb()
